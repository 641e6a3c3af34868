"""Lists of jobs and matrices of runs, and a log that is read from its end."""

from pathlib import Path

from boathouse.catalog import Privilege
from boathouse.jobs.logs import LogReader
from boathouse.jobs.overview import JobQuestion
from boathouse.jobs.records import Standing
from boathouse.jobs.settings import PauseStatus


def names(house, principal=None, **question) -> list[str]:
    return [
        row.job.settings.name for row in house.jobs.overview.page(principal or house.ada, JobQuestion(**question)).rows
    ]


def test_the_job_that_ran_last_comes_first_and_pages_follow_each_other(house) -> None:
    ids = [house.create(house.ada, name=name) for name in "abc"]
    house.jobs.run_now(house.ada, ids[1])

    assert names(house) == ["b", "c", "a"]
    assert names(house, limit=2, offset=2) == ["a"]
    assert house.jobs.overview.page(house.ada, JobQuestion(limit=1)).total == 3


def test_a_job_is_found_by_a_part_of_its_name(house) -> None:
    house.create(house.ada, name="Train 100%_model")
    house.create(house.ada, name="score")

    assert names(house, text="100%_MOD") == ["Train 100%_model"]
    assert names(house, text="%") == ["Train 100%_model"]


def test_jobs_are_found_by_how_they_stand(house) -> None:
    schedule = {"quartz_cron_expression": "0 0 6 * * ?"}
    asleep = house.create(house.ada, name="asleep", schedule=schedule)
    house.create(house.ada, name="daily", schedule=schedule)
    house.jobs.starting.set_pause(house.ada, asleep, PauseStatus.PAUSED)
    run_id = house.jobs.run_now(house.ada, house.create(house.ada, name="ended"))
    house.jobs.cancel_run(house.ada, run_id)
    house.jobs.run_now(house.ada, house.create(house.ada, name="busy"))

    assert names(house, standing=Standing.PAUSED) == ["asleep"]
    assert names(house, standing=Standing.SCHEDULED) == ["daily"]
    assert names(house, standing=Standing.CANCELED) == ["ended"]
    assert names(house, standing=Standing.UNDER_WAY) == ["busy"]
    assert set(names(house, standing=Standing.NEVER_RUN)) == {"asleep", "daily"}
    assert names(house, standing=Standing.FAILED) == names(house, standing=Standing.SUCCEEDED) == []


def test_a_row_has_the_last_runs_and_what_starts_the_job(house) -> None:
    job_id = house.create(house.ada, max_concurrent_runs=10, schedule={"quartz_cron_expression": "0 0 6 * * ?"})
    runs = [house.jobs.run_now(house.ada, job_id) for _ in range(4)]

    (row,) = house.jobs.overview.page(house.ada, JobQuestion(last_runs=3)).rows

    assert [mark.run_id for mark in row.last_runs] == runs[1:]
    assert row.starter is not None and row.starter.job_id == job_id


def test_nobody_sees_the_jobs_of_others(house) -> None:
    job_id = house.create(house.ada, name="hers")

    assert names(house, house.bob) == []
    house.grant(Privilege.VIEW_JOB, job_id)
    assert names(house, house.bob) == ["hers"]


def test_a_matrix_has_the_runs_of_a_job_with_their_tasks(house) -> None:
    job_id = house.create(house.ada, max_concurrent_runs=10)
    runs = [house.jobs.run_now(house.ada, job_id) for _ in range(3)]

    found = house.jobs.views.matrix(house.ada, job_id, limit=2)

    assert [run.run_id for run in found] == runs[:0:-1]
    assert [[task.task_key for task in run.tasks] for run in found] == [["a"], ["a"]]
    assert [run.run_id for run in house.jobs.views.matrix(house.ada, job_id, before=runs[1])] == runs[:1]


def test_the_end_of_a_log_is_read_first_and_the_rest_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "0.log"
    lines = [f"line {number}\n".encode() for number in range(100)]
    file.write_bytes(b"".join(lines))

    reader = LogReader(file, lambda: False, last_bytes=20)
    first = reader.read()
    before = reader.read_before(50)

    assert first == b"".join(lines[-2:])
    assert reader.read() == b""
    assert before and b"".join(lines).endswith(before + (first or b"")) and before.startswith(b"line ")
    rest = reader.read_before(10_000)
    assert rest + before + (first or b"") == b"".join(lines)
    assert (reader.read_before(10), reader.left_out_bytes) == (b"", 0)


def test_one_endless_line_is_read_piece_by_piece(tmp_path: Path) -> None:
    file = tmp_path / "0.log"
    file.write_bytes(b"x" * 100)

    reader = LogReader(file, lambda: True, last_bytes=10)

    assert (reader.read(), reader.read()) == (b"x" * 10, None)
    assert reader.read_before(60) + reader.read_before(60) == b"x" * 90


def test_a_log_that_is_not_there_yet_is_followed_from_its_beginning(tmp_path: Path) -> None:
    reader = LogReader(tmp_path / "0.log", lambda: False, last_bytes=10)

    assert reader.read() == b""
    (tmp_path / "0.log").write_bytes(b"the first line\n")
    assert reader.read() == b"the first line\n"
