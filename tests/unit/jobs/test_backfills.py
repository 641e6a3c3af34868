"""The instants of a backfill, and that its runs give way to others."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs.again.backfills import MAXIMUM_RUNS, NonsenseRange, instants
from boathouse.jobs.again.rerunning import BackfillRequest
from boathouse.jobs.records import Start
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.schema import job_runs
from boathouse.jobs.states import LifeCycleState


@pytest.mark.parametrize(
    ("first", "last", "every", "expected"),
    [
        ("2013-01-30T00:00:00Z", "2013-02-01T00:00:00Z", "1d", ["2013-01-30", "2013-01-31", "2013-02-01"]),
        ("2013-01-31T00:00:00Z", "2013-03-31T00:00:00Z", "1M", ["2013-01-31", "2013-02-28", "2013-03-31"]),
        ("2012-02-29T00:00:00Z", "2014-03-01T00:00:00Z", "1y", ["2012-02-29", "2013-02-28", "2014-02-28"]),
        ("2013-01-01T00:00:00Z", "2013-01-01T00:00:00Z", "15m", ["2013-01-01"]),
        ("9999-12-01T00:00:00Z", "9999-12-31T00:00:00Z", "1M", ["9999-12-01"]),
    ],
)  # fmt: skip
def test_both_ends_count_and_short_months_shift_nothing(first: str, last: str, every: str, expected: list[str]) -> None:
    assert [each[:10] for each in instants(first, last, every)] == expected


@pytest.mark.parametrize(
    ("first", "last", "every", "message"),
    [
        ("2013-02-01T00:00:00Z", "2013-01-01T00:00:00Z", "1d", "ends .* before it begins"),
        ("2013-01-01T00:00:00Z", "2013-02-01T00:00:00Z", "daily", "'daily' is no step"),
        ("2013-01-01T00:00:00Z", "2013-02-01T00:00:00Z", "0d", "'0d' is no step"),
        ("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "1m", f"more than {MAXIMUM_RUNS} instants"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(first: str, last: str, every: str, message: str) -> None:
    with pytest.raises(NonsenseRange, match=message):
        instants(first, last, every)


@given(
    st.datetimes(max_value=datetime(9990, 1, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=40)),
    st.sampled_from(["7h", "3d", "1w", "1M", "1y"]),
)
def test_instants_rise_and_stay_within_the_range(start: datetime, span: timedelta, every: str) -> None:
    end = start + span
    first, last = start.isoformat() + "+00:00", end.isoformat() + "+00:00"

    found = [datetime.fromisoformat(each).replace(tzinfo=None) for each in instants(first, last, every)]

    assert found == sorted(set(found))
    assert found[0] == start and found[-1] <= end


def test_a_backfill_keeps_a_run_for_each_instant_and_gives_way_to_others(house) -> None:
    job_id = house.create(house.ada, max_concurrent_runs=2)
    request = BackfillRequest("2013-01-01T00:00:00Z", "2013-01-05T00:00:00Z", "1d", concurrency=1)

    backfill_id = house.jobs.backfills.begin(house.ada, job_id, request)

    runs = RunRepository(house.database)
    urgent = house.jobs.run_now(house.ada, job_id)  # does not queue, and is not skipped either
    assert house.jobs.get_run(house.ada, urgent).state.life_cycle is LifeCycleState.QUEUED
    assert list(runs.claim("one", 10)) == [urgent]
    assert house.jobs.backfills.get(house.ada, backfill_id).states == {"QUEUED": 5}


@pytest.mark.parametrize(("concurrency", "most"), [(3, 2), (None, 0)])
def test_more_at_a_time_than_the_job_may_run_is_refused_and_nothing_is_kept(house, concurrency, most) -> None:
    job_id = house.create(house.ada, max_concurrent_runs=most)
    request = BackfillRequest("2013-01-01T00:00:00Z", "2013-01-05T00:00:00Z", "1d", concurrency=concurrency)

    with pytest.raises(InvalidInput, match="max_concurrent_runs"):
        house.jobs.backfills.begin(house.ada, job_id, request)

    with house.database.read() as connection:
        assert connection.execute(select(job_runs)).all() == []


def test_jobs_take_turns_so_that_nobody_waits_behind_somebody_elses_queue(house) -> None:
    busy, other = (house.create(house.ada, max_concurrent_runs=10) for _ in range(2))
    crowd = [house.jobs.run_now(house.ada, busy, start=Start(is_queued=True)) for _ in range(5)]
    late = house.jobs.run_now(house.ada, other)

    assert list(RunRepository(house.database).claim("one", 3)) == [crowd[0], late, crowd[1]]


def test_the_end_of_the_range_that_is_no_instant_is_named(house) -> None:
    job_id = house.create(house.ada)
    with pytest.raises(InvalidInput, match="The end is 'soon', which is no instant"):
        house.jobs.backfills.begin(house.ada, job_id, BackfillRequest("2013-01-01T00:00:00Z", "soon", "1d"))
