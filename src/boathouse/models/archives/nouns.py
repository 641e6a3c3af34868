"""The nouns of archives: what one holds, who has signed it, and what can be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boathouse.foundation.errors import Conflict, Denied, InvalidInput

FORMAT = "boathouse-model-archive"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
MODEL_FOLDER = "model/"
LOCK_FILE = "environment/requirements.lock"
FACTS_FOLDER = "facts/"
CARD_MARKDOWN = "card.md"
CARD_HTML = "card.html"


class ArchiveDamaged(InvalidInput):
    """The file is no archive, or not the one that was signed."""


class NewerFormat(InvalidInput):
    """A later release has written it."""


class ArchiveTooLarge(InvalidInput):
    """It holds more than this server takes."""


class UnknownSigner(Denied):
    """It is whole, and nobody has said that its signer is to be trusted."""


class RunsCode(Denied):
    """Loading the model would run code that the archive brings along."""


class ChangedMeanwhile(Conflict):
    """A file changed while it was packed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an archive may be, so that none fills the disk or the memory."""

    total_bytes: int = 20_000_000_000
    """20 GB of contents."""
    files: int = 100_000
    manifest_bytes: int = 32_000_000
    facts_bytes: int = 256_000_000
    """Of one file of facts, which is read into memory."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in an archive."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CodeRun:
    """Something that runs code of the archive's maker when the model is loaded."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. Its bytes are what is signed."""

    model: str
    version: int
    entries: tuple[Entry, ...]
    """Sorted by path."""
    runs_code: tuple[CodeRun, ...] = ()
    """As the maker says; whoever imports looks for himself."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """A few words for whoever looks inside: flavours, aliases, requirements' revision."""
    format_version: int = FORMAT_VERSION

    @property
    def total_bytes(self) -> int:
        return sum(entry.size for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who has signed a manifest, and with what."""

    public_key: bytes
    """The 32 bytes of an Ed25519 key."""
    signature: bytes
    """64 bytes."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A key whose archives are taken."""

    fingerprint: str
    """``SHA256:...``, as people compare it."""
    public_key: bytes
    name: str
    added_by: str
    added_at: int
    is_own: bool = False
