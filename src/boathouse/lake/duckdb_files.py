"""CSV, JSON and Parquet files as DuckDB tables, without guessing.

DuckDB's own detection of CSV may take a row with one column too many for the header and drop every row before it. So
the shape is fixed here: names from the first row of each file, then every row must fit. Types are found by looking at
all rows.
"""

import csv
import gzip
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import IO, Any

import duckdb

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.lake.files import BrokenFile, FileFormat, FileSource
from boathouse.lake.schema import identifier, literal

_CANDIDATES = ("BOOLEAN", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP")
_FIRST_ROWS = 2000
_OFFSET = r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)
_JSON_PLACE = re.compile(r'Malformed JSON in file "(.+?)", at byte (\d+) in line (\d+): (.+?)\.?\s*$', re.MULTILINE)


def source_sql(connection: duckdb.DuckDBPyConnection, source: FileSource) -> str:
    """What stands in FROM to read the source; looks at the files where it must.

    Raises:
        NotFound: A file does not exist.
        BrokenFile: A file has no header, or a row that does not fit.
    """
    for path in source.paths:
        if not Path(path).is_file():
            raise NotFound(f"There is no file {path}.")
    match source.format:
        case FileFormat.CSV:
            return _csv_sql(connection, source)
        case FileFormat.JSON:
            columns = f", columns={_column_map(source.columns)}" if source.columns else ", sample_size=-1"
            return f"read_json({_list(source.paths)}, union_by_name=true, convert_strings_to_integers=false{columns})"
        case FileFormat.PARQUET:
            for path in source.paths:
                _require_parquet(path)
            files = f"read_parquet({_list(source.paths)}, union_by_name=true, hive_partitioning=false)"
            return f"(SELECT TRY(COLUMNS(*)) FROM {files})"  # TRY: see duckdb_views about NaN


def explain_broken_file(text: str) -> BrokenFile | None:
    """The fact behind an error of DuckDB's readers, naming file and line; None when it is about something else."""
    if match := _CSV_LINE.search(text):
        file = _CSV_FILE.search(text)
        where = f"{file[1].strip()}:{match[1]}" if file else f"line {match[1]}"
        return BrokenFile(f"{where}: {_csv_reason(text)}", hint="Correct or remove the row; nothing was read.")
    if match := _JSON_PLACE.search(text):
        return BrokenFile(f"{match[1]}:{match[3]}: not valid JSON ({match[4]}).")
    return None


def _require_parquet(path: str) -> None:
    with Path(path).open("rb") as file:
        head = file.read(4)
        file.seek(-min(4, file.seek(0, SEEK_END)), SEEK_END)
        if head != b"PAR1" or file.read(4) != b"PAR1":
            raise BrokenFile(f"{path}: not a Parquet file, or not a complete one.")


def _csv_sql(connection: duckdb.DuckDBPyConnection, source: FileSource) -> str:
    names = _names(source)
    if source.columns:
        _require_declared(source, names)
        return _read_csv(source, dict(source.columns))
    as_text = dict.fromkeys(names, "VARCHAR")
    types = _types(connection, _read_csv(source, as_text), names) if source.options.infer_types else as_text
    return _read_csv(source, types)


def _read_csv(source: FileSource, columns: dict[str, str]) -> str:
    options = source.options
    return (
        f"read_csv({_list(source.paths)}, auto_detect=false, strict_mode=true, header={str(options.header).lower()}, "
        f"delim={literal(options.delimiter)}, quote={literal(options.quote)}, escape={literal(options.escape)}, "
        f"nullstr={literal(options.null_value)}, encoding={literal(options.encoding)}, columns={_column_map(columns)})"
    )


def _require_declared(source: FileSource, names: list[str]) -> None:
    """The declared columns go by position, so a header that says otherwise must stop us."""
    declared = list(source.columns or ())
    if source.options.header and [name.lower() for name in declared] != [name.lower() for name in names]:
        raise BrokenFile(f"{source.paths[0]}:1: the header is {names}, but the declared columns are {declared}.")


def _names(source: FileSource) -> list[str]:
    """The column names, which all files must share in the same order."""
    first = _first_row(source, source.paths[0])
    names = first if source.options.header else [f"_c{position}" for position in range(len(first))]
    repeated = {name for name in names if [other.lower() for other in names].count(name.lower()) > 1}
    if repeated:
        raise BrokenFile(f"{source.paths[0]}:1: the header has the column {sorted(repeated)[0]!r} twice.")
    if "" in names:
        raise BrokenFile(f"{source.paths[0]}:1: column {names.index('') + 1} of the header has no name.")
    for path in source.paths[1:]:
        row = _first_row(source, path)
        if source.options.header and row != names:
            raise BrokenFile(f"{path}:1: the header is {row}, but {source.paths[0]} has {names}.")
    return names


