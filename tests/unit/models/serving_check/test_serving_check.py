"""The process of a serving check: what it sees, how long it may run, and what is left of it."""

import time
from pathlib import Path

import psutil
import pytest

from boathouse.models.serving_check import (
    BadPayload,
    CheckOptions,
    Interpreter,
    Latency,
    ServingCheck,
    check_serving,
    find_interpreter,
)

LIGHT = CheckOptions.for_rollback(timeout_seconds=60)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    return folder


def checked_by(model: Path, script: str, options: CheckOptions = LIGHT) -> ServingCheck:
    """The check when this script stands for the model's Python. It is given ``-P -W ignore child.py spec.json``."""
    python = model.parent / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o700)
    return check_serving(model, options, find=lambda folder: Interpreter(python, "of the test"))


def is_gone(pid: int) -> bool:
    """Within a while: who is killed is not gone at once."""
    for _ in range(500):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_what_hangs_is_ended_with_its_children(model: Path, tmp_path: Path) -> None:
    note = tmp_path / "child.pid"
    script = f"sleep 600 & echo $! > {note}; sleep 600"
    found = checked_by(model, script, CheckOptions(light=True, timeout_seconds=2))
    assert "it was not done within 2 s, while loading" in str(found.problems)
    assert is_gone(int(note.read_text()))


def test_children_that_stay_behind_are_ended(model: Path, tmp_path: Path) -> None:
    note = tmp_path / "child.pid"
    found = checked_by(model, f"sleep 600 & echo $! > {note}")
    assert "ended without a result" in str(found.problems)
    assert is_gone(int(note.read_text()))


def test_what_takes_too_much_memory_is_ended(model: Path, tmp_path: Path) -> None:
    eater = tmp_path / "eater.py"
    eater.write_text("import time\nblock = b'x' * 300_000_000\ntime.sleep(600)\n")
    options = CheckOptions(light=True, timeout_seconds=60, memory_limit_mb=200)
    found = checked_by(model, f"exec python3 {eater}", options)
    assert "at most 200 MB are allowed" in str(found.problems)


def test_what_ends_or_is_killed_says_so_with_its_last_words(model: Path) -> None:
    assert "ended with code 7, while loading; its last line: no trees" in str(
        checked_by(model, "echo no trees; exit 7").problems
    )
    killed = checked_by(model, "kill -9 $$")
    assert "ended by SIGKILL, perhaps for want of memory" in str(killed.problems)


def test_what_was_found_before_a_crash_is_kept(model: Path) -> None:
    result = '{"problems": [], "loaded": true, "load_seconds": 1.5, "has_signature": true}'
    script = f"spec=$5; echo '{result}' > $(dirname $spec)/result.json; kill -SEGV $$"
    found = checked_by(model, script)
    assert found.loaded and found.load_seconds == 1.5 and found.environment == "of the test"
    assert "SIGSEGV, while answering" in str(found.problems)


def test_the_process_sees_no_token(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BOATHOUSE_TOKEN", "MLFLOW_TRACKING_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "very-secret")
    found = checked_by(model, "env; exit 1")
    assert "PATH=" in found.log and "OMP_NUM_THREADS=1" in found.log and "very-secret" not in found.log


def test_what_it_requires_and_nobody_has_is_named(model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOATHOUSE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    (model / "requirements.txt").write_text("surely-not-there==9.9\nnumpy\n")
    found = check_serving(model, LIGHT)
    assert not found.loaded and "surely-not-there==9.9 (here: none)" in str(found.problems)


def test_this_environment_is_taken_where_it_satisfies_the_model(model: Path) -> None:
    (model / "requirements.txt").write_text("# as logged\nnumpy\npandas>=1\nnothing; python_version < '3'\n")
    assert find_interpreter(model).name == "platform"


def test_a_python_that_is_not_there_is_told(model: Path) -> None:
    found = check_serving(model, LIGHT, find=lambda folder: Interpreter(Path("/nowhere/python")))
    assert "cannot be started" in str(found.problems)


def test_a_folder_without_a_model_is_none(tmp_path: Path) -> None:
    assert "no MLmodel file" in str(check_serving(tmp_path).problems)


def test_a_result_survives_json() -> None:
    found = ServingCheck(
        problems=("one",), loaded=True, latency=Latency(10, 1.0, 2.0, 1.5), versions={"mlflow": "3"},
        bad_payloads=(BadPayload("column a is missing", True, True, "a is missing"),),
    )  # fmt: skip
    assert ServingCheck.from_json(found.to_json()) == found
    assert not found.passed
