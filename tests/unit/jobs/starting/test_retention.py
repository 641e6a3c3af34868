"""What is old is forgotten, with all that belongs to it; what somebody still needs is not."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import Denied
from boathouse.jobs.git.snapshots import GitSnapshots
from boathouse.jobs.keeping.housekeeping import Housekeeping
from boathouse.jobs.keeping.retention import Retention, RetentionSettings
from boathouse.jobs.logs import log_file
from boathouse.jobs.records import Start
from boathouse.jobs.schema import job_definitions, job_runs, task_attempts, task_runs, task_values
from boathouse.metastore import metadata
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import Outbox

FEW = RetentionSettings(run_days=60, runs_per_job=2)


def retention(house, settings: RetentionSettings = FEW) -> Retention:
    return Retention(house.database, house.home, settings, tokens=house.catalog.identities)


def ended_run(house, job_id: int, **options):
    house.jobs.run_now(house.ada, job_id, **options)
    run = house.runs_of(job_id)[-1]
    house.end(run)
    file = log_file(house.home, run.run_id, "a", 0)
    file.parent.mkdir(parents=True)
    file.write_text("hello")
    return run


def count(house, table) -> int:
    with house.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_old_runs_go_with_all_that_belongs_to_them_and_the_last_of_each_job_stay(house) -> None:
    job_id = house.create()
    runs = [ended_run(house, job_id).run_id for _ in range(5)]
    house.clock.advance(timedelta(days=61))

    swept = retention(house).sweep(house.clock.now())

    assert (swept.runs, swept.task_runs) == (3, 3)
    assert [run.run_id for run in house.runs_of(job_id)] == runs[3:]
    assert sorted(int(each.name) for each in house.home.runs.iterdir()) == runs[3:]
    assert [count(house, table) for table in (job_runs, task_runs)] == [2, 2]
    assert retention(house).sweep(house.clock.now()).runs == 0


def test_nothing_younger_than_the_limit_goes(house) -> None:
    job_id = house.create()
    for _ in range(5):
        ended_run(house, job_id)
    house.clock.advance(timedelta(days=59))

    assert not any(retention(house).sweep(house.clock.now()).to_json().values())


def test_runs_that_have_not_ended_stay_however_old_and_so_do_those_they_are_waited_for(house) -> None:
    parent_job, child_job = house.create(), house.create()
    parent = house.jobs.run_now(house.ada, parent_job)
    task = house.jobs.get_run(house.ada, parent).tasks[0]
    child = house.jobs.run_now(house.ada, child_job, start=Start(parent=task))
    for _ in range(3):
        ended_run(house, child_job)
    house.end(next(run for run in house.runs_of(child_job) if run.run_id == child))
    house.clock.advance(timedelta(days=400))

    retention(house, RetentionSettings(runs_per_job=1)).sweep(house.clock.now())

    assert [run.run_id for run in house.runs_of(parent_job)] == [parent]
    assert child in [run.run_id for run in house.runs_of(child_job)]


def test_runs_of_a_job_that_is_gone_all_go(house) -> None:
    job_id = house.create()
    ended_run(house, job_id)
    house.jobs.delete(house.ada, job_id)
    house.clock.advance(timedelta(days=61))

    assert retention(house).sweep(house.clock.now()).runs == 1
    assert [count(house, table) for table in (job_runs, job_definitions)] == [0, 0]


def test_definitions_and_folders_that_nobody_uses_go_too(house) -> None:
    job_id = house.create()
    run = ended_run(house, job_id)
    house.reset(job_id, description="new")
    ended_run(house, job_id)
    assert count(house, job_definitions) == 2
    house.jobs.delete_run(house.ada, run.run_id)

    swept = retention(house).sweep(house.clock.now())

    assert (swept.runs, swept.folders, swept.definitions) == (0, 1, 1)


def test_a_run_that_somebody_deletes_leaves_nothing_behind(house) -> None:
    run = ended_run(house, house.create(email_notifications={"on_success": ["me@example.org"]}))
    GitSnapshots(house.database).keep(run.run_id, "c0ffee")
    of_runs = [table for table in metadata.tables.values() if "run_id" in table.c]
    before = {table.name for table in of_runs if count(house, table)}
    assert {"job_runs", "task_runs", "run_tellings", "run_commits"} <= before

    house.jobs.delete_run(house.ada, run.run_id)

    kept = {table.name for table in of_runs if count(house, table)}
    assert kept & {"job_runs", "task_runs", "task_attempts", "task_values", "run_tellings", "run_watches",
                   "run_repairs", "run_commits"} == set()  # fmt: skip


def test_delivered_notifications_go_before_those_that_were_given_up(house) -> None:
    outbox, now = Outbox(house.database), epoch_ms(house.clock.now())
    for _ in range(3):
        outbox.put(Message("jobs.on_start", "x", {}), now)
    delivered, dead, _ = outbox.take(now, 3)
    outbox.delivered(delivered, now)
    outbox.failed(dead, "no", now, for_good=True)

    left = []
    for days in (31, 30):
        house.clock.advance(timedelta(days=days))
        retention(house).sweep(house.clock.now())
        left.append([each.state.value for each in outbox.list()])
    assert left == [["PENDING", "DEAD"], ["PENDING"]]


def test_tokens_that_expired_go(house) -> None:
    house.catalog.identities.issue_token(house.ada, "ada", lifetime_seconds=60, comment=None)
    house.clock.advance(timedelta(days=8))

    assert retention(house).sweep(house.clock.now()).tokens == 1


def test_a_dry_run_says_what_would_go_and_changes_nothing(house) -> None:
    job_id = house.create()
    for _ in range(4):
        ended_run(house, job_id)
    house.clock.advance(timedelta(days=61))
    housekeeping = Housekeeping(retention(house), FEW, house.catalog, house.clock)

    would = housekeeping.clean(house.ada, dry_run=True)

    assert (would.runs, would.task_runs, would.folders) == (2, 2, 2)
    assert len(house.runs_of(job_id)) == 4
    assert housekeeping.clean(house.ada, dry_run=False).runs == 2
    with pytest.raises(Denied):
        housekeeping.clean(house.bob, dry_run=True)


def test_a_sweep_that_was_cut_short_is_finished_by_the_next(house, monkeypatch) -> None:
    job_id = house.create()
    for _ in range(6):
        ended_run(house, job_id)
    house.clock.advance(timedelta(days=61))
    monkeypatch.setattr("boathouse.jobs.keeping.retention._BATCH", 2)
    real = house.database.write
    calls = []

    def failing():
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real()

    monkeypatch.setattr(house.database, "write", failing)
    with pytest.raises(KeyboardInterrupt):
        retention(house).sweep(house.clock.now())
    monkeypatch.undo()

    retention(house).sweep(house.clock.now())
    assert len(house.runs_of(job_id)) == 2
    assert len(list(house.home.runs.iterdir())) == 2


def test_every_table_that_refers_to_a_run_is_thought_of() -> None:
    """A new table with runs in it has to be swept, or it grows without end."""
    swept = {"task_runs", "task_attempts", "task_values", "run_repairs", "run_tellings", "run_watches", "run_commits"}
    of_runs = {
        table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ("job_runs", "task_runs")
    }
    assert of_runs - swept == set()
    assert {task_attempts.name, task_values.name} <= of_runs
