"""Checks a model's folder in a process of its own: what it does there cannot harm whoever asks.

The process gets no token and no variable of ours, may take so long and no longer, and takes its children along.
"""

import json
import os
import subprocess
import tempfile
import time
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
    options = options or CheckOptions()
    nothing = ServingCheck(light=options.light)
    if not (folder / "MLmodel").is_file():
        return replace(nothing, problems=(f"{folder.name} holds no MLmodel file, so it is no model.",))
    try:
        interpreter = find(folder)
    except BoathouseError as error:
        return replace(nothing, problems=(f"no environment satisfies the model's requirements: {error}",))
    with tempfile.TemporaryDirectory(prefix="boathouse-serving-check-", ignore_cleanup_errors=True) as scratch:
        return _checked(folder, options, interpreter, Path(scratch))


def _checked(folder: Path, options: CheckOptions, interpreter: Interpreter, scratch: Path) -> ServingCheck:
    spec, result, log = scratch / "spec.json", scratch / "result.json", scratch / "log.txt"
    spec.write_text(json.dumps(_spec(folder, options, interpreter, result)))
    ended = _run(interpreter, spec, log, options)
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


def _run(interpreter: Interpreter, spec: Path, log: Path, options: CheckOptions) -> str | None:
    """Run the process to its end; why it did not come to a good one, or None."""
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(
                [str(interpreter.python), "-P", "-W", "ignore", str(CHILD), str(spec)],
                cwd=spec.parent,
                env=variables(spec.parent),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            return f"{interpreter.python} cannot be started: {error}"
    try:
        return _watched(process, options)
    finally:
        end_group(process)


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
