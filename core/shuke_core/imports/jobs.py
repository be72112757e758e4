"""What the worker does for imports: forget what refused rows said and what files have
named, each night."""

from shuke_core.imports.memory import forget_memory
from shuke_core.imports.reading import forget_refused_rows
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("imports.forget_memory", 4, 30, forget_memory))
register_schedule(Schedule("imports.forget_refused_rows", 4, 20, forget_refused_rows))
