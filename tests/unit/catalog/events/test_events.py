"""Events are written with the fact, read in order, and forgotten when they are old."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog.events import EventType, NewEvent, repository
from boathouse.catalog.old_records import OldRecords, RecordSettings
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.metastore import Database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path):
    found = Database(migrated_sqlite(tmp_path / "boathouse.db"))
    yield found
    found.dispose()


def tell(database: Database, *subjects: str, at: datetime = NOON) -> None:
    with database.write() as connection:
        events = [NewEvent(EventType.ALIAS_MOVED, subject, "ada", {"alias": "champion"}) for subject in subjects]
        repository.write(connection, events, epoch_ms(at))


def test_events_are_read_in_the_order_in_which_they_happened(database: Database) -> None:
    tell(database, "c.s.a", "c.s.b", "c.s.d")

    first, *later = repository.after(database, 0)
    assert [event.subject for event in later] == ["c.s.b", "c.s.d"]
    assert repository.after(database, first.sequence) == later
    assert repository.before(database, None, 2) == later[::-1]
    assert repository.find(database, first.event_id) == first
    assert (first.type, first.data, first.job_id) == ("model_version_alias.moved", {"alias": "champion"}, None)


def test_an_event_of_a_transaction_that_is_rolled_back_did_not_happen(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        repository.write(connection, [NewEvent(EventType.DEPLOYED, "b/dev", "ada")], 1)
        raise RuntimeError

    assert repository.after(database, 0) == []


def test_what_a_task_does_says_whose_run_it_was(database: Database) -> None:
    with in_request(RequestContext(task=TaskContext(7, "train", 8, "a", 9))):
        tell(database, "c.s.a")

    (event,) = repository.after(database, 0)
    assert (event.job_id, event.run_id) == (7, 8)


def test_old_events_are_forgotten_but_never_the_newest(database: Database) -> None:
    tell(database, "old", "older", at=NOON - timedelta(days=100))
    records = OldRecords(database, RecordSettings(event_days=30))

    assert records.forget_platform_events(NOON) == 1
    assert [event.subject for event in repository.after(database, 0)] == ["older"]
    assert repository.latest(database) == 2
