"""Does what a task says, and writes down what came of it: an error with its trace, or a notebook's result."""

from __future__ import annotations

import json
import os
import sys

from . import preloading
from .own import own_ledger, own_paths, without_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run_task(spec: dict[str, Any]) -> None:
    """Run the task and leave the process with its exit code."""
    code = 0
    output: dict[str, Any] = {}
    try:
        _prepare_output()
        _prepare_environment(spec)
        if preloading.loaded:
            preloading.arrive()
        _install_hooks()
        _prepare_imports(spec)
        result = _run(spec)
        if result is not None:
            output["result"] = result
    except SystemExit as stop:
        code = _exit_code(stop)
        if code:
            output["error"] = f"The task left with exit code {code}."
    except BaseException as error:  # noqa: BLE001 (whatever a task raises is its result)
        code = 1
        output |= _explained(error)
    if "output" in spec:
        _answer(spec["output"], output)
    elif output:
        _write(spec["output_file"], output)
    if spec.get("is_ours"):
        preloading.leave(code)
    sys.exit(code)


def run_told() -> None:
    """Run what standard input says."""
    with open(0, encoding="utf-8") as given:
        spec = json.load(given)
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # takes the place of standard input
    run_task(spec)


def _prepare_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a log that is read while it grows


def _prepare_environment(spec: dict[str, Any]) -> None:
    """The variables that the job itself gives; they may hold secrets, and so are known only here."""
    own_ledger[:] = filter(None, [os.environ.get("BOATHOUSE_TASK_LEDGER")])
    os.environ.update(spec.get("variables", {}))
    if "job_parameters" in spec:
        os.environ["BOATHOUSE_PARAMETERS"] = json.dumps(spec["job_parameters"])


def _prepare_imports(spec: dict[str, Any]) -> None:
    """The folder of the task's file comes first, as Python itself would have it; wheels and the deployed folder come
    after the standard library, so that a file of the bundle called ``token.py`` takes nothing away from it."""
    packages = [index for index, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages"))]
    place = min(packages, default=len(sys.path))
    sys.path[place:place] = spec["paths"]
    sys.path[:0] = spec["first_paths"]
    own_paths[:] = spec["paths"]


def _install_hooks() -> None:
    """Call what the wiring wants called in every task; what goes wrong in it must not break the task."""
    from .sdk import install

    install()
    for module, name in hooks():
        try:
            getattr(__import__(module, fromlist=[name]), name)()
        except Exception as error:  # noqa: BLE001
            said = f"{type(error).__name__}: {error}"
            print(f"[boathouse] the hook {module}:{name} failed: {said}", file=sys.stderr)  # noqa: T201


def hooks() -> list[tuple[str, str]]:
    """The module and the name of each hook."""
    named = filter(None, os.environ.get("BOATHOUSE_TASK_HOOKS", "").split(","))
    return [(module, name) for module, _, name in (hook.partition(":") for hook in named)]


def _run(spec: dict[str, Any]) -> str | None:
    match spec["kind"]:
        case "spark_python_task":
            from .script import run_script

            return run_script(spec["file"], spec["parameters"])
        case "python_wheel_task":
            from .wheel import run_entry_point

            return run_entry_point(spec)
        case "notebook_task":
            from .notebook import run_notebook

            return run_notebook(spec["file"], spec["parameters"], spec["notebook_file"])
        case "sql_task":
            from .sql import run_statements

            return run_statements(spec["text"], spec["parameters"])
        case kind:
            raise ValueError(f"There is no task kind {kind!r}.")


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    print(stop.code, file=sys.stderr)  # noqa: T201 (as Python itself does)
    return 1


def _explained(error: BaseException) -> dict[str, str]:
    sys.path[:] = _PATH  # what follows imports from the standard library, and the task's folder may hold a token.py
    import traceback

    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    full = "".join(traceback.format_exception(type(error), error, trace))
    print(full, file=sys.stderr, end="")  # noqa: T201
    message = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        message = f"SyntaxError: {error.msg} ({error.filename}, line {error.lineno})"
    return {"error": message, "error_trace": full}


_PATH = list(sys.path)
"""Where modules come from before the task's own places are added."""

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120


def _is_ours(filename: str) -> bool:
    return filename.startswith((_HERE, "<frozen"))


def _answer(descriptor: int, output: dict[str, Any]) -> None:
    """Tell the notebook that runs this one; between the two nothing is hidden."""
    with open(descriptor, "w", encoding="utf-8") as pipe:
        json.dump(output, pipe)


def _write(path: str, output: dict[str, Any]) -> None:
    output = without_secrets(output)
    draft = path + ".new"
    with open(draft, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(output, file)
    os.replace(draft, path)  # noqa: PTH105
