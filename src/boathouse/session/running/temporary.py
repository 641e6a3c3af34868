"""A session's own views: known by one plain name, to this session alone, and gone with it."""

from dataclasses import dataclass

TEMPORARY = "__temporary"
"""The catalog, so to speak, of these views: what binding puts before their names."""


@dataclass(frozen=True, slots=True)
class TemporaryView:
    """A query under a short name; it reads with the rights of whoever asks."""

    name: str
    text: str
    """Names in full, but those of other temporary views."""
    columns: tuple[str, ...] = ()
    comment: str | None = None
