"""What the worker does for integrations: forget what old messages said."""

from shuke_core.integrations.inbox import forget_payloads
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("integrations.forget_payloads", hour=3, minute=30, run=forget_payloads))
