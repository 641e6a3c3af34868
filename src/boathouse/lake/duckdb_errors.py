"""What DuckDB says went wrong, in our words and as our errors."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from boathouse.foundation.errors import BoathouseError, InvalidInput, Unavailable
from boathouse.lake.duckdb_files import explain_broken_file
from boathouse.lake.errors import DamagedTable, OutOfSpace, is_full_disk
from boathouse.lake.value_errors import explain_value

_CATEGORY = re.compile(r"^(?:[A-Z][A-Za-z -]*? Error: )+")

_RAISED = re.compile(
    r"Python exception occurred while executing the UDF: (?P<category>\w+): (?P<message>.*)", re.DOTALL
)
"""How DuckDB passes on what a function outside of it has raised."""

_UNREADABLE = re.compile(r"IO Error|Parquet file|No magic bytes|TProtocolException|Snappy|ZSTD", re.IGNORECASE)


@contextmanager
def explained() -> Generator[None]:
    """Turn DuckDB's errors in the block into ours."""
    try:
        yield
    except BoathouseError:
        raise
    except duckdb.Error as error:
        raise _fact(error) from error
    except (pa.ArrowException, OSError) as error:
        # A stream hands DuckDB's error over as text only, some of them as Arrow's IOError.
        raise _fact(duckdb.Error(str(error))) from error


def _fact(error: duckdb.Error) -> BoathouseError:
    text = str(error)
    if broken := explain_broken_file(text):
        return broken
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in text:
        return Unavailable("The query needs more memory or spill space than it may use.", hint=text.split("\n", 1)[0])
    if is_full_disk(text):
        return OutOfSpace(
            "There is no space left on the disk; nothing was committed.",
            hint="Free some disk space, then repeat the statement.",
        )
    if isinstance(error, duckdb.IOException) or _UNREADABLE.search(text):
        return DamagedTable(
            f"A data file cannot be read: {_sentence(text)}.",
            hint="If it was vacuumed, read a newer version; otherwise restore it from a backup.",
        )
    if raised := _RAISED.search(text):
        category = Unavailable if raised["category"] == "Unavailable" else InvalidInput
        return category(raised["message"].strip())
    return explain_value(text) or InvalidInput(f"{_sentence(text)}.")


def _sentence(text: str) -> str:
    """DuckDB's message without its category and the excerpt of the statement, with its suggestion."""
    body = text.split("\n\nLINE ", 1)[0]
    return " ".join(_CATEGORY.sub("", body).split()).rstrip(".")
