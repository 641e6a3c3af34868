"""A table beside what it was, or beside another: rows, columns, missing values, outliers. What has moved is told as a
warning; a contract is broken by what it promises, not by change."""

from collections.abc import Iterator
from typing import Any

from boathouse.foundation.names import TableName
from boathouse.quality.contracts.nouns import Finding, Kind
from boathouse.quality.missingness import Missing, missing_values
from boathouse.quality.outliers import Outliers, outliers
from boathouse.quality.schema import schema_changes
from boathouse.session import Session

SAMPLE_ROWS = 100_000
"""Rows of each side that are looked at."""
MORE_MISSING = 0.05
MORE_OUTLIERS = 0.01
FEWER_ROWS = 0.5
"""Shares from which on a change is worth a warning."""


def compared(session: Session, name: TableName, version: int, against: str | int) -> Iterator[Finding]:
    """What has changed from the reference to the table.

    Args:
        against: Another table, or a version of this one.
    """
    here = f"{name.quoted()} VERSION AS OF {version}"
    is_version = isinstance(against, int) or against.isdecimal()
    there = f"{name.quoted()} VERSION AS OF {int(against)}" if is_version else TableName.parse(str(against)).quoted()
    rows, before = _count(session, here), _count(session, there)
    yield _volume(rows, before)
    frame, reference = _sample(session, here, rows), _sample(session, there, before)
    for change in schema_changes(frame, reference):
        told = f"The column {change.column} is {change.change}: {change.before} before, {change.after} now."
        yield _warning(f"{change.column} as before", told, change.column)
    for each in missing_values(frame, reference):
        if each.increase is not None and each.increase > MORE_MISSING:
            told = f"{_shares(each)} of {each.column} are missing."
            yield _warning(f"{each.column} missing as before", told, each.column, each.share)
    for each in outliers(frame, reference):
        if each.increase is not None and each.increase > MORE_OUTLIERS:
            told = f"{_shares(each)} of {each.column} lie outside {each.low:g} to {each.high:g}."
            yield _warning(f"{each.column} within its range", told, each.column, each.share)


def _volume(rows: int, before: int) -> Finding:
    is_good = before == 0 or rows >= FEWER_ROWS * before
    told = f"{rows:,} rows, {before:,} before."
    return Finding("rows as before", Kind.COMPARED, is_good, told, None, "warning", float(rows), is_breach=False)


def _shares(found: Missing | Outliers) -> str:
    return f"{100 * (found.share or 0):.1f} % ({100 * (found.reference_share or 0):.1f} % before)"


def _warning(rule: str, told: str, column: str, value: float | None = None) -> Finding:
    return Finding(rule, Kind.COMPARED, False, told, column, "warning", value, is_breach=False)


def _count(session: Session, source: str) -> int:
    (row,) = session.sql(f"SELECT count(*) AS n FROM {source}").rows()
    return int(row["n"])


def _sample(session: Session, source: str, rows: int) -> Any:
    where = ""
    if rows > SAMPLE_ROWS:
        where = f" WHERE rand() < {SAMPLE_ROWS / rows}"
    return session.sql(f"SELECT * FROM {source}{where}").pl()
