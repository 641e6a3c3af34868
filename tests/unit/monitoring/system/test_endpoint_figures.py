"""How endpoints answer: by the minutes that were written down, and up to this moment."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.models.ground import new_ground

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.monitoring.system.endpoint_figures import EndpointFigures
from boathouse.monitoring.system.sampling import Sampler, Sources
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

HOUR_MS = 3_600_000


class Desk:
    """One endpoint, and workers that have counted what a test says."""

    def __init__(self, ground: Any) -> None:
        self.ground = ground
        self.workers: list[WorkerCounts] = []
        sources = Sources(ground.database, lambda: self.workers, lambda: {"e1": "late"}, [], ground.clock)
        self.sampler = Sampler(sources)
        self.figures = EndpointFigures(ground.database, ground.catalog, lambda: self.workers, ground.clock)
        ground.catalog.securables.register(SYSTEM, SecurableKind.ENDPOINT, "late")

    def counted(self, answers: int, errors: int = 0, *, shadow: int = 0) -> None:
        series = {
            Series("e1", "v1", "primary"): counts(answers, errors),
            Series("e1", "v2", "shadow"): counts(shadow),
            Series("e2", "v1", "primary"): counts(1_000),
        }
        self.workers = [WorkerCounts(1, 1, series, 0, 0, is_alive=True)]

    def minute(self) -> None:
        self.ground.clock.advance(timedelta(minutes=1))
        assert self.sampler.look()


def counts(good: int, bad: int = 0) -> Counts:
    latency = [0] * (len(LATENCY_BOUNDS_MS) + 1)
    latency[5] = good + bad
    return Counts({200: good, 500: bad}, bad, tuple(latency), 1.0, good, ())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with new_ground(tmp_path) as ground:
        yield Desk(ground)


def test_minutes_are_told_in_time_and_without_shadows(desk: Desk) -> None:
    desk.counted(0)
    desk.minute()
    desk.counted(60, shadow=500)
    desk.minute()
    desk.counted(150, errors=30)
    desk.minute()

    first, second = desk.figures.minutes(SYSTEM, "late", HOUR_MS)

    assert (first.requests, first.errors, first.per_second) == (60, 0, 1.0)
    assert (second.requests, second.errors, second.fallen, second.error_rate) == (120, 30, 30, 0.25)
    assert first.until == second.since
    assert 2.5 < (first.latency_ms(0.5) or 0) < 5
    lately = desk.figures.lately(SYSTEM)
    assert (list(lately), lately["late"].requests) == (["late"], 180)


def test_looks_tell_what_has_come_between_them(desk: Desk) -> None:
    desk.counted(100)
    nothing, look = desk.figures.since(SYSTEM, "e1", "late", None)
    desk.counted(110, errors=5, shadow=50)
    desk.ground.clock.advance(timedelta(seconds=5))
    fresh, _ = desk.figures.since(SYSTEM, "e1", "late", look)

    assert (nothing.requests, nothing.error_rate, nothing.latency_ms(0.5)) == (0, None, None)
    assert (fresh.requests, fresh.errors, fresh.per_second) == (15, 5, 3.0)


def test_who_may_not_see_the_endpoint_is_told_nothing(desk: Desk) -> None:
    identities = desk.ground.catalog.identities
    identities.create_user(SYSTEM, "bob")
    bob = identities.principal("bob")
    desk.counted(0)
    desk.minute()
    desk.counted(60)
    desk.minute()

    assert desk.figures.lately(bob) == {}
    with pytest.raises(NotFound):
        desk.figures.minutes(bob, "late", HOUR_MS)
    desk.ground.catalog.grants.grant(SYSTEM, "bob", [Privilege.EXECUTE], SecurableKind.ENDPOINT, "late")
    assert desk.figures.lately(bob)["late"].requests == 60
