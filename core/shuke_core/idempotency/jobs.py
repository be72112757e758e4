"""What the worker does for idempotency: forget keys past their week."""

from shuke_core.idempotency.services import forget_keys
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("idempotency.forget_keys", hour=3, minute=40, run=forget_keys))
