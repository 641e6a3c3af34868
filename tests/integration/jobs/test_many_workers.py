"""Several workers on one database, SQLite and Postgres: whatever happens to them, every task is done once, a dead one's
work is taken over soon, and no two processes of one task ever live at the same time."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from boathouse.jobs.records import Run
from boathouse.jobs.states import ResultState
from boathouse.jobs.workers.leases import Leases

pytestmark = pytest.mark.server

# Holds a lock while it lives, so that a second process of the same task betrays itself; notes its beginning and end.
WITNESS = """
import fcntl, os, sys, time
folder, seconds = {folder!r}, {seconds}
name = os.environ["BOATHOUSE_RUN_ID"] + "-" + os.environ["BOATHOUSE_TASK_KEY"]
lock = open(os.path.join(folder, name + ".lock"), "a")
def note(what):
    descriptor = os.open(os.path.join(folder, "notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (name + " " + what + os.linesep).encode())
    os.close(descriptor)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    note("side-by-side")
    sys.exit(1)
note("begins")
time.sleep(seconds)
note("ends")
"""


class Witnesses:
    """Runs of a chain beside a fan, whose tasks tell on each other."""

    def __init__(self, home, folder: Path, *, seconds: float = 0.3) -> None:
        self.home = home
        self.folder = folder / "witnesses"
        self.folder.mkdir()
        home.script("witness.py", WITNESS.format(folder=str(self.folder), seconds=seconds))
        chain = [_task(f"chain{number}", f"chain{number - 1}" if number else None) for number in range(3)]
        fan = [_task(f"fan{number}", "chain0") for number in range(3)]
        self.job_id = home.create({"name": "witnessed", "tasks": [*chain, *fan], "max_concurrent_runs": 10})

    def start(self, runs: int) -> list[int]:
        return [self.home.jobs.run_now(self.home.admin, self.job_id) for _ in range(runs)]

    @property
    def notes(self) -> list[str]:
        file = self.folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def check(self, runs: list[Run]) -> None:
        assert [run.state.result for run in runs] == [ResultState.SUCCESS] * len(runs)
        assert not [line for line in self.notes if line.endswith("side-by-side")]
        begun = Counter(line.split()[0] for line in self.notes if line.endswith(" begins"))
        for run in runs:
            for task in run.tasks:
                attempts = self.home.jobs.attempts(self.home.admin, task.task_run_id)
                results = [attempt.result for attempt in attempts]
                interrupted = [ResultState.INTERRUPTED] * (len(results) - 1)
                assert results == [*interrupted, ResultState.SUCCESS]  # the last one, and nothing after it
                assert 1 <= begun[f"{run.run_id}-{task.task_key}"] <= len(results)


def _task(key: str, after: str | None) -> dict[str, object]:
    upstream = [{"task_key": after}] if after else []
    return {"task_key": key, "spark_python_task": {"python_file": "witness.py"}, "depends_on": upstream}


def test_runs_complete_once_while_workers_are_killed_at_random(shared_home, tmp_path: Path) -> None:
    witnesses = Witnesses(shared_home, tmp_path)
    workers = [shared_home.start_worker(), shared_home.start_worker()]
    runs = witnesses.start(3)
    dice = random.Random(3)

    for number in range(4):
        seen = len(witnesses.notes)
        shared_home.until(lambda seen=seen: len(witnesses.notes) > seen)
        time.sleep(dice.random())
        victim = workers.pop(dice.randrange(2))
        victim.kill()
        victim.wait()
        workers.append(shared_home.start_worker())
        assert number < 4

    witnesses.check([shared_home.wait(run_id) for run_id in runs])


def test_a_frozen_worker_is_killed_before_another_takes_over(shared_home, tmp_path: Path) -> None:
    witnesses = Witnesses(shared_home, tmp_path, seconds=2)
    frozen = shared_home.start_worker()
    runs = witnesses.start(1)
    shared_home.until(lambda: witnesses.notes)
    shared_home.start_worker()

    frozen.send_signal(signal.SIGSTOP)

    witnesses.check([shared_home.wait(run_id) for run_id in runs])
    assert frozen.wait(60) == -signal.SIGKILL


def test_a_worker_of_another_home_takes_over_on_the_same_postgres(two_homes, tmp_path: Path) -> None:
    first, second = two_homes
    witnesses = Witnesses(first, tmp_path, seconds=1)
    victim = first.start_worker()
    runs = witnesses.start(1)
    first.until(lambda: witnesses.notes)
    second.start_worker()
    second.until(lambda: len(Leases(second.database).all()) == 2)
    tasks = psutil.Process(victim.pid).children(recursive=True)

    victim.kill()

    witnesses.check([first.wait(run_id) for run_id in runs])
    assert not psutil.wait_procs(tasks, timeout=10)[1]
