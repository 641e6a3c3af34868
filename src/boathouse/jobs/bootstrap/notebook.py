"""Runs a notebook in Databricks' source format: a Python file whose cells are parted by comments.

Cells in another language stand in ``# MAGIC`` comments. Line numbers in errors are those of the file.
"""

import os
import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .dbutils import DBUtils, NotebookExit
from .display import display

HEADER = "# Databricks notebook source"
_SEPARATOR = re.compile(r"^# COMMAND -+\s*$")
_MAGIC = re.compile(r"^# MAGIC ?")
_REFUSED = ("fs", "scala", "r", "sh", "skip")


@dataclass(frozen=True)
class Cell:
    """One cell: ``kind`` is ``python`` or the name of its magic."""

    kind: str
    text: str
    line: int
    """Line of the file on which the text begins, from 1."""


class Spark:
    """Stands where a notebook expects ``spark``; explains itself when it is used."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(
            "This task has no Spark. Use boathouse.sql and boathouse.table, or set SPARK_REMOTE to a Spark Connect URL."
        )


def cells_of(source: str) -> list[Cell]:
    """The cells of a notebook, in order."""
    groups: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(source.splitlines(), start=1):
        if _SEPARATOR.match(line):
            groups.append([])
        elif not (number == 1 and line.startswith(HEADER)):
            groups[-1].append((number, line))
    return [cell for group in groups if (cell := _cell(group))]


def _cell(lines: list[tuple[int, str]]) -> Cell | None:
    said = [(number, line) for number, line in lines if line.strip() and not line.startswith("# DBTITLE")]
    if not said:
        return None
    number, first = said[0]
    if not _MAGIC.match(first):
        return Cell("python", "\n".join(line for _, line in lines), lines[0][0])
    text = [_MAGIC.sub("", line) for _, line in said]
    magic, _, rest = text[0].partition(" ")
    if not magic.startswith("%"):
        return Cell("md", "\n".join(text), number)
    return Cell(magic.strip().lstrip("%"), "\n".join([rest, *text[1:]]), number)


def run_notebook(file: str, parameters: dict[str, str]) -> str | None:
    """Run the cells in one namespace; gives back what the notebook gave to ``dbutils.notebook.exit``."""
    main = ModuleType("__main__")
    main.__file__ = file
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    sys.modules["__main__"] = main
    sys.argv = [file]
    names = main.__dict__
    names |= {"dbutils": DBUtils(parameters), "display": display, "displayHTML": print, "spark": _spark()}
    try:
        _run_cells(file, names)
    except NotebookExit as end:
        return end.value
    return None


def _run_cells(file: str, names: dict[str, Any]) -> None:
    with open(file, encoding="utf-8") as source:  # noqa: PTH123
        cells = cells_of(source.read())
    for cell in cells:
        _run_cell(cell, file, names)


def _run_cell(cell: Cell, file: str, names: dict[str, Any]) -> None:
    match cell.kind:
        case "python":
            # Lines before the cell are left empty, so that an error names the line of the file.
            code = compile("\n" * (cell.line - 1) + cell.text, file, "exec")
            exec(code, names)  # noqa: S102 (running the user's notebook is what this is for)
        case "md" | "md-sandbox":
            pass
        case "sql":
            _run_sql(cell.text, names)
        case "run":
            _run_cells(_other_notebook(cell.text.strip(), file), names)
        case "pip":
            _check_pip(cell.text.strip())
        case kind:
            raise NotImplementedError(f"{file}, line {cell.line}: %{kind} is not supported in a notebook task.")


def _run_sql(text: str, names: dict[str, Any]) -> None:
    from .sql import run_statements

    run_statements(text, names["dbutils"].widgets.getAll())


def _other_notebook(said: str, file: str) -> str:
    """The file that ``%run`` means, which must lie within the deployed folder."""
    path = os.path.join(os.path.dirname(file), said.strip("\"'"))  # noqa: PTH118, PTH120
    root = os.environ.get("BOATHOUSE_SOURCE_ROOT")
    if root and os.path.commonpath([os.path.realpath(path), os.path.realpath(root)]) != os.path.realpath(root):
        raise PermissionError(f"%run {said}: the path leads out of the deployed folder.")
    for candidate in (path, path + ".py"):
        if os.path.isfile(candidate):  # noqa: PTH113
            return candidate
    raise FileNotFoundError(f"%run {said}: there is no such notebook beside {file}.")


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
