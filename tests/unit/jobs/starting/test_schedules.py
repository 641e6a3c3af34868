"""Schedules: one run per fire, what was missed is said, and nothing starts what is paused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from boathouse.catalog.repository.records import EventFilter
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.shapes import DoesNotFit
from boathouse.jobs.states import ResultState

HOURLY = {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}


def at(hour: int, minute: int = 0, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_run_starts_when_the_schedule_fires(house) -> None:
    job_id = house.create(schedule=HOURLY)

    assert [house.after(minutes=59), house.after(minutes=1), house.after(minutes=1)] == [0, 1, 0]

    run = house.runs_of(job_id)[0]
    assert (run.trigger, run.creator) == ("PERIODIC", "ada")
    assert from_epoch_ms(run.trigger_info["time_ms"]) == at(13)
    starter = house.starter(job_id)
    assert (starter.fires, starter.last_run_id, starter.missed) == (1, run.run_id, 0)
    assert from_epoch_ms(starter.due_at) == at(14)


def test_the_schedule_follows_its_time_zone(house) -> None:
    job_id = house.create(schedule={"quartz_cron_expression": "0 30 8 * * ?", "timezone_id": "America/New_York"})

    house.after(seconds=1)

    assert from_epoch_ms(house.starter(job_id).due_at) == at(13, 30)


def test_fires_that_nobody_was_there_for_are_skipped_counted_and_audited(house) -> None:
    job_id = house.create(schedule=HOURLY)
    house.after(seconds=1)

    assert house.after(hours=5, minutes=30) == 0

    starter = house.starter(job_id)
    assert starter.missed == 5
    assert from_epoch_ms(starter.last_missed_at) == at(17)
    assert from_epoch_ms(starter.due_at) == at(18)
    event = house.catalog.audit.events(EventFilter(service="jobs", action="missedFires"))[0]
    assert (event.securable_name, event.request_params["missed"]) == (str(job_id), "5")


def test_a_fire_that_is_a_little_late_still_runs_and_only_the_last_of_several(house) -> None:
    job_id = house.create(schedule={"quartz_cron_expression": "0/10 * * * * ?"})
    house.after(seconds=1)

    assert house.after(seconds=44) == 1

    assert from_epoch_ms(house.runs_of(job_id)[0].trigger_info["time_ms"]) == at(12).replace(second=40)
    assert house.starter(job_id).missed == 3


def test_a_schedule_that_was_away_for_a_year_is_back_at_once(house) -> None:
    job_id = house.create(schedule={"quartz_cron_expression": "* * * * * ?"})
    house.after(seconds=1)

    house.after(days=365)

    assert house.starter(job_id).missed >= 10_000
    assert from_epoch_ms(house.starter(job_id).due_at) == datetime(2027, 11, 21, 12, 0, 2, tzinfo=UTC)


def test_several_processes_start_one_run_per_fire(house, monkeypatch) -> None:
    job_id = house.create(schedule=HOURLY)
    house.after(seconds=1)
    monkeypatch.setattr("boathouse.jobs.starting.repository.StarterRepository.hold_lease", lambda *_, **__: True)
    others = [house.another_clockwork() for _ in range(6)]

    for _ in range(5):
        house.clock.advance(at(13) - at(12))
        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(lambda each: each.tick(), others)) == 1

    assert len(house.runs_of(job_id)) == 5


def test_only_the_holder_of_the_lease_looks_until_it_lets_go_or_dies(house) -> None:
    house.create(schedule=HOURLY)
    house.after(seconds=1)
    other, third = house.another_clockwork(), house.another_clockwork()

    assert other._hold_lease(1 + int(house.clock.now().timestamp() * 1000)) is False
    house.clockwork.stop()
    assert other._hold_lease(2 + int(house.clock.now().timestamp() * 1000)) is True
    assert third._hold_lease(10_000 + int(house.clock.now().timestamp() * 1000)) is True


def test_a_paused_schedule_starts_nothing_and_misses_nothing(house) -> None:
    job_id = house.create(schedule={**HOURLY, "pause_status": "PAUSED"})
    assert house.after(hours=3) == 0

    house.reset(job_id, schedule=HOURLY)

    assert [house.after(minutes=1), house.after(minutes=59)] == [0, 1]
    assert house.starter(job_id).missed == 0


def test_a_definition_that_is_said_again_loses_no_fire(house) -> None:
    job_id = house.create(schedule=HOURLY)
    house.after(seconds=1)
    house.clock.advance(at(13) - at(12))

    house.reset(job_id, schedule=HOURLY, description="new")

    assert house.clockwork.tick() == 1


def test_a_deleted_job_starts_nothing(house) -> None:
    job_id = house.create(schedule=HOURLY)
    house.after(seconds=1)

    house.jobs.delete(house.ada, job_id)

    assert house.after(hours=1) == 0
    assert house.starters.find(job_id) is None


def test_the_last_fire_of_a_schedule_leaves_it_with_a_reason(house) -> None:
    house.clock.advance(datetime(2090, 11, 21, 12, tzinfo=UTC) - house.clock.now())  # not over by the clock on the wall
    job_id = house.create(schedule={"quartz_cron_expression": "0 30 12 21 11 ? 2090"})

    assert [house.after(minutes=1), house.after(minutes=29)] == [0, 1]

    starter = house.starter(job_id)
    assert (starter.due_at, starter.problem) == (None, "The schedule has no further fire.")


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ({"quartz_cron_expression": "0 0 0 30 2 ?"}, r"schedule.quartz_cron_expression: .* never fires: .* FEB"),
        ({"quartz_cron_expression": "0 0 0 1 1 ? 2020"}, "its last year, 2020, is over"),
        ({"quartz_cron_expression": "0 * * * *"}, "has 5 fields"),
        ({**HOURLY, "timezone_id": "Europe/Berln"}, r"schedule.timezone_id: .*Did you mean Europe/Berlin"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused_when_it_is_written(house, schedule, problem) -> None:
    with pytest.raises(DoesNotFit, match=problem):
        house.create(schedule=schedule)


def test_two_ways_to_start_at_once_are_refused(house) -> None:
    with pytest.raises(DoesNotFit, match="only one of schedule, trigger and continuous"):
        house.create(schedule=HOURLY, continuous={})


def test_a_periodic_trigger_starts_a_run_each_interval_and_skips_what_it_missed(house) -> None:
    job_id = house.create(trigger={"periodic": {"interval": 2, "unit": "HOURS"}})

    started = [house.after(minutes=119), house.after(minutes=1), house.after(hours=2), house.after(hours=5)]

    assert started == [0, 1, 1, 0]
    assert house.starter(job_id).missed == 2
    assert from_epoch_ms(house.starter(job_id).due_at) == at(22)


def test_a_continuous_job_has_one_run_after_the_other(house) -> None:
    job_id = house.create(continuous={}, max_concurrent_runs=1)

    assert [house.after(seconds=1), house.after(seconds=2)] == [1, 0]
    house.end(house.runs_of(job_id)[0])

    assert house.after(seconds=2) == 1
    assert {run.trigger for run in house.runs_of(job_id)} == {"CONTINUOUS"}


def test_a_continuous_job_that_fails_waits_longer_each_time(house) -> None:
    job_id = house.create(continuous={}, max_concurrent_runs=1)
    waited = []
    for _ in range(3):
        seconds = 0
        while not house.after(seconds=1):
            seconds += 1
        waited.append(seconds)
        house.end(house.runs_of(job_id)[-1], ResultState.FAILED)

    assert waited[0] < 2
    assert 9 <= waited[1] < 12 <= 19 <= waited[2] < 22
