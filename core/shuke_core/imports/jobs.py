"""What the worker does for imports: forget what refused rows said, each night."""

from shuke_core.imports.reading import forget_refused_rows
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("imports.forget_refused_rows", 4, 20, forget_refused_rows))
