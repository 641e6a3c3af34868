"""Reads the cells of a notebook: Databricks' source format (``.py``) and Jupyter's (``.ipynb``).

In the source format cells are parted by comments and cells in another language stand in ``# MAGIC`` comments; a line is
known by its number in the file. In Jupyter's, a line is known by its cell and its number there.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

HEADER = "# Databricks notebook source"
_SEPARATOR = re.compile(r"^# COMMAND -+\s*$")
_MAGIC = re.compile(r"^# MAGIC ?")
_LANGUAGES = ("python", "sql")


class InvalidNotebook(ValueError):
    """A file that is no notebook, or one that cannot be run here; says where and why."""


@dataclass(frozen=True)
class Cell:
    """One cell: ``kind`` is ``python`` or the name of its magic."""

    kind: str
    text: str
    line: int
    """Line of the file on which the text begins, from 1; in Jupyter's format, of the cell."""
    number: int = 0
    """Which cell it is in Jupyter's format, from 1; 0 in the source format."""
    source: str = field(default="", compare=False)
    """As it was written."""

    def place(self, file: str) -> str:
        """What tracebacks call the file."""
        return f"{file}, cell {self.number}" if self.number else file


def read_cells(file: str) -> list[Cell]:
    """The cells of a notebook file, in order.

    Raises:
        InvalidNotebook: It cannot be read; the message says where.
    """
    with open(file, "rb") as stream:  # noqa: PTH123
        data = stream.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidNotebook(f"{file} is no text in UTF-8: byte {error.start} is not.") from None
    return cells_of_jupyter(text, file) if file.endswith(".ipynb") else cells_of(text)


def cells_of(source: str) -> list[Cell]:
    """The cells of a notebook in source format."""
    groups: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(source.splitlines(), start=1):
        if _SEPARATOR.match(line):
            groups.append([])
        elif not (number == 1 and line.startswith(HEADER)):
            groups[-1].append((number, line))
    return [cell for group in groups if (cell := _cell(group))]


def cells_of_jupyter(text: str, file: str) -> list[Cell]:
    """The cells of a Jupyter notebook.

    Raises:
        InvalidNotebook: It is no notebook of format 4, or in a language that is not run here.
    """
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise InvalidNotebook(f"{file} is no notebook: {error}.") from None
    except RecursionError:
        raise InvalidNotebook(f"{file} is no notebook: it is nested too deeply.") from None
    version = content.get("nbformat", 4) if isinstance(content, dict) else 4
    if version != 4 or not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        hint = f"it has format {version}, and 4 is needed." if version != 4 else "it has no cells."
        raise InvalidNotebook(f"{file} is no notebook that can be run: {hint}")
    language = _language(content)
    if language not in _LANGUAGES:
        raise InvalidNotebook(f"{file} is a notebook in {language}; {' and '.join(_LANGUAGES)} can be run.")
    found = (_jupyter_cell(cell, number, language, file) for number, cell in enumerate(content["cells"], start=1))
    return [cell for cell in found if cell is not None]


def _cell(lines: list[tuple[int, str]]) -> Cell | None:
    said = [(number, line) for number, line in lines if line.strip() and not line.startswith("# DBTITLE")]
    if not said:
        return None
    number, first = said[0]
    source = "\n".join(line for _, line in lines).strip("\n")
    if not _MAGIC.match(first):
        return Cell("python", "\n".join(line for _, line in lines), lines[0][0], source=source)
    text = [_MAGIC.sub("", line) for _, line in said]
    if not text[0].startswith("%"):
        return Cell("md", "\n".join(text), number, source=source)
    return _magic_cell("\n".join(text), number, 0, source)


def _jupyter_cell(cell: Any, number: int, language: str, file: str) -> Cell | None:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise InvalidNotebook(f"{file} is no notebook that can be run: cell {number} has no source.")
    if cell.get("cell_type") != "code":
        return Cell("md", source, 1, number, source)
    if not source.strip():
        return None
    blank = len(source) - len(source.lstrip("\n"))
    if source[blank:].startswith("%") and not re.match(r"%\w+[ \t]*=", source[blank:]):
        magic = re.match(r"%%?(\w*)", source[blank:])
        if magic and (source[blank:].startswith("%%") or magic[1] in CELL_MAGICS):
            return _magic_cell(source[blank:], blank + 1, number, source)
    return Cell(language, source, 1, number, source)


CELL_MAGICS = frozenset({"python", "sql", "md", "run", "pip", "conda", "fs", "scala", "r", "sh", "bash", "md-sandbox"})
"""Magics that a single percent sign makes of a whole cell, as Databricks has it."""


def _magic_cell(text: str, line: int, number: int, source: str) -> Cell:
    first, newline, rest = text.partition("\n")
    magic, _, after = first.partition(" ")
    kind = magic.strip().lstrip("%")
    return Cell(kind, after + newline + rest, line, number, source)


def _language(content: dict[str, Any]) -> str:
    metadata = content.get("metadata")
    if not isinstance(metadata, dict):
        return "python"
    for key in ("application/vnd.databricks.v1+notebook", "kernelspec"):
        part = metadata.get(key)
        if isinstance(part, dict) and isinstance(part.get("language"), str):
            return part["language"].lower()
    return "python"