def _first_row(source: FileSource, path: str) -> list[str]:
    options = source.options
    opener: Callable[..., IO[str]] = gzip.open if path.lower().endswith(".gz") else open
    try:
        encoding = "utf-8-sig" if options.encoding == "utf-8" else options.encoding
        # A wrong byte further down belongs to another row; DuckDB will name its line.
        with opener(path, "rt", encoding=encoding, errors="replace", newline="") as lines:
            doubled = options.escape == options.quote
            reader = csv.reader(
                lines,
                delimiter=options.delimiter,
                quotechar=options.quote or None,
                quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
                doublequote=doubled,
                escapechar=None if doubled else options.escape or None,
            )
            row = next((row for row in reader if row), None)
    except (csv.Error, gzip.BadGzipFile) as error:
        raise BrokenFile(f"{path}:1: the first row cannot be read: {error}.") from error
    except (LookupError, TypeError) as error:
        raise InvalidInput(f"The options for {path} cannot be used: {error}.") from error
    if row is None:
        raise BrokenFile(f"{path}: the file is empty.")
    return row


def _types(connection: duckdb.DuckDBPyConnection, table: str, names: Sequence[str]) -> dict[str, str]:
    """The narrowest type that every value of a column has; a string where there is none, or no value at all.

    A cast that fails costs much more than one that succeeds, so the first rows rule out what cannot be. Of what is left
    the narrowest type is mostly the one, so the others are tried only where it is not.
    """
    all_types: dict[str, list[str]] = {name: [*_CANDIDATES] for name in names}
    first = _fitting(connection, f"(SELECT * FROM {table} LIMIT {_FIRST_ROWS})", all_types, empty_fits=True)
    found = _fitting(connection, table, {name: kinds[:1] for name, kinds in first.items()}, empty_fits=False)
    others = {name: kinds[1:] for name, kinds in first.items() if kinds[1:] and not found[name]}
    found |= _fitting(connection, table, others, empty_fits=False)
    return {name: kinds[0] if kinds else "VARCHAR" for name, kinds in found.items()}


def _fitting(
    connection: duckdb.DuckDBPyConnection, table: str, candidates: dict[str, list[str]], *, empty_fits: bool
) -> dict[str, list[str]]:
    """The types that every value has, of those that may be."""
    tests = [_all(_test(name, kind), name, empty_fits) for name, kinds in candidates.items() for kind in kinds]
    if not tests:
        return candidates
    row: tuple[Any, ...] = connection.execute(f"SELECT {', '.join(tests)} FROM {table}").fetchall()[0]
    verdicts = iter(row)
    return {name: [kind for kind in kinds if next(verdicts)] for name, kinds in candidates.items()}


def _all(test: str, name: str, empty_fits: bool) -> str:
    otherwise = str(empty_fits).lower()
    return f"coalesce(bool_and({test}) FILTER (WHERE {identifier(name)} IS NOT NULL), {otherwise})"


def _test(name: str, kind: str) -> str:
    """Whether one value has the type. Leading zeros mean a code (``007``), not a number."""
    column = identifier(name)
    casts = f"try_cast({column} AS {kind}) IS NOT NULL"
    match kind:
        case "BOOLEAN":
            return f"lower({column}) IN ('true', 'false')"
        case "BIGINT":  # DuckDB rounds 39.02 to a whole number without a word
            return rf"({casts} AND regexp_full_match({column}, '[+-]?(0|[1-9]\d*)'))"
        case "DOUBLE":
            return rf"({casts} AND NOT regexp_matches({column}, '^[+-]?0\d'))"
        case "DATE":
            return rf"({casts} AND regexp_matches({column}, '^\d{{4}}-\d\d?-\d\d?$'))"
        case "TIMESTAMP WITH TIME ZONE":
            return f"({casts} AND regexp_matches({column}, '{_OFFSET}'))"
        case _:
            return f"({casts} AND NOT regexp_matches({column}, '{_OFFSET}'))"


def _csv_reason(text: str) -> str:
    """What DuckDB says between the line number and its advice."""
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if columns:
        return f"the row has {columns[2]} columns instead of {columns[1]}."
    lines = [line.strip() for line in text.splitlines()]
    with suppress(StopIteration):
        reason = next(line for line in lines if line.startswith(("Error when", "Value with", "Invalid unicode")))
        return reason.rstrip(".") + "."
    return "the row is broken."


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join(literal(path) for path in paths) + "]"


def _column_map(columns: Any) -> str:
    return "{" + ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items()) + "}"
