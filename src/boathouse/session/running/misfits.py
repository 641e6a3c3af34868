"""Finds the line of a CSV file whose value does not fit, for the error message; looks only after something failed."""

import csv
import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from boathouse.foundation.errors import InvalidInput


class Misfit(InvalidInput):
    """A value that a column of the table cannot hold."""

    def __init__(self, column: str, value: str, wanted: str) -> None:
        self.column, self.value, self.wanted = column, value, wanted
        super().__init__(
            f"The value {value!r} of column {column} does not fit: the table has {wanted}.",
            hint="Correct the row, or load into a column of another type.",
        )

    def at(self, place: str) -> InvalidInput:
        """The same, with the place where the value stands."""
        return InvalidInput(f"{place}: {self.message}", hint=self.hint)


def line_of(misfit: Misfit, files: Iterable[Path], delimiter: str = ",") -> tuple[Path, int] | None:
    """The first file and line that hold the value in that column; None when no CSV file does."""
    for file in files:
        if file.name.lower().endswith((".csv", ".csv.gz", ".tsv")) and (line := _line_in(file, misfit, delimiter)):
            return file, line
    return None


def _line_in(file: Path, misfit: Misfit, delimiter: str) -> int | None:
    opener: Callable[..., IO[str]] = gzip.open if file.name.lower().endswith(".gz") else open
    with opener(file, "rt", encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = csv.DictReader(lines, delimiter=delimiter)
        names = [name for name in rows.fieldnames or () if name.lower() == misfit.column.lower()]
        return next((rows.line_num for row in rows if names and row[names[0]] == misfit.value), None)
