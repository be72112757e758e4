"""What the worker does for files: delete those that have expired, each night."""

from shuke_core.files.services import delete_expired_files
from shuke_core.worker.schedules import Schedule, register_schedule

# What made a file has let go of it before: this one is for files of which nobody takes care.
register_schedule(Schedule("files.sweep", 4, 10, delete_expired_files))
