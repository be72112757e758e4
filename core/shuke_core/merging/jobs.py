"""What the worker does for merging: finds, each night, who has become somebody's double."""

from shuke_core.members.doubles import note_all_alike
from shuke_core.worker.schedules import Schedule, register_schedule

register_schedule(Schedule("merging.find_doubles", 3, 20, note_all_alike))
