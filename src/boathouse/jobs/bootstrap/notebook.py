"""Runs a notebook: its cells one after the other in one namespace."""

import ast
import os
import re
import sys
from dataclasses import replace
from types import CodeType, ModuleType
from typing import Any

from .cells import Cell, read_cells
from .dbutils import DBUtils, NotebookExit
from .display import display
from .executed import Executed
from .ipython import without_magics

SUFFIXES = ("", ".py", ".ipynb")
"""What a notebook is often named without."""


class Spark:
    """Stands where a notebook expects ``spark``; explains itself when it is used."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            "This task has no Spark. Use boathouse.sql and boathouse.table, or set SPARK_REMOTE to a Spark Connect URL."
        )


def run_notebook(file: str, parameters: dict[str, str], executed_file: str | None = None) -> str | None:
    """Run the cells; gives back what the notebook gave to ``dbutils.notebook.exit``. What they gave out is kept in
    ``executed_file``, whether they succeed or not."""
    main = ModuleType("__main__")
    main.__file__ = file
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    sys.argv = [file]
    names = main.__dict__
    dbutils = DBUtils(parameters, lambda path: _other_notebook("dbutils.notebook.run", path, file))
    names |= {"dbutils": dbutils, "display": display, "displayHTML": print, "spark": _spark()}
    executed = Executed()
    try:
        with executed:
            return _run_top(file, names, executed)
    finally:
        if executed_file is not None:
            executed.write(executed_file)


def _run_top(file: str, names: dict[str, Any], executed: Executed) -> str | None:
    _under_way[:] = [os.path.realpath(file)]
    try:
        for cell in read_cells(file):
            executed.begin(cell)
            _run_cell(cell, file, names)
    except NotebookExit as end:
        return end.value
    except BaseException as error:
        executed.failed(error)
        raise
    return None


def _run_cell(cell: Cell, file: str, names: dict[str, Any]) -> None:
    match cell.kind:
        case "python":
            _run_python(cell, file, names)
        case "md" | "md-sandbox":
            pass
        case "sql":
            _run_sql(cell.text, names)
        case "run":
            _run_here(_other_notebook("%run", cell.text.strip(), file), names)
        case "pip":
            _check_pip(cell.text.strip())
        case "time" | "timeit":
            _run_timed(cell, file, names)
        case kind:
            raise NotImplementedError(
                f"{cell.place(file)}, line {cell.line}: %{kind} is not supported in a notebook task."
            )


def _run_here(file: str, names: dict[str, Any]) -> None:
    """Run another notebook in the same namespace."""
    place = os.path.realpath(file)
    if place in _under_way:
        raise RecursionError(f"%run: {' runs '.join([*_under_way[_under_way.index(place) :], place])}.")
    _under_way.append(place)
    try:
        for cell in read_cells(file):
            _run_cell(cell, file, names)
    finally:
        _under_way.pop()


_under_way: list[str] = []
"""The notebooks that run each other right now, from the task's own on."""


def _run_timed(cell: Cell, file: str, names: dict[str, Any]) -> None:
    """Once, also for ``%%timeit``: a task does its work once."""
    import time

    options, newline, rest = cell.text.partition("\n")
    if options.lstrip().startswith("-"):
        cell = replace(cell, text=newline + rest)
    began = time.perf_counter()
    _run_python(cell, file, names)
    print(f"Wall time: {time.perf_counter() - began:.3f} s")  # noqa: T201


def _run_python(cell: Cell, file: str, names: dict[str, Any]) -> None:
    """Run a cell; the value of an expression at its end is shown, as notebooks do."""
    body, last = _compiled(cell, file)
    exec(body, names)  # noqa: S102 (running the user's notebook is what this is for)
    if last is not None and (value := eval(last, names)) is not None:  # noqa: S307
        print(repr(value))  # noqa: T201


def _compiled(cell: Cell, file: str) -> tuple[CodeType, CodeType | None]:
    # Lines before the cell are left empty, so that an error names the line of the file.
    text, place = "\n" * (cell.line - 1) + cell.text, cell.place(file)
    if cell.number:
        _remember_lines(place, text)
    tree = _parsed(text, place)
    if tree is None:
        text = without_magics(text, place, _check_pip)
        tree = ast.parse(text, place)
    last: CodeType | None = None
    if tree.body and isinstance(end := tree.body[-1], ast.Expr) and not text.rstrip().endswith(";"):
        tree.body.pop()
        last = compile(ast.Expression(end.value), place, "eval")
    return compile(tree, place, "exec"), last


def _parsed(text: str, place: str) -> ast.Module | None:
    """The cell as Python; None when it is none, or not yet."""
    try:
        return ast.parse(text, place)
    except SyntaxError:
        return None


def _remember_lines(place: str, text: str) -> None:
    """So that tracebacks show lines of cells, which are in no file of that name."""
    import linecache

    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)


def _run_sql(text: str, names: dict[str, Any]) -> None:
    from .sql import run_statements

    run_statements(text, names["dbutils"].widgets.getAll())


def _other_notebook(verb: str, said: str, file: str) -> str:
    """The file that a notebook means by a path, which must lie within the deployed folder."""
    path = os.path.join(os.path.dirname(file), said.strip("\"'"))  # noqa: PTH118, PTH120
    root = os.environ.get("BOATHOUSE_SOURCE_ROOT")
    if root and os.path.commonpath([os.path.realpath(path), os.path.realpath(root)]) != os.path.realpath(root):
        raise PermissionError(f"{verb} {said}: the path leads out of the deployed folder.")
    for suffix in SUFFIXES:
        if os.path.isfile(path + suffix):  # noqa: PTH113
            return path + suffix
    raise FileNotFoundError(f"{verb} {said}: there is no such notebook beside {file}.")


def _check_pip(command: str) -> None:
    """The environment is locked: say what is there and what is missing instead of installing."""
    from importlib.metadata import PackageNotFoundError, version

    for word in command.split()[1:]:
        name = re.split(r"[<>=!~\[; ]", word, maxsplit=1)[0]
        if not name or word.startswith("-") or "/" in word or word.endswith((".txt", ".whl")):
            continue
        try:
            state = f"the environment has {name} {version(name)}"
        except PackageNotFoundError:
            state = f"the environment has no {name}: add it to the environment's dependencies"
        print(f"[boathouse] %pip {command}: not run, the environment is locked; {state}.", file=sys.stderr)  # noqa: T201


def _spark() -> Any:
    if not os.environ.get("SPARK_REMOTE"):
        return Spark()
    from pyspark.sql import SparkSession  # pyright: ignore

    return SparkSession.builder.getOrCreate()  # pyright: ignore
