"""The nouns: a webhook, and what it needs to know of the platform's events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.principals import Principal


class Happened(Protocol):
    """An event, as the catalog keeps it."""

    @property
    def sequence(self) -> int: ...
    @property
    def event_id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def happened_at(self) -> int: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


class Log(Protocol):
    """Where events are read."""

    def settled_after(self, sequence: int, limit: int = ...) -> Sequence[Happened]: ...
    def latest(self, *, earlier_than: int | None = None) -> int: ...
    def find(self, event_id: str) -> Happened | None: ...
    def may_see(self, principal: Principal, event: Any) -> bool: ...


class People(Protocol):
    """Who somebody is now, with the groups of today."""

    def principal(self, name: str) -> Principal: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """A destination that is told of the events that fit a filter, as far as its owner may see them."""

    webhook_id: str
    name: str
    destination: str
    """The id of a notification destination."""
    wanted: EventFilter
    owner: str
    """Whose sight it has: who made it."""
    since: int
    """The number of the last event that is not its business."""
    created_at: int
    is_paused: bool = False
