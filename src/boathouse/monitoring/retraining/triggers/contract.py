"""What a trigger is asked, what it may look at, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from boathouse.catalog.events import Event
from boathouse.foundation.principals import Principal
from boathouse.monitoring.retraining.nouns import Signal


@dataclass(frozen=True, slots=True)
class SeenTable:
    """A governed Delta table."""

    table_id: str
    location: str


@dataclass(frozen=True, slots=True)
class Champion:
    """The version in production."""

    version: int
    since: int | None
    """When it came there, by the wall clock; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class MetricQuestion:
    """Which figures of which windows of a monitor."""

    table: str
    """What is monitored."""
    is_drift: bool
    metric_table: str | None
    """None: the monitor's own."""
    metric: str
    column: str | None
    against: str | None
    granularity: str | None
    model_id: str | None
    until: int | None
    """Windows that end later are not there yet; None: all are."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one window."""

    column: str
    granularity: str | None
    window_start: int
    window_end: int
    value: float | None


class World(Protocol):
    """What triggers may look at, with the rights of whoever put the policy."""

    def table(self, principal: Principal, name: str) -> SeenTable:
        """
        Raises:
            NotFound, Denied: There is none, or the principal may not read it.
            Conflict: It is no Delta table.
        """
        ...

    def count(self, principal: Principal, name: str) -> int:
        """The rows of a table."""
        ...

    def figures(self, principal: Principal, question: MetricQuestion) -> Sequence[Figure]:
        """Newest window first."""
        ...

    def champion(self, model: str) -> Champion | None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One look at one trigger."""

    model: str
    name: str
    settings: Any
    principal: Principal
    world: World
    now: int
    """By the policy's clock."""
    until: int | None = None
    """The present of a replay: what is later has not happened. None: nothing is later than now."""
    is_replay: bool = False
    """Whether instants are those of the data."""
    events: Sequence[Event] = ()
    """What has happened since the last look and the principal may see, oldest first."""
    memory: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the trigger said to remember at its last look; empty at the first."""
    last_started: int = 0
    """The last decision that started a training; 0: none has."""
    is_pressed: bool = False
    """Somebody asks at this moment, so that looks which otherwise wait for an event are made."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look has shown."""

    memory: Mapping[str, Any]
    signals: tuple[Signal, ...] = ()


class TriggerLook(Protocol):
    """One kind of trigger."""

    def __call__(self, asked: Asked, /) -> Looked:
        """
        Raises:
            BoathouseError: What it looks at is not there; it is told, and the other triggers are looked at.
        """
        ...


def instant_of(data: Mapping[str, Any]) -> int | None:
    """The instant that an event is about: the end of its window, or its ``as_of``; None when it names neither."""
    window = data.get("window")
    if isinstance(window, Mapping):
        window = window.get("end")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    elif isinstance(window, list | tuple) and window:
        window = window[-1]  # pyright: ignore[reportUnknownVariableType]
    for each in (window, data.get("window_end"), data.get("as_of")):  # pyright: ignore[reportUnknownVariableType]
        if (found := _milliseconds(each)) is not None:
            return found
    return None


def _milliseconds(value: Any) -> int | None:
    from datetime import UTC, datetime

    from boathouse.foundation.clock import epoch_ms

    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return round(value)
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return epoch_ms(found if found.tzinfo else found.replace(tzinfo=UTC))
