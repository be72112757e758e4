"""What the worker does for reveals: forget old ones, each night."""

from shuke_core.reveals.services import forget_reveals
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("reveals.forget", 4, 20, forget_reveals))
