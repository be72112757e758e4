"""What can go wrong with the embedded servers: a stable code, and a sentence on what to do."""

from enum import StrEnum


class EmbeddedFault(StrEnum):
    """The codes of `EmbeddedError`; they never change their meaning."""

    EXTRA_MISSING = "embedded.extra_missing"
    FOLDER_REFUSED = "embedded.folder_refused"
    FOLDER_NOT_OURS = "embedded.folder_not_ours"
    DISK_FULL = "embedded.disk_full"
    OTHER_MAJOR_VERSION = "embedded.other_major_version"
    NO_SYSTEM_USER = "embedded.no_system_user"
    FOREIGN_SERVER = "embedded.foreign_server"
    OUT_OF_SIGHT = "embedded.out_of_sight"
    LOCK_BUSY = "embedded.lock_busy"
    INITDB_FAILED = "embedded.initdb_failed"
    START_FAILED = "embedded.start_failed"
    STOP_FAILED = "embedded.stop_failed"
    BACKUP_FAILED = "embedded.backup_failed"
    NO_BACKUP = "embedded.no_backup"
    RESTORE_FAILED = "embedded.restore_failed"


class EmbeddedError(Exception):
    """The embedded servers cannot be had; the text says why and what to do.

    `facts` holds the objects that the sentence speaks of (folders, pids, versions, bytes).
    """

    def __init__(self, fault: EmbeddedFault, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable code, such as `embedded.disk_full`."""
        return self.fault.value
