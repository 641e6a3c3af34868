"""The nouns of online serving."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from boathouse.foundation.errors import InvalidInput

DEFAULT_STORE = "default"
"""The LMDB store of the home; it needs no registration."""


PUBLISH_MODES = ("TRIGGERED", "CONTINUOUS", "SNAPSHOT")


class StoreKind(StrEnum):
    LMDB = "lmdb"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class OnlineStoreInfo:
    """A registered online store."""

    name: str
    kind: StoreKind
    url: str
    """``file:///...`` of a folder for LMDB, ``redis://host:port/db`` without a password for Redis."""
    owner: str = ""
    created_at: int = 0
    """Milliseconds since 1970-01-01 UTC."""

    @property
    def state(self) -> str:
        """For programs that wait for a store to be started: there is nothing to wait for."""
        return "AVAILABLE"

    @property
    def capacity(self) -> None:
        """A store is as large as its machine."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A feature table in an online store, as it stands."""

    online_table: str
    """Three-level name."""
    store: str
    source_table: str
    published_version: int
    """The Delta version of the source that readers see."""
    published_at: int
    """Milliseconds since 1970-01-01 UTC."""
    keys: int
    """Keys that readers find."""
    written: int = 0
    """Keys written or removed by this publication."""
    mode: str = "SNAPSHOT"
    """What this publication really did: ``SNAPSHOT`` or ``TRIGGERED``."""
    time_to_live: timedelta | None = None
    features: tuple[str, ...] = ()
    created_by: str = ""
    because: str | None = None
    """Why everything was published where only changes were asked for."""
    skipped: int = 0
    """Rows without a whole key, which nobody could ask for. Of all rows, or of those that changed, by the mode."""


@dataclass(frozen=True, slots=True)
class NewPublication:
    """What shall be published where."""

    online_table: str
    store: str
    source_table: str
    mode: str
    """As asked for: ``SNAPSHOT``, ``TRIGGERED`` or ``CONTINUOUS``."""
    features: tuple[str, ...]
    time_to_live: timedelta | None = None

    def __post_init__(self) -> None:
        if self.mode not in PUBLISH_MODES:
            raise InvalidInput(f"There is no publish mode {self.mode!r}.", hint=f"Use {', '.join(PUBLISH_MODES)}.")
        if self.time_to_live is not None and self.time_to_live <= timedelta(0):
            raise InvalidInput(
                f"A time to live of {self.time_to_live} lets nothing live.", hint="Give one that is positive."
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one publication did."""

    version: int
    published_at: int
    keys: int
    mode: str
