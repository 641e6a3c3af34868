"""How endpoints answer: minute by minute as it was written down, and as workers have counted up to this moment."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.system.counting import Added, Seen, added_since
from boathouse.monitoring.system.schema import endpoint_samples
from boathouse.serving.endpoints.access import Access
from boathouse.serving.rollout.judging import quantile_ms
from boathouse.serving.telemetry.nouns import Series, WorkerCounts

SHADOW = "shadow"
"""Answers to nobody: no part of what callers got."""
LATELY_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What callers got of an endpoint in a stretch of time."""

    since: int
    until: int
    """Milliseconds since 1970-01-01 UTC."""
    requests: int = 0
    errors: int = 0
    """Server errors."""
    fallen: int = 0
    """Answers of a rung below the routed version."""
    latency: tuple[int, ...] = ()
    """By bucket of ``LATENCY_BOUNDS_MS``."""

    @property
    def per_second(self) -> float:
        return self.requests / max((self.until - self.since) / 1000, 0.001)

    @property
    def error_rate(self) -> float | None:
        """None of nothing."""
        return self.errors / self.requests if self.requests else None

    def latency_ms(self, share: float) -> float | None:
        """A quantile of the latency; None of nothing."""
        return quantile_ms(self.latency, share)


@dataclass(frozen=True, slots=True)
class Look:
    """What was counted up to an instant; the next look takes the difference."""

    at: int
    seen: Seen = field(default_factory=dict[str, Mapping[str, list[float]]])


class EndpointFigures:
    """Of the endpoints that a principal may see."""

    def __init__(
        self, database: Database, catalog: Catalog, counts: Callable[[], Sequence[WorkerCounts]], clock: Clock
    ) -> None:
        self._database = database
        self._access = Access(catalog)
        self._counts = counts
        self._clock = clock

    def minutes(self, principal: Principal, endpoint: str, last_ms: int) -> list[Figures]:
        """The minutes of an endpoint that answered anything, in time.

        Raises:
            EndpointNotFound: There is none of that name, as far as the principal may know.
        """
        self._access.require(principal, Privilege.BROWSE, endpoint)
        found: dict[tuple[int, int], list[Any]] = {}
        for row in self._rows(last_ms, endpoint_samples.c.endpoint_name == endpoint):
            found.setdefault((row.since, row.sampled_at), []).append(row)
        return [_of_rows(since, until, rows) for (since, until), rows in found.items()]

    def lately(self, principal: Principal, last_ms: int = LATELY_MS) -> dict[str, Figures]:
        """By endpoint: what those that the principal may see have answered in the last minutes together."""
        found: dict[str, list[Any]] = {}
        for row in self._rows(last_ms, endpoint_samples.c.endpoint_name.is_not(None)):
            found.setdefault(row.endpoint_name, []).append(row)
        visible = self._access.visible(principal, list(found))
        now = epoch_ms(self._clock.now())
        return {name: _of_rows(now - last_ms, now, rows) for name, rows in found.items() if name in visible}

    def since(self, principal: Principal, endpoint_id: str, endpoint: str, before: Look | None) -> tuple[Figures, Look]:
        """What an endpoint has answered since a look, up to this moment; and this look.

        Args:
            before: None at the first: what was counted before anybody looked belongs to no stretch.
        """
        self._access.require(principal, Privilege.BROWSE, endpoint)
        now = epoch_ms(self._clock.now())
        added, seen = added_since(
            [_only(each, endpoint_id) for each in self._counts()], before.seen if before else None
        )
        since = before.at if before else now
        return _summed(since, now, [each for series, each in added.items() if series.role != SHADOW]), Look(now, seen)

    def _rows(self, last_ms: int, *conditions: ColumnElement[bool]) -> Iterable[Any]:
        since = epoch_ms(self._clock.now()) - last_ms
        wanted = (endpoint_samples.c.sampled_at > since, endpoint_samples.c.role != SHADOW, *conditions)
        query = select(endpoint_samples).where(*wanted).order_by(endpoint_samples.c.sampled_at)
        with self._database.read() as connection:
            return connection.execute(query).all()


def _only(worker: WorkerCounts, endpoint_id: str) -> WorkerCounts:
    mine: dict[Series, Any] = {key: each for key, each in worker.series.items() if key.endpoint_id == endpoint_id}
    return WorkerCounts(worker.pid, worker.started_at, mine, 0, 0, worker.is_alive)


def _of_rows(since: int, until: int, rows: Iterable[Any]) -> Figures:
    added = [
        Added(row.requests, row.errors, row.refused, row.fallen, row.rows, row.latency_sum_ms,
              tuple(json.loads(row.latency)))
        for row in rows
    ]  # fmt: skip
    return _summed(since, until, added)


def _summed(since: int, until: int, added: Sequence[Added]) -> Figures:
    return Figures(
        since,
        until,
        sum(each.requests for each in added),
        sum(each.errors for each in added),
        sum(each.fallen for each in added),
        tuple(map(sum, zip(*(each.latency for each in added), strict=True))),
    )
