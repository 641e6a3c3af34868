"""Plain files as a source of rows: what ``read_files`` and ``COPY INTO`` read.

The options carry the names that Databricks' ``read_files`` gives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.locations import local_path


class FileFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"

    @classmethod
    def parse(cls, text: str) -> "FileFormat":
        """Read a format's name in any case.

        Raises:
            InvalidInput: We cannot read such files.
        """
        try:
            return cls(text.lower())
        except ValueError as error:
            raise InvalidInput(f"Files of format {text!r} cannot be read.", hint="Use csv, json or parquet.") from error

    @classmethod
    def of(cls, path: str) -> "FileFormat":
        """The format that the ending of a file's name tells.

        Raises:
            InvalidInput: The ending is none we know.
        """
        name = path.lower().removesuffix(".gz").removesuffix(".zst")
        for ending, known in _ENDINGS.items():
            if name.endswith(ending):
                return known
        raise InvalidInput(f"The name of {path} does not tell its format.", hint="Say format => 'csv' (json, parquet).")


_ENDINGS = {
    ".csv": FileFormat.CSV,
    ".json": FileFormat.JSON,
    ".jsonl": FileFormat.JSON,
    ".ndjson": FileFormat.JSON,
    ".parquet": FileFormat.PARQUET,
}


class BrokenFile(InvalidInput):
    """A file, or one of its rows, is not what its format says."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How to read the files. What does not concern a format is left at its default."""

    header: bool = True
    """Whether the first row of a CSV file holds the column names."""
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"
    null_value: str = ""
    """The text that stands for null in a CSV file."""
    infer_types: bool = True
    """Whether types are found out from all rows; otherwise every CSV column is a string."""

    @classmethod
    def parse(cls, options: Mapping[str, Any]) -> Self:
        """Read options under Databricks' names, in any case.

        Raises:
            InvalidInput: An option is unknown, or its value is not what it should be.
        """
        values: dict[str, Any] = {}
        for name, value in options.items():
            target = _OPTION_NAMES.get(name.lower())
            if target is None:
                raise InvalidInput(f"There is no option {name!r} for files.", hint=did_you_mean(name, _KNOWN_OPTIONS))
            values[target] = _flag(name, value) if target in ("header", "infer_types") else str(value)
        return cls(**values)


_OPTION_NAMES = {
    "header": "header",
    "sep": "delimiter",
    "delimiter": "delimiter",
    "quote": "quote",
    "escape": "escape",
    "encoding": "encoding",
    "charset": "encoding",
    "nullvalue": "null_value",
    "inferschema": "infer_types",
    "infercolumntypes": "infer_types",
}
_KNOWN_OPTIONS = ("header", "sep", "delimiter", "quote", "escape", "encoding", "nullValue", "inferSchema")


@dataclass(frozen=True, slots=True)
class FileSource:
    """Files of one format that together are one table."""

    paths: tuple[str, ...]
    """Absolute paths or ``file:///`` URLs; each file by name, no patterns."""
    format: FileFormat
    options: FileOptions = field(default_factory=FileOptions)
    columns: Mapping[str, str] | None = None
    """Column names with their DuckDB types, in the order of the file; None to take the names from the header and find
    out the types from the rows."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise InvalidInput("There are no files to read.")
        object.__setattr__(self, "paths", tuple(str(local_path(path)) for path in self.paths))


def _flag(name: str, value: Any) -> bool:
    match str(value).lower():
        case "true":
            return True
        case "false":
            return False
        case other:
            raise InvalidInput(f"The option {name} is {other!r}; it must be true or false.")
