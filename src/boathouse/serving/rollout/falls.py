"""Endpoints that live from a rung below: told once when it begins, and once when the routed version stands again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.metastore.upserting import insert_into
from boathouse.serving.rollout.schema import endpoint_falls
from boathouse.serving.telemetry.nouns import WorkerCounts

if TYPE_CHECKING:
    from sqlalchemy import Connection

STANDS_AFTER_SECONDS = 30.0
"""How long no answer may fall before the routed version counts as standing again."""
REASON_SECONDS = 5.0
"""How long the reason of a fall is waited for."""
_SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Reason:
    """Which rung answered last, and what had failed above it."""

    rung: str
    why: str
    at: int = 0
    """Milliseconds since 1970-01-01 UTC."""


class Answering(Protocol):
    """What the workers say."""

    def counts(self) -> Sequence[WorkerCounts]: ...

    def names(self) -> Mapping[str, str]:
        """The endpoints that are served: names by id."""
        ...

    def reason(self, endpoint_id: str) -> Reason | None:
        """Of the last answer that fell."""
        ...


@dataclass(slots=True)
class _Seen:
    """Of one endpoint, at the last look."""

    fallen: int = 0
    last_fall: int = 0
    """When more had fallen than at the look before."""
    stood_since: int = 0
    """Answers of the routed version since then."""
    untold: int = 0
    """Answers that fell and were not told of: the reason is not there yet."""
    untold_since: int = 0


class Falls:
    """Compares the counters of one look with those of the look before."""

    def __init__(self, database: Database, answering: Answering, clock: Clock) -> None:
        self._database = database
        self._answering = answering
        self._clock = clock
        self._before: dict[tuple[int, int, str], tuple[int, int]] | None = None
        self._seen: dict[str, _Seen] = {}

    def look(self) -> None:
        """Tell of endpoints that have begun to fall, or stand again."""
        names, now = self._answering.names(), epoch_ms(self._clock.now())
        added = self._added()
        for endpoint_id, (fallen, stood) in added.items():
            seen = self._seen.setdefault(endpoint_id, _Seen())
            if fallen:
                seen.last_fall, seen.stood_since = now, 0
            elif stood:
                seen.stood_since += stood
        with self._database.read() as connection:
            down = set(
                connection.execute(
                    select(endpoint_falls.c.endpoint_id).where(endpoint_falls.c.is_fallen.is_(True))
                ).scalars()
            )
        for endpoint_id, name in names.items():
            fallen, _ = added.get(endpoint_id, (0, 0))
            seen = self._seen.get(endpoint_id)
            if endpoint_id not in down and seen is not None and (fallen or seen.untold):
                self._tell(endpoint_id, name, seen, fallen, now)
            elif endpoint_id in down and self._stands(endpoint_id, now):
                self._recovered(endpoint_id, name, now)

    def _stands(self, endpoint_id: str, now: int) -> bool:
        """Whether the routed version has answered again, and nothing has fallen for a while."""
        seen = self._seen.setdefault(endpoint_id, _Seen(last_fall=now))
        return seen.stood_since > 0 and now - seen.last_fall >= STANDS_AFTER_SECONDS * 1000

    def _added(self) -> dict[str, tuple[int, int]]:
        """By endpoint: answers that fell and answers that did not, since the last look."""
        current: dict[tuple[int, int, str], tuple[int, int]] = {}
        for worker in self._answering.counts():
            for series, counts in worker.series.items():
                if series.role == _SHADOW:
                    continue
                key = (worker.pid, worker.started_at, series.endpoint_id)
                good = sum(count for status, count in counts.by_status.items() if status < 400) - counts.fallen
                fallen, stood = current.get(key, (0, 0))
                current[key] = (fallen + counts.fallen, stood + good)
        before, self._before = self._before, current
        added: dict[str, tuple[int, int]] = {}
        for key, (fallen, stood) in current.items():
            was = (before or {}).get(key, (0, 0) if before is not None else (fallen, stood))
            there = added.get(key[2], (0, 0))
            added[key[2]] = (there[0] + max(0, fallen - was[0]), there[1] + max(0, stood - was[1]))
        return added

    def _tell(self, endpoint_id: str, name: str, seen: _Seen, fallen: int, now: int) -> None:
        """Tell of a fall with its reason. Workers write that down a moment after they have counted the answer."""
        if not seen.untold:
            seen.untold_since = now
        seen.untold += fallen
        reason = self._answering.reason(endpoint_id)
        is_fresh = reason is not None and reason.at >= seen.untold_since - REASON_SECONDS * 1000
        if is_fresh or now - seen.untold_since >= REASON_SECONDS * 1000:
            self._fell(endpoint_id, name, seen.untold, now, reason if is_fresh else None)
            seen.untold = 0

    def _fell(self, endpoint_id: str, name: str, fallen: int, now: int, reason: Reason | None) -> None:
        data = {
            "endpoint_id": endpoint_id, "answers": fallen, "rung": reason.rung if reason else None,
            "why": reason.why if reason else None,
        }  # fmt: skip
        self._write(endpoint_id, name, now, reason, EventType.ENDPOINT_FELL, data)

    def _recovered(self, endpoint_id: str, name: str, now: int) -> None:
        self._write(endpoint_id, name, now, None, EventType.ENDPOINT_RECOVERED, {"endpoint_id": endpoint_id})

    def _write(
        self,
        endpoint_id: str,
        name: str,
        now: int,
        reason: Reason | None,
        told: EventType,
        data: Mapping[str, object],
    ) -> None:
        is_fallen = told is EventType.ENDPOINT_FELL
        values = {
            "endpoint": name, "is_fallen": is_fallen, "since": now, "rung": reason.rung if reason else None,
            "why": reason.why if reason else None,
        }  # fmt: skip
        with self._database.write() as connection:
            if _is_fallen(connection, endpoint_id) == is_fallen:
                return  # another control plane was faster
            statement = insert_into(connection, endpoint_falls).values(endpoint_id=endpoint_id, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["endpoint_id"], set_=values))
            events.write(connection, [NewEvent(told, name, SYSTEM.name, data)], now)


def _is_fallen(connection: "Connection", endpoint_id: str) -> bool:
    query = select(endpoint_falls.c.is_fallen).where(endpoint_falls.c.endpoint_id == endpoint_id)
    return bool(connection.execute(query).scalar())
