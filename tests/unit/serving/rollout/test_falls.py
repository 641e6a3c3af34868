"""A fall is told once, and so is its end."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.metastore import Database
from boathouse.serving.rollout.falls import Falls, Reason
from boathouse.serving.telemetry.nouns import Counts, Series, WorkerCounts


class Workers:
    """One worker that has answered as a test says."""

    def __init__(self) -> None:
        self.good, self.fallen, self.started_at = 0, 0, 0
        self.told_at: int | None = 2**62

    def counts(self) -> Sequence[WorkerCounts]:
        counts = Counts({200: self.good + self.fallen}, self.fallen, (), 0.0, 0, ())
        return [WorkerCounts(1, self.started_at, {Series("e", "v1", "primary"): counts}, 0, 0, is_alive=True)]

    def names(self) -> Mapping[str, str]:
        return {"e": "late"}

    def reason(self, endpoint_id: str) -> Reason | None:
        return None if self.told_at is None else Reason("constant", "late@3: hangs", self.told_at)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(migrated_sqlite(tmp_path / "test.db"))
    yield made
    made.dispose()


def told(database: Database) -> list[str]:
    return [each.type for each in events.after(database, 0)]


def test_a_fall_and_its_end_are_told_once_each(database: Database) -> None:
    workers, clock = Workers(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    falls = Falls(database, workers, clock)

    def later(good: int = 0, fallen: int = 0, seconds: float = 2) -> list[str]:
        workers.good += good
        workers.fallen += fallen
        clock.advance(timedelta(seconds=seconds))
        falls.look()
        return told(database)

    assert later(good=10) == []
    assert later(good=10, fallen=1) == ["endpoint.fell"]
    assert later(fallen=5) == ["endpoint.fell"]
    assert later(seconds=100) == ["endpoint.fell"], "nobody asks: nobody knows"
    assert later(good=1) == ["endpoint.fell", "endpoint.recovered"]
    assert later(fallen=1) == ["endpoint.fell", "endpoint.recovered", "endpoint.fell"]

    (fell, *_) = events.after(database, 0)
    assert (fell.subject, fell.data["rung"], fell.data["why"]) == ("late", "constant", "late@3: hangs")


def test_a_control_plane_that_starts_again_tells_nothing_twice(database: Database) -> None:
    workers, clock = Workers(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    first = Falls(database, workers, clock)
    first.look()
    workers.fallen = 3
    first.look()
    again = Falls(database, workers, clock)
    again.look()
    workers.fallen = 4
    again.look()
    assert told(database) == ["endpoint.fell"]
    workers.good = 5
    clock.advance(timedelta(seconds=31))
    again.look()
    assert told(database) == ["endpoint.fell", "endpoint.recovered"]


def test_a_reason_that_is_not_there_yet_is_waited_for_a_moment(database: Database) -> None:
    workers, clock = Workers(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    workers.told_at = None
    falls = Falls(database, workers, clock)
    falls.look()
    workers.fallen = 1
    falls.look()
    assert told(database) == []
    workers.told_at = epoch_ms(clock.now())
    falls.look()
    (fell,) = events.after(database, 0)
    assert (fell.data["answers"], fell.data["rung"]) == (1, "constant")


def test_a_reason_of_long_ago_is_none(database: Database) -> None:
    workers, clock = Workers(), ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    workers.told_at = 1
    falls = Falls(database, workers, clock)
    falls.look()
    workers.fallen = 1
    falls.look()
    clock.advance(timedelta(seconds=6))
    falls.look()
    (fell,) = events.after(database, 0)
    assert (fell.data["answers"], fell.data["why"]) == (1, None)
