"""What of tasks can be watched live, by those whom they are for."""

from shuke_core.live.topics import Topic, declare_topic
from shuke_core.tasks.events import TaskMoved

TASKS = declare_topic(
    Topic("tasks", frozenset({TaskMoved.type}), key="route", row=("task", "task_id"))
)
