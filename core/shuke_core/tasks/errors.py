"""What can go wrong with tasks."""

from shuke_core.kit.errors import ShukeError


class TaskUnknown(ShukeError):
    code = "TASK_UNKNOWN"
    sentence = "There is no such task for you."


class TaskEnded(ShukeError):
    code = "TASK_ENDED"
    sentence = "The task is {state} already."


class TaskTaken(ShukeError):
    code = "TASK_TAKEN"
    sentence = "Somebody else has claimed the task."


class TaskChanged(ShukeError):
    code = "TASK_CHANGED"
    sentence = "Somebody has changed the task meanwhile; read it again."


class TaskDueInvalid(ShukeError):
    code = "TASK_DUE_INVALID"
    sentence = "A task is due in the future, within {days} days."


class TaskTextInvalid(ShukeError):
    code = "TASK_TEXT_INVALID"
    sentence = "The text is empty, illegible, or longer than {longest} characters."


class PeriodInvalid(ShukeError):
    code = "PERIOD_INVALID"
    sentence = "A period ends after it begins, and within {days} days."
