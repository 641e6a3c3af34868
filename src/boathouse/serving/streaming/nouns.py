"""A stream, how it goes on, and how far it is."""

import re
from dataclasses import dataclass
from enum import StrEnum

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.nouns import PREDICTION

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")


class OnChange(StrEnum):
    """What is done when rows of the source were changed or deleted."""

    ERROR = "error"
    IGNORE = "ignore"
    """Only new rows are scored."""
    UPSERT = "upsert"
    """Rows of the output follow those of the source by key."""


class Trigger(StrEnum):
    AVAILABLE_NOW = "available_now"
    """Takes what is there, and ends."""
    PROCESSING_TIME = "processing_time"
    """Goes on, and looks again after a while."""


class Begin(StrEnum):
    """Where a stream begins that has never run."""

    EARLIEST = "earliest"
    """With the rows that are there."""
    LATEST = "latest"
    """With the next commit."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Scores the rows of one table into another, each once."""

    name: str
    """Under this name the output knows how far the stream is."""
    model: str
    """An alias is followed: from the next round on the version that it means then."""
    source: str
    output: str
    on_change: OnChange = OnChange.ERROR
    key: tuple[str, ...] = ()
    """Of ``upsert``."""
    begin: Begin = Begin.EARLIEST
    keep: tuple[str, ...] | None = None
    prediction: str = PREDICTION
    most_commits: int = 100
    """Of the source, in one commit of the output."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(
                f"{self.name[:100]!r} is no name for a stream.", hint="Use letters, digits, dots, dashes, underscores."
            )
        if (self.on_change is OnChange.UPSERT) != bool(self.key):
            raise InvalidInput("The policy upsert and a key belong together.", hint="Give both, or none.")
        if self.most_commits < 1:
            raise InvalidInput("At least one commit is taken at once.")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has done."""

    upto: int | None
    """The version of the source up to which all rows are in the output; None before the first."""
    rows: int
    """Written."""
    model_version: int | None = None
    output_version: int | None = None
    """None when nothing was written."""
    is_more: bool = False
    """Whether the source has more already."""
