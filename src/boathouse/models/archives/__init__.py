"""Archives: a model version in one signed file, that another home can take in without trusting the way it came."""

from boathouse.models.archives.container import Archive
from boathouse.models.archives.nouns import (
    ArchiveDamaged,
    ArchiveTooLarge,
    CodeRun,
    Entry,
    Limits,
    Manifest,
    NewerFormat,
    RunsCode,
    Signature,
    Signer,
    UnknownSigner,
)

__all__ = [
    "Archive",
    "ArchiveDamaged",
    "ArchiveTooLarge",
    "CodeRun",
    "Entry",
    "Limits",
    "Manifest",
    "NewerFormat",
    "RunsCode",
    "Signature",
    "Signer",
    "UnknownSigner",
]
