"""Checks a model's folder in a process of its own: what it does there cannot harm whoever asks.

The process gets no token and no variable of ours, may take so long and no longer, and takes its children along.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import BoathouseError
from boathouse.models.serving_check.interpreters import FindInterpreter, Interpreter, find_interpreter
from boathouse.models.serving_check.nouns import CheckOptions, ServingCheck
from boathouse.models.serving_process.processes import end_group, has_ended, how_it_ended, memory_mb, variables

CHILD = Path(__file__).with_name("child.py")
_POLL_SECONDS = 0.02
_MEMORY_EVERY = 10
_LOG_CHARACTERS = 4_000


def check_serving(
    folder: Path, options: CheckOptions | None = None, *, find: FindInterpreter = find_interpreter
) -> ServingCheck:
    """Check the model in a folder. Whatever goes wrong is a problem of the result.

    Args:
        find: Chooses the Python by what the model requires.
    """
    with begun_check(folder, options, find=find) as finish:
        return finish()


@contextmanager
def begun_check(
    folder: Path, options: CheckOptions | None = None, *, find: FindInterpreter = find_interpreter
) -> Generator[Callable[[], ServingCheck]]:
    """As :func:`check_serving`, in two steps: the model loads while the block goes on, and is asked for nothing until
    the function that the block gets is called."""
    options = options or CheckOptions()
    nothing = ServingCheck(light=options.light)
    if not (folder / "MLmodel").is_file():
        yield lambda: replace(nothing, problems=(f"{folder.name} holds no MLmodel file, so it is no model.",))
        return
    try:
        interpreter = find(folder)
    except BoathouseError as error:
        problem = f"no environment satisfies the model's requirements: {error}"
        yield lambda: replace(nothing, problems=(problem,))
        return
    with tempfile.TemporaryDirectory(prefix="boathouse-serving-check-", ignore_cleanup_errors=True) as scratch:
        spec, result, log = (Path(scratch, name) for name in ("spec.json", "result.json", "log.txt"))
        spec.write_text(json.dumps(_spec(folder, options, interpreter, result)))
        with _running(interpreter, spec, log) as process:
            yield lambda: _found(interpreter, options, result, log, _ended(process, options))


def _found(
    interpreter: Interpreter, options: CheckOptions, result: Path, log: Path, ended: str | None
) -> ServingCheck:  # fmt: skip
    said = log.read_text(encoding="utf-8", errors="replace")[-_LOG_CHARACTERS:] if log.is_file() else ""
    try:
        found = ServingCheck.from_json(result.read_bytes())
    except (OSError, ValueError, TypeError):
        found = ServingCheck()
        ended = ended or "the process of the check ended without a result"
    found = replace(found, light=options.light, environment=interpreter.name, log=said)
    if ended is None:
        return found
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    problem = f"{ended}, while {'answering' if found.loaded else 'loading'}"
    return replace(found, problems=(*found.problems, f"{problem}; its last line: {last}" if last else problem))


def _spec(folder: Path, options: CheckOptions, interpreter: Interpreter, result: Path) -> dict[str, Any]:
    return {
        "folder": str(folder.absolute()),
        "result": str(result),
        "light": options.light,
        "load_seconds": options.load_seconds,
        "minimum_requests": options.minimum_requests,
        "maximum_requests": options.maximum_requests,
        "rows_per_request": options.rows_per_request,
        "warm_up_requests": options.warm_up_requests,
        "payload": str(options.payload.absolute()) if options.payload else None,
        "paths": [str(path) for path in interpreter.paths],
        "parent": os.getpid(),
    }


@contextmanager
def _running(interpreter: Interpreter, spec: Path, log: Path) -> "Generator[subprocess.Popen[bytes] | str]":
    """The process, or why it cannot be started; it and its children are gone when the block ends."""
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [str(interpreter.python), "-P", "-W", "ignore", str(CHILD), str(spec)],
                cwd=spec.parent,
                env=variables(spec.parent),
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            yield f"{interpreter.python} cannot be started: {error}"
            return
    try:
        yield process
    finally:
        end_group(process)
        if process.stdin is not None:
            process.stdin.close()


def _ended(process: "subprocess.Popen[bytes] | str", options: CheckOptions) -> str | None:
    """Let the process ask, and wait for its end; why it did not come to a good one, or None."""
    if isinstance(process, str):
        return process
    _let_ask(process)
    return _watched(process, options)


def _let_ask(process: "subprocess.Popen[bytes]") -> None:
    """A line is what the process waits for once the model is loaded."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended
            process.stdin.write(b"\n")


def _watched(process: "subprocess.Popen[bytes]", options: CheckOptions) -> str | None:
    deadline = time.monotonic() + options.timeout_seconds
    turns = 0
    while not has_ended(process):
        if time.monotonic() > deadline:
            return f"it was not done within {options.timeout_seconds:g} s"
        turns += 1
        if options.memory_limit_mb is not None and turns % _MEMORY_EVERY == 0:
            taken = memory_mb(process.pid)
            if taken > options.memory_limit_mb:
                return f"it took {taken:,.0f} MB of memory; at most {options.memory_limit_mb:,.0f} MB are allowed"
        time.sleep(_POLL_SECONDS)
    end_group(process)
    return how_it_ended(process.returncode)
