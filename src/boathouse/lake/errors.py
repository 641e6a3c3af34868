"""What can go wrong with a table, and how delta-rs' errors become these facts."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError, TableNotFoundError

from boathouse.foundation.errors import (
    AlreadyExists,
    BoathouseError,
    Conflict,
    InvalidInput,
    NotFound,
    Unavailable,
)


class NoTableThere(NotFound):
    """No Delta table lies at the location."""


class VersionNotFound(NotFound):
    """The table has no such version (any more), or did not exist at that time."""


class TableThereAlready(AlreadyExists):
    """A Delta table lies at the location already."""


class WriteConflict(Conflict):
    """Somebody has changed the table since it was read."""


class SchemaMismatch(InvalidInput):
    """The columns of the data are not the columns of the table."""


class DamagedTable(Unavailable):
    """The Delta folder is there but cannot be read: a log entry or a data file is missing or broken."""


class OutOfSpace(Unavailable):
    """The disk is full or the quota is used up. Nothing was committed."""


_NO_SPACE = re.compile(r"No space left|os error 28\b|File too large|os error 27\b|[Qq]uota|os error 122\b")
_NO_ACCESS = re.compile(r"Permission denied|os error 13\b|Read-only file system|os error 30\b")
_EXISTS = re.compile(r"table already exists", re.IGNORECASE)
_NO_TABLE = re.compile(r"does not exist or you don't have access|No files in log segment|Not a Delta table")
_MISTAKE = re.compile(
    r"Schema error|SQL error|sql parser error|ParserError|Error during planning|Invalid function|Cast error|cannot cast"
    r"|failed validation check|type_coercion|Unable to convert expression|Invariant violat|constraint|non-null"
    r"|does not match the predicate|No field named",
    re.IGNORECASE,
)
_BROKEN_RULE = re.compile(r"(\d+) rows failed validation check")
_TOO_LONG = re.compile(r"File name too long|os error 36\b")
_GONE = re.compile(r"Find missing file|Object at location .*\.parquet not found")
_VALID_FIELDS = re.compile(r"\s*Valid fields are .*", re.DOTALL)


@contextmanager
def translated(location: str) -> Generator[None]:
    """Turn the errors of delta-rs and of the disk that arise in the block into ours."""
    try:
        yield
    except BoathouseError:
        raise
    except (DeltaError, OSError, ValueError) as error:
        raise explained(error, location) from error
    except BaseException as error:
        # A panic in delta-rs arrives as pyo3's PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedTable(f"The Delta table at {location} cannot be read: {first_line(error)}.") from error


def explained(error: Exception, location: str) -> BoathouseError:
    """The fact behind an error of delta-rs."""
    text, reason = str(error), first_line(error)
    if is_full_disk(text):
        return OutOfSpace(
            f"There is no space left for the table at {location}; nothing was committed.",
            hint="Free some disk space, then write again.",
        )
    if _EXISTS.search(text):
        return TableThereAlready(f"There is a Delta table at {location} already.")
    if isinstance(error, SchemaMismatchError):
        return SchemaMismatch(f"The data does not fit the table at {location}: {reason}.")
    if _TOO_LONG.search(text):
        return InvalidInput(
            "A partition value is too long for the name of a folder.", hint="Partition by another column."
        )
    if _GONE.search(text):
        return DamagedTable(
            f"The table at {location} has lost a data file: {reason}.",
            hint="If it was vacuumed, a version whose files are gone cannot be read or restored.",
        )
    if isinstance(error, CommitFailedError):
        return WriteConflict(
            f"The table at {location} was changed by somebody else meanwhile: {reason}.",
            hint="Read it again and repeat the write.",
        )
    if isinstance(error, TableNotFoundError) or _NO_TABLE.search(text):
        return NoTableThere(f"There is no Delta table at {location}.")
    if _NO_ACCESS.search(text):
        return Unavailable(f"The table at {location} cannot be accessed: {reason}.")
    if broken := _BROKEN_RULE.search(text):
        return InvalidInput(
            f"{broken[1]} row(s) break a CHECK constraint of the table at {location}; nothing was changed.",
            hint="SHOW TBLPROPERTIES lists the constraints, under delta.constraints.",
        )
    if _MISTAKE.search(text):
        return InvalidInput(f"{_plain(text)}.")
    return DamagedTable(
        f"The Delta table at {location} cannot be read: {reason}.",
        hint="Restore the folder from a backup, or drop the table.",
    )


def is_full_disk(text: str) -> bool:
    """Whether the text of an error tells of a full disk, a used up quota or a limit of file sizes."""
    return _NO_SPACE.search(text) is not None


def first_line(error: BaseException) -> str:
    """The first line of an error's text, without the backtrace that delta-rs appends."""
    return str(error).split("\n", 1)[0].rstrip(". ")


def _plain(text: str) -> str:
    """The innermost message of a chain like ``Generic DeltaTable error: External error: ...``."""
    text = _VALID_FIELDS.sub("", text)
    text = re.sub(
        r"^(?:(?:Generic (?:DeltaTable )?error|External error|Invalid data found|Kernel error|Arrow error): )+",
        "",
        text,
    )
    return text.split("\n", 1)[0].rstrip(". ")
