"""What a run promises when processes die: finished tasks do not run again, the interrupted one runs once more, and
never twice side by side."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from boathouse.foundation.home import Home
from boathouse.jobs.executing.starters import MARKER
from boathouse.jobs.records import Run
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.testing.local import start_boathouse, stop_boathouse

pytestmark = pytest.mark.server

NOTE = """
import os, sys
with open({notes!r}, "a") as notes:
    notes.write(os.environ["BOATHOUSE_TASK_KEY"] + os.linesep)
"""

# Its first life takes the lock, hands it to a grandchild in a session of its own, ignores SIGTERM and stays.
# Any later life says whether somebody of the first one is still there.
STUBBORN = (
    NOTE
    + """
import fcntl, signal, time
lock = open({notes!r} + ".lock", "a")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    with open({notes!r}, "a") as notes:
        notes.write("side by side" + os.linesep)
    sys.exit(1)
if not os.path.exists({notes!r} + ".first"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open({notes!r} + ".first", "w").close()
            time.sleep(600)
        os._exit(0)
    time.sleep(600)
"""
)


class Killing:
    """A run of three tasks in a row whose middle one hangs, once."""

    def __init__(self, jobs_home, tmp_path: Path) -> None:
        self.home = jobs_home
        self.notes = tmp_path / "notes"
        jobs_home.script("note.py", NOTE.format(notes=str(self.notes)))
        jobs_home.script("stubborn.py", STUBBORN.format(notes=str(self.notes)))
        tasks = [
            {"task_key": "before", "spark_python_task": {"python_file": "note.py"}},
            {"task_key": "middle", "spark_python_task": {"python_file": "stubborn.py"}, "depends_on": _on("before")},
            {"task_key": "after", "spark_python_task": {"python_file": "note.py"}, "depends_on": _on("middle")},
        ]
        self.run_id = jobs_home.jobs.run_now(jobs_home.admin, jobs_home.create({"name": "killed", "tasks": tasks}))

    def until_in_the_middle(self) -> None:
        self.home.until(lambda: Path(f"{self.notes}.first").exists())

    @property
    def lines(self) -> list[str]:
        return self.notes.read_text().split()

    def check(self) -> Run:
        run = self.home.wait(self.run_id)
        assert run.state.result is ResultState.SUCCESS, (run, self.home.log(run, "middle"))
        assert self.notes.read_text().splitlines() == ["before", "middle", "middle", "after"]
        attempts = self.home.jobs.attempts(self.home.admin, run.task("middle").task_run_id)
        assert [attempt.result for attempt in attempts] == [ResultState.INTERRUPTED, ResultState.SUCCESS]
        return run


def guard_of(worker: int) -> psutil.Process:
    """The guard of the worker's only task: the first below it that is marked as the task's."""
    below = [each for each in psutil.Process(worker).children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]
    return min(
        (each for each in below if each.environ().get(MARKER, "").strip()),
        key=lambda each: (each.create_time(), each.pid),
    )


def _on(*keys: str) -> list[dict[str, str]]:
    return [{"task_key": key} for key in keys]


def test_killing_the_worker_repeats_only_the_interrupted_task(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    worker = jobs_home.start_worker()
    killing.until_in_the_middle()
    worker.kill()
    worker.wait()

    jobs_home.start_worker()

    killing.check()


def test_tasks_end_with_their_worker_even_when_nobody_starts_another(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    worker = jobs_home.start_worker()
    killing.until_in_the_middle()
    guard = guard_of(worker.pid)
    processes = [guard, *guard.children(recursive=True)]
    assert len(processes) >= 3  # guard, task, and the grandchild in its own session

    worker.kill()

    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []


def test_killing_everything_at_once_leaves_nothing_that_runs_beside_the_next_attempt(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    worker = jobs_home.start_worker()
    killing.until_in_the_middle()
    guard = guard_of(worker.pid)
    below = guard.children(recursive=True)
    orphan = next(each for each in below if os.getsid(each.pid) != guard.pid)
    others = [psutil.Process(worker.pid), guard.parent(), guard, *(each for each in below if each != orphan)]
    for process in others:
        process.suspend()  # so that none of them can do anything about the death of another
    for process in others:
        process.kill()
    worker.wait()
    assert orphan.is_running() and orphan.status() != psutil.STATUS_ZOMBIE

    jobs_home.start_worker()

    killing.check()
    orphan.wait(30)


def test_stopping_the_worker_in_order_repeats_the_interrupted_task(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    worker = jobs_home.start_worker()
    killing.until_in_the_middle()

    jobs_home.stop_worker(worker)

    assert worker.returncode == 0
    run = jobs_home.look(killing.run_id)
    assert run.task("middle").state.life_cycle is LifeCycleState.PENDING
    jobs_home.start_worker()
    killing.check()


def test_another_worker_takes_over_from_a_dead_one(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    first = jobs_home.start_worker()
    killing.until_in_the_middle()
    second = jobs_home.start_worker()
    jobs_home.until(lambda: len(list((jobs_home.home.root / "workers").glob("*.lock"))) == 2)

    first.kill()

    run = killing.check()
    assert run.executor_id is not None and run.executor_id.endswith("-1")
    assert second.poll() is None


def test_a_run_is_kept_while_no_worker_is_there(jobs_home) -> None:
    jobs_home.script("hello.py", "print('hello')")
    task = {"task_key": "hello", "spark_python_task": {"python_file": "hello.py"}}
    run_id = jobs_home.jobs.run_now(jobs_home.admin, jobs_home.create({"tasks": [task]}))
    assert jobs_home.look(run_id).state.life_cycle is LifeCycleState.QUEUED

    jobs_home.start_worker()

    assert jobs_home.wait(run_id).state.result is ResultState.SUCCESS


def test_killing_the_guard_of_a_task_fails_the_task(jobs_home, tmp_path: Path) -> None:
    killing = Killing(jobs_home, tmp_path)
    worker = jobs_home.start_worker()
    killing.until_in_the_middle()
    guard = guard_of(worker.pid)
    below = guard.children(recursive=True)

    guard.kill()

    run = jobs_home.wait(killing.run_id)
    assert run.task("middle").state.result is ResultState.FAILED
    assert run.task("after").state.result is ResultState.UPSTREAM_FAILED
    _, alive = psutil.wait_procs(below, timeout=30)
    assert alive == []


def test_killing_the_whole_boathouse_and_starting_it_again_completes_the_run(tmp_path: Path) -> None:
    """As a machine that loses power would, only that the disk keeps up: every process of Boathouse is killed."""
    notes = tmp_path / "notes"
    (tmp_path / "note.py").write_text(NOTE.format(notes=str(notes)))
    (tmp_path / "stubborn.py").write_text(STUBBORN.format(notes=str(notes)))
    keys = {"before": "note.py", "middle": "stubborn.py", "after": "note.py"}
    tasks = [
        {"task_key": key, "spark_python_task": {"python_file": str(tmp_path / file)}, "depends_on": _on(*upstream)}
        for (key, file), upstream in zip(keys.items(), [(), ("before",), ("middle",)], strict=True)
    ]
    server = start_boathouse(Home(tmp_path / ".boathouse"))
    try:
        client = server.client()
        job_id = client.post("/api/2.2/jobs/create", {"name": "killed", "tasks": tasks})["job_id"]
        run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]
        _until(lambda: Path(f"{notes}.first").exists())
        for process in [server.process.pid, *server.pids.values()]:
            os.kill(process, signal.SIGKILL)
        server.process.wait()

        server = start_boathouse(server.home)

        again = server.client()
        _until(lambda: again.get("/api/2.2/jobs/runs/get", run_id=run_id)["end_time"])
        assert again.get("/api/2.2/jobs/runs/get", run_id=run_id)["state"]["result_state"] == "SUCCESS"
        assert notes.read_text().splitlines() == ["before", "middle", "middle", "after"]
    finally:
        stop_boathouse(server)


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "It has not happened."
        time.sleep(0.05)
