"""What the worker does for suppression: forget what has run out, each night."""

from shuke_core.suppression.services import forget_suppressed
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("suppression.forget", 4, 20, forget_suppressed))
