"""Guards are forked from a warm process, and nobody can tell: a task under its guard, without a worker."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from boathouse.jobs.executing.processes import AttemptFiles, Command, TaskProcess, end_leftovers
from boathouse.jobs.executing.starters import MARKER, Starters

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every task is started anew"),
]

WHAT_IT_IS = """
import atexit, json, os, signal, sys
given = {key: value for key, value in os.environ.items() if not key.startswith("BOATHOUSE_TASK_")}
handlers = {number.name: str(signal.getsignal(number)) for number in sorted(signal.valid_signals())
            if isinstance(number, signal.Signals)}
told = {
    "environment": given, "argv": sys.argv, "folder": os.getcwd(), "handlers": handlers, "path": sys.path,
    "descriptors": sorted(os.listdir("/proc/self/fd")), "flags": str(sys.flags), "executable": sys.executable,
    "stdin": os.readlink("/proc/self/fd/0"), "is_leader": os.getsid(0) == os.getpgid(0) == os.getppid(),
    "encodings": [sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering, sys.stdin.encoding],
    "modules": sorted(sys.modules), "blocked": [str(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
}
print(json.dumps(told))
"""


@pytest.fixture
def starters() -> Generator[Starters]:
    found = Starters()
    yield found
    found.close()


class Attempt:
    """A script under its guard."""

    def __init__(self, folder: Path, script: str, starters: Starters | None, **more: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "main.py"
        file.write_text(script)
        self.files = AttemptFiles(folder / "runs" / "0")
        spec = {"kind": "spark_python_task", "file": str(file), "parameters": ["a", "b"]}
        spec |= {"first_paths": [str(folder)], "paths": []}
        spec["variables"] = more.get("of_job", {} if more.get("is_ours") else {"FROM_JOB": "x"})
        spec |= {"package_name": "boathouse"} if more.get("is_ours") else {}
        own = {key: value for key, value in os.environ.items() if not key.startswith("BOATHOUSE_")}
        variables = {**own, "PYTHONUNBUFFERED": "1", "BOATHOUSE_TOKEN": "t", **more.get("variables", {})}
        command = Command(more.get("python", Path(sys.executable)), spec, variables, self.files)
        self.process = TaskProcess(command, starters)

    def end(self) -> str:
        self.process.wait()
        return self.files.log.read_text()

    def until_started(self) -> None:
        while "started" not in self.files.log.read_text():
            assert self.files.read_exit() is None

    @property
    def guard(self) -> psutil.Process:
        return psutil.Process(self.process.pid)


WAITS = "import time\nprint('started')\ntime.sleep(600)\n"


def test_a_forked_task_is_what_a_new_process_would_be(tmp_path: Path, starters: Starters) -> None:
    anew = json.loads(Attempt(tmp_path / "same", WHAT_IT_IS, None).end())
    (tmp_path / "same" / "runs" / "0.log").unlink()

    forked = json.loads(Attempt(tmp_path / "same", WHAT_IT_IS, starters).end())

    extra = set(forked.pop("modules")) - set(anew.pop("modules")) - {"_socket", "gc"}  # neither keeps anything
    assert [name for name in extra if not name.startswith("boathouse_task")] == []
    assert forked == anew


def test_a_task_sees_nothing_of_the_one_before_it(tmp_path: Path, starters: Starters) -> None:
    spoil = "import os, sys, json\nos.environ['LEFT'] = '1'\njson.left = 1\nsys.path.append('left')\nos.umask(0o777)\n"
    Attempt(tmp_path / "first", spoil, starters).end()

    look = (
        "import json, os, sys\n"
        "print('LEFT' in os.environ, hasattr(json, 'left'), 'left' in sys.path, os.umask(0) == 0o777)"
    )
    assert Attempt(tmp_path / "second", look, starters).end() == "False False False False\n"


def test_tasks_draw_different_random_numbers(tmp_path: Path, starters: Starters) -> None:
    drawn = [
        Attempt(tmp_path / name, "import random, uuid\nprint(random.random(), uuid.uuid4())", starters).end()
        for name in "ab"
    ]

    assert drawn[0].split()[0] != drawn[1].split()[0]
    assert drawn[0].split()[1] != drawn[1].split()[1]


def test_what_a_forked_task_leaves_is_found_by_its_mark(tmp_path: Path, starters: Starters) -> None:
    attempt = Attempt(tmp_path, WAITS, starters)
    attempt.until_started()
    guard, task = attempt.guard, attempt.guard.children()[0]
    assert guard.environ()[MARKER] == task.environ()[MARKER] == str(attempt.files.folder)
    assert "BOATHOUSE_TOKEN" not in task.environ()  # of the first program; os.environ has it

    assert end_leftovers(attempt.files.folder) == 2

    attempt.process.wait()
    assert attempt.files.read_exit() is None


def test_a_task_ends_with_its_starter_and_the_next_one_has_another(tmp_path: Path, starters: Starters) -> None:
    attempt = Attempt(tmp_path / "first", WAITS, starters)
    attempt.until_started()
    task, starter = attempt.guard.children()[0], attempt.guard.parent()
    assert starter is not None and starter.pid != os.getpid()

    starter.kill()

    attempt.process.wait()
    psutil.wait_procs([task], timeout=30)
    assert not task.is_running()
    assert attempt.files.read_exit() is None
    assert Attempt(tmp_path / "second", "print('fine')", starters).end() == "fine\n"


def test_tasks_end_when_who_holds_the_starter_is_killed(tmp_path: Path) -> None:
    holder = tmp_path / "holder.py"
    holder.write_text(
        f"import sys\nfrom pathlib import Path\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from test_starters import WAITS, Attempt, Starters\n"
        f"attempt = Attempt(Path({str(tmp_path)!r}), WAITS, Starters())\nattempt.until_started()\n"
        "print(attempt.process.pid, attempt.guard.parent().pid, flush=True)\nattempt.process.wait()\n"
    )
    process = subprocess.Popen([sys.executable, holder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        guard, starter = (psutil.Process(int(pid)) for pid in process.stdout.readline().split())
        everything = [starter, guard, *guard.children(recursive=True)]
        assert len(everything) == 3

        process.kill()

        process.wait()
    _, alive = psutil.wait_procs(everything, timeout=30)
    assert alive == []


def test_a_task_is_stopped_and_killed_as_any_other(tmp_path: Path, starters: Starters) -> None:
    asked, killed = (Attempt(tmp_path / name, WAITS, starters) for name in ("asked", "killed"))
    for attempt in (asked, killed):
        attempt.until_started()

    asked.process.ask_to_stop()
    killed.process.kill()

    asked.process.wait()
    killed.process.wait()
    found = asked.files.read_exit()
    assert found is not None and found["exit_code"] == -signal.SIGTERM
    assert killed.files.read_exit() is None
    assert Attempt(tmp_path / "next", "print('fine')", starters).end() == "fine\n"
    killed.process.kill()  # it is over: nobody else who may have its number by now is hit


def test_the_numbers_of_ended_guards_are_given_back(tmp_path: Path, starters: Starters) -> None:
    attempts = [Attempt(tmp_path / str(number), "", starters) for number in range(5)]
    starter = attempts[0].guard.parent()
    assert starter is not None

    for attempt in attempts:
        attempt.end()

    last = Attempt(tmp_path / "last", WAITS, starters)
    assert starter.children() == [last.guard]
    last.process.end()
    last.end()


def test_what_is_installed_between_two_tasks_is_there_for_the_second(tmp_path: Path, starters: Starters) -> None:
    python, packages = own_environment(tmp_path)
    look = "try:\n    import late\nexcept ImportError:\n    print('no')\nelse:\n    print('yes')\n"
    assert Attempt(tmp_path / "first", look, starters, python=python).end() == "no\n"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "late.py").touch()

    (packages / "late.pth").write_text(str(tmp_path / "elsewhere"))

    assert Attempt(tmp_path / "second", look, starters, python=python).end() == "yes\n"


def test_an_environment_that_begins_threads_at_its_start_has_no_starter(tmp_path: Path, starters: Starters) -> None:
    python, packages = own_environment(tmp_path)
    (packages / "busy.pth").write_text(
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )

    attempt = Attempt(tmp_path / "task", "import threading\nprint(threading.active_count())", starters, python=python)

    assert attempt.guard.ppid() == os.getpid()
    assert attempt.end() == "1\n"  # the guard's own fork has left them behind, as ever


def own_environment(folder: Path) -> tuple[Path, Path]:
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    return environment / "bin" / "python", next((environment / "lib").glob("python*/site-packages"))


OURS = """
import json, os, sys
loaded = "sklearn" in sys.modules and "mlflow" in sys.modules
own = {key: value for key, value in os.environ.items() if key in ("OPENBLAS_NUM_THREADS", "JE_ARROW_MALLOC_CONF")}
import numpy
numpy.ones((700, 700)) @ numpy.ones((700, 700))
threads = len(os.listdir("/proc/self/task"))
import polars
told = {"loaded": loaded, "threads": threads, "own": own, "random": numpy.random.rand(),
        "polars": polars.DataFrame({"a": [1, 2]}).sum().item()}
print(json.dumps(told))
"""


ENDS = """
import atexit, sys, threading, time
class TakenApart:
    def __del__(self):
        print("taken apart")
kept = TakenApart()
print("sklearn" in sys.modules)
atexit.register(print, "atexit")
threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()
sys.exit(3)
"""


def test_many_tasks_of_the_platform_find_their_libraries_loaded(tmp_path: Path) -> None:
    found = Starters("sklearn.base,mlflow.pyfunc,nothing.of.that.name")
    try:
        told = [_told_by_ours(tmp_path / str(number), found) for number in range(2)]
        assert [each["loaded"] for each in told] == [False, False]
        for number in range(2, 500):
            told.append(_told_by_ours(tmp_path / str(number), found))
            if told[-1]["loaded"]:
                break

        assert told[-1].pop("threads") >= len(os.sched_getaffinity(0))
        assert told[-1].pop("random") != _told_by_ours(tmp_path / "again", found)["random"]
        assert told[-1] == {"loaded": True, "polars": 3, "own": {}}
        [starter] = [each for each in psutil.Process().children() if "sklearn.base" in " ".join(each.cmdline())]
        assert len(os.listdir(f"/proc/{starter.pid}/task")) == 1
        last = Attempt(tmp_path / "last", ENDS, found, is_ours=True)
        assert last.end() == "True\nthread\natexit\n"
        assert (last.files.read_exit() or {})["exit_code"] == 3
        with_variables = Attempt(tmp_path / "with variables", ENDS, found, is_ours=True, of_job={"A": "b"})
        assert with_variables.end().startswith("False\n")
        plain = Attempt(tmp_path / "plain", "import sys; print('sklearn' in sys.modules)", found).end()
        assert plain == "False\n"
    finally:
        found.close()
    gone = [each for each in psutil.Process().children() if "sklearn.base" in " ".join(each.cmdline())]
    assert not gone


def test_a_task_of_the_platform_ends_in_order_without_being_taken_apart(tmp_path: Path, starters: Starters) -> None:
    ours = [
        Attempt(tmp_path / "ours", ENDS, starters, is_ours=True),
        Attempt(tmp_path / "with variables", ENDS, starters, is_ours=True, of_job={"A": "b"}),
    ]
    users = Attempt(tmp_path / "users", ENDS, starters)

    assert [each.end() for each in ours] == ["False\nthread\natexit\n"] * 2
    assert users.end() == "False\nthread\natexit\ntaken apart\n"
    assert {(each.files.read_exit() or {})["exit_code"] for each in (*ours, users)} == {3}


def test_libraries_that_begin_threads_are_loaded_by_each_task_itself(tmp_path: Path) -> None:
    (tmp_path / "threaded.py").write_text(
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    found = Starters("threaded")
    try:
        for number in range(40):
            assert not _told_by_ours(tmp_path / str(number), found, PYTHONPATH=str(tmp_path))["loaded"]
            if found._unfit:  # pyright: ignore[reportPrivateUsage]
                break

        assert not [each for each in psutil.Process().children() if "threaded" in each.cmdline()]
        assert _told_by_ours(tmp_path / "after", found, PYTHONPATH=str(tmp_path))["polars"] == 3
    finally:
        found.close()


def _told_by_ours(folder: Path, starters: Starters, **variables: str) -> dict[str, Any]:
    """What a task says that passes for one of the platform's own."""
    attempt = Attempt(folder, OURS, starters, is_ours=True, variables=variables)
    said: dict[str, Any] = json.loads(attempt.end().splitlines()[-1])
    return said
