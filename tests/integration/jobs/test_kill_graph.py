"""What a graph promises when its worker dies: finished iterations, answers and child runs are not done again."""

from pathlib import Path

import pytest

from boathouse.jobs.states import ResultState

pytestmark = pytest.mark.server

NOTE = """
import os, sys, time
with open({notes!r}, "a") as notes:
    notes.write(sys.argv[1] + os.linesep)
if sys.argv[1] == "3" and not os.path.exists({notes!r} + ".first"):
    open({notes!r} + ".first", "w").close()
    time.sleep(600)
"""


class Notes:
    """Tasks that write down what they were given; the one that is given 3 hangs, once."""

    def __init__(self, jobs_home, folder: Path) -> None:
        self.file = folder / "notes"
        self.home = jobs_home
        jobs_home.script("note.py", NOTE.format(notes=str(self.file)))

    def note(self, key: str, text: str, *after: str) -> dict:
        script = {"python_file": "note.py", "parameters": [text]}
        return {"task_key": key, "spark_python_task": script, "depends_on": [{"task_key": each} for each in after]}

    def run_killing_the_worker(self, definition: dict):
        run_id = self.home.jobs.run_now(self.home.admin, self.home.create(definition))
        worker = self.home.start_worker()
        self.home.until(lambda: Path(f"{self.file}.first").exists())
        worker.kill()
        worker.wait()
        self.home.start_worker()
        return self.home.wait(run_id)


def test_finished_iterations_of_a_loop_are_not_done_again(jobs_home, tmp_path: Path) -> None:
    notes = Notes(jobs_home, tmp_path)
    nested = notes.note("each", "{{input}}")

    run = notes.run_killing_the_worker(
        {
            "tasks": [
                {"task_key": "loop", "for_each_task": {"inputs": "[1, 2, 3, 4]", "task": nested}},
                notes.note("after", "after", "loop"),
            ]
        }
    )

    assert run.state.result is ResultState.SUCCESS
    assert notes.file.read_text().split() == ["1", "2", "3", "3", "4", "after"]


def test_a_child_run_is_started_once_and_waited_for_again(jobs_home, tmp_path: Path) -> None:
    notes = Notes(jobs_home, tmp_path)
    child = jobs_home.create({"name": "child", "tasks": [notes.note("a", "1"), notes.note("b", "3", "a")]})

    run = notes.run_killing_the_worker(
        {"tasks": [{"task_key": "call", "run_job_task": {"job_id": child}}, notes.note("after", "after", "call")]}
    )

    assert run.state.result is ResultState.SUCCESS
    assert notes.file.read_text().split() == ["1", "3", "3", "after"]
    assert len(jobs_home.jobs.list_runs(jobs_home.admin, job_id=child)) == 1


def test_a_branch_that_was_chosen_stays_chosen(jobs_home, tmp_path: Path) -> None:
    notes = Notes(jobs_home, tmp_path)
    condition = {"op": "LESS_THAN", "left": "1", "right": "2"}
    yes, no = ([{"task_key": "check", "outcome": outcome}] for outcome in ("true", "false"))

    run = notes.run_killing_the_worker(
        {
            "tasks": [
                {"task_key": "check", "condition_task": condition},
                notes.note("yes", "3") | {"depends_on": yes},
                notes.note("no", "no") | {"depends_on": no},
            ]
        }
    )

    assert run.state.result is ResultState.SUCCESS
    assert notes.file.read_text().split() == ["3", "3"]
    assert run.task("no").state.result is ResultState.EXCLUDED


def test_more_runs_can_wait_for_others_than_a_worker_has_open_at_a_time(jobs_home, tmp_path: Path) -> None:
    notes = Notes(jobs_home, tmp_path)
    child = jobs_home.create({"tasks": [notes.note("a", "1")], "max_concurrent_runs": 50})
    parent = jobs_home.create(
        {"tasks": [{"task_key": "call", "run_job_task": {"job_id": child}}], "max_concurrent_runs": 50}
    )
    runs = [jobs_home.jobs.run_now(jobs_home.admin, parent) for _ in range(34)]

    jobs_home.start_worker()

    assert {jobs_home.wait(run_id).state.result for run_id in runs} == {ResultState.SUCCESS}
