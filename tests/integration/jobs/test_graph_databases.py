"""The same graph on SQLite and on Postgres, with two workers: conditions, loops, repair, backfill, and never one run
too many."""

from pathlib import Path

import pytest

from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.again.rerunning import BackfillRequest
from boathouse.jobs.states import ResultState

pytestmark = pytest.mark.server

FLAKY = """
import os, sys
assert sys.argv[1] != "2" or os.path.exists({marker!r})
"""
ALONE = """
import fcntl, time
lock = open({lock!r}, "a")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
time.sleep(0.1)
"""


def test_a_graph_is_repaired_with_what_succeeded_kept(shared_home, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    shared_home.script("flaky.py", FLAKY.format(marker=str(marker)))
    script = {"python_file": "flaky.py", "parameters": ["{{input}}"]}
    loop = {"inputs": "[1, 2, 3]", "concurrency": 3, "task": {"task_key": "each", "spark_python_task": script}}
    condition = {"op": "EQUAL_TO", "left": "{{tasks.loop.result_state}}", "right": "success"}
    run_id = shared_home.jobs.run_now(
        shared_home.admin,
        shared_home.create(
            {
                "tasks": [
                    {"task_key": "loop", "for_each_task": loop},
                    {"task_key": "check", "condition_task": condition, "depends_on": [{"task_key": "loop"}]},
                ]
            }
        ),
    )
    shared_home.start_worker()
    assert shared_home.wait(run_id).state.result is ResultState.FAILED
    loop_id = shared_home.look(run_id).task("loop").task_run_id
    before = shared_home.jobs.views.look(shared_home.admin, loop_id, limit=None).tasks
    marker.touch()

    shared_home.jobs.repairs.begin(shared_home.admin, run_id, RepairRequest(rerun_all_failed_tasks=True))

    run = shared_home.wait(run_id)
    assert run.state.result is ResultState.SUCCESS
    assert run.task("check").result == "true"
    view = shared_home.jobs.views.look(shared_home.admin, run.task("loop").task_run_id, limit=None, with_history=False)
    assert [one.task_run_id == other.task_run_id for one, other in zip(before, view.tasks, strict=True)] == [
        True,
        False,
        True,
    ]


def test_two_workers_never_run_one_too_many(shared_home, tmp_path: Path) -> None:
    shared_home.script("alone.py", ALONE.format(lock=str(tmp_path / "lock")))
    task = {"task_key": "alone", "spark_python_task": {"python_file": "alone.py"}}
    job_id = shared_home.create({"tasks": [task]})
    request = BackfillRequest("2013-01-01T00:00:00Z", "2013-01-08T00:00:00Z", "1d")
    backfill_id = shared_home.jobs.backfills.begin(shared_home.admin, job_id, request)

    for _ in range(2):
        shared_home.start_worker()

    def states() -> dict[str, int]:
        return dict(shared_home.jobs.backfills.get(shared_home.admin, backfill_id).states)

    shared_home.until(lambda: not states().keys() & {"QUEUED", "PENDING", "RUNNING"})
    assert states() == {"SUCCESS": 8}
