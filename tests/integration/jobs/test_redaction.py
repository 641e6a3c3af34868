"""What a task prints and raises holds no secret that it knows: a task under its guard, without a worker."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from boathouse.jobs.executing.processes import AttemptFiles, Command, TaskProcess

pytestmark = pytest.mark.server
MARK = "[REDACTED]"
NOTE = "from boathouse.foundation.redaction import note\n"


class Attempt:
    """A script under its guard."""

    def __init__(self, folder: Path, script: str, parameters: list[str], secrets: dict[str, str]) -> None:
        self.file = folder / "main.py"
        self.file.write_text(script)
        self.files = AttemptFiles(folder / "runs" / "0")
        spec = {"kind": "spark_python_task", "file": str(self.file), "parameters": parameters}
        spec |= {"first_paths": [], "paths": [], "variables": {"FROM_JOB": "is <mark>"}}
        variables = {key: value for key, value in os.environ.items() if not key.startswith("BOATHOUSE_")}
        command = Command(Path(sys.executable), spec, {**variables, "PYTHONUNBUFFERED": "1"}, self.files, secrets)
        self.process = TaskProcess(command)

    def end(self) -> "Attempt":
        self.process.wait()
        return self

    @property
    def log(self) -> str:
        return self.files.log.read_text(errors="replace")

    @property
    def output(self) -> dict[str, Any]:
        return self.files.read_output()

    def until(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while text not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.01)


def run(folder: Path, script: str, *parameters: str, **secrets: str) -> Attempt:
    return Attempt(folder, script, list(parameters), {f"<{name}>": value for name, value in secrets.items()})


def test_given_secrets_reach_the_task_and_neither_its_log_nor_the_disk(tmp_path: Path) -> None:
    script = "import os, sys\nprint(sys.argv[1:], os.environ['FROM_JOB'])\nassert len(sys.argv[1]) == 10\n"

    done = run(tmp_path, script, "is <mark>", mark="hunter2").end()

    assert done.files.read_exit()["exit_code"] == 0
    assert done.log == f"['is {MARK}'] is {MARK}\n"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"hunter2" in file.read_bytes()]


def test_an_error_and_its_trace_hold_no_secret(tmp_path: Path) -> None:
    done = run(
        tmp_path, "import sys\nraise ValueError('cannot sign in with ' + sys.argv[1])", "<mark>", mark="s3\nqt"
    ).end()

    assert done.output["error"] == f"ValueError: cannot sign in with {MARK}"
    assert "qt" not in json.dumps(done.output) + done.log


def test_a_secret_that_is_fetched_later_is_hidden_from_its_first_appearance(tmp_path: Path) -> None:
    script = (
        NOTE
        + "print('before')\nfor n in range(300):\n    v = f'value-{n}-secret'\n    note([v.encode()])\n    print(v)\n"
    )

    done = run(tmp_path, script).end()

    assert done.log == "before\n" + f"{MARK}\n" * 300


def test_a_secret_that_a_child_process_fetches_is_hidden_too(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(NOTE + "note([b'grandchild'])\nprint('a grandchild', flush=True)")
    call = f"subprocess.run([sys.executable, {str(tmp_path / 'child.py')!r}])"
    script = f"import subprocess, sys\n{call}\nraise Exception('grandchild')"

    done = run(tmp_path, script).end()

    assert "grandchild" not in done.log and done.output["error"] == f"Exception: {MARK}"


def test_a_secret_in_pieces_is_hidden_and_binary_output_is_left_alone(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\nfor piece in (b'\\xff\\x00 hun', b'ter', b'2 \\xfe\\n'):\n"
        "    os.write(1, piece)\n    time.sleep(0.05)\n"
    )

    done = run(tmp_path, script, mark="hunter2").end()

    assert done.files.log.read_bytes() == b"\xff\x00 [REDACTED] \xfe\n"


def test_a_part_of_a_line_is_in_the_log_while_the_task_runs(tmp_path: Path) -> None:
    script = "import sys\nprint('half a line', end='', flush=True)\nimport time\ntime.sleep(600)"

    attempt = run(tmp_path, script, mark="hunter2")
    attempt.until("half a line")

    attempt.process.end()
    attempt.process.wait()
    assert attempt.files.read_exit() is None


def test_what_was_printed_before_everything_ended_is_in_the_log(tmp_path: Path) -> None:
    script = "import os, time\nprint('x' * 100_000, flush=True)\nprint('hunter', end='', flush=True)\ntime.sleep(600)"

    attempt = run(tmp_path, script, mark="hunter2")
    attempt.until("x" * 100_000 + "\n")
    attempt.process.end()
    attempt.process.wait()

    assert attempt.log == "x" * 100_000 + "\nhunter"


def test_a_task_that_closes_its_output_still_ends_as_it_ends(tmp_path: Path) -> None:
    done = run(tmp_path, "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(0.2)\nos._exit(7)").end()

    assert done.files.read_exit()["exit_code"] == 7


def test_output_of_what_a_task_leaves_behind_is_kept_until_its_end(tmp_path: Path) -> None:
    orphan = "    os.setsid()\n    print('orphan', flush=True)\n    time.sleep(600)\n"
    script = f"import os, time\nif os.fork() == 0:\n{orphan}time.sleep(0.5)"

    done = run(tmp_path, script).end()

    assert done.log == "orphan\n" and done.files.read_exit()["exit_code"] == 0


def test_much_output_arrives_whole(tmp_path: Path) -> None:
    done = run(tmp_path, "for n in range(200_000):\n    print('line', n)", mark="no such thing").end()

    assert done.log == "".join(f"line {n}\n" for n in range(200_000))


def test_a_secret_that_cannot_be_a_variable_fails_the_task_and_stays_hidden(tmp_path: Path) -> None:
    done = run(tmp_path, "print('never')", mark="hunter\0two").end()

    assert done.output["error"] == "ValueError: embedded null byte" and "hunter" not in done.log


def test_a_killed_guard_leaves_no_secret_behind(tmp_path: Path) -> None:
    script = NOTE + "import sys, time\nnote([b'fetched-later'])\nprint('ready', sys.argv[1])\ntime.sleep(600)"
    attempt = run(tmp_path, script, "<mark>", mark="hunter2")
    attempt.until("ready")

    attempt.process.kill()
    attempt.process.wait()

    assert attempt.log == f"ready {MARK}\n" and attempt.files.read_exit() is None
    left = [file.read_bytes() for file in (tmp_path / "runs").rglob("*") if file.is_file()]
    assert left and not any(b"hunter2" in data or b"fetched-later" in data for data in left)


def test_a_task_that_clears_its_environment_is_not_forgotten(tmp_path: Path) -> None:
    done = run(
        tmp_path, "import os, sys\nos.environ.clear()\nraise ValueError(sys.argv[1])", "<mark>", mark="hunter2"
    ).end()

    assert done.output["error"] == f"ValueError: {MARK}" and "hunter2" not in json.dumps(done.output) + done.log
