"""Care of a home: backup, restore, and taking in what other tools have made."""

from boathouse.care.backup import BackupOptions, back_up
from boathouse.care.manifest import BackupDamaged, Manifest
from boathouse.care.restore import Restored, RestoreOptions, restore
from boathouse.care.verifying import Verified, verify

__all__ = [
    "BackupDamaged",
    "BackupOptions",
    "Manifest",
    "RestoreOptions",
    "Restored",
    "Verified",
    "back_up",
    "restore",
    "verify",
]
