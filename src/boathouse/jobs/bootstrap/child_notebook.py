"""``dbutils.notebook.run``: another notebook in a process of its own, which has a namespace and parameters of its own.

The process belongs to the task: it prints into the task's log, and ends with the task. It is told what to do through
its standard input, since parameters may hold secrets, which must not reach the disk.
"""

import json
import os
import subprocess
import sys
from typing import Any

from .own import own_paths

_DEPTH_VARIABLE = "BOATHOUSE_NOTEBOOK_DEPTH"
_DEEPEST = 20
_LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")  # noqa: PTH100, PTH118, PTH120


class NotebookFailed(RuntimeError):
    """The other notebook ended with an error."""


def run_child(file: str, timeout_seconds: float, parameters: dict[str, str]) -> str:
    """Run a notebook; gives back what it gave to ``dbutils.notebook.exit``, or an empty text.

    Raises:
        NotebookFailed: It failed; the message is its error.
        TimeoutError: It took longer than ``timeout_seconds``; 0 is no limit.
        RecursionError: Notebooks that run each other go too deep.
    """
    depth = int(os.environ.get(_DEPTH_VARIABLE, "0")) + 1
    if depth > _DEEPEST:
        raise RecursionError(f"{file}: {_DEEPEST} notebooks have run each other already.")
    reader, writer = os.pipe()
    folder = os.path.dirname(file)  # noqa: PTH120
    spec = {"kind": "notebook_task", "file": file, "parameters": parameters, "output": writer}
    spec |= {"first_paths": [folder], "paths": own_paths, "notebook_file": None}
    sys.stdout.flush()
    sys.stderr.flush()
    process = subprocess.Popen(
        [sys.executable, "-P", _LAUNCH, "-"],
        stdin=subprocess.PIPE,
        pass_fds=[writer],
        env={**os.environ, _DEPTH_VARIABLE: str(depth)},
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        try:
            process.communicate(json.dumps(spec).encode(), timeout=timeout_seconds or None)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"The notebook {file} took longer than its {timeout_seconds:g} s.") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output: dict[str, Any] = json.loads(answer.read() or b"{}")
    if process.returncode:
        raise NotebookFailed(f"{file}: {output.get('error', f'it left with exit code {process.returncode}')}")
    return output.get("result") or ""
