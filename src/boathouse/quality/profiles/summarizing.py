"""A first look at a table: what each column holds, what stands out, and (if asked) how far it is from another table or
from an earlier version of its own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.quality.multiple_testing import adjust
from boathouse.quality.profiles.comparing import DriftFigures, compare
from boathouse.quality.profiles.nouns import TABLE_COLUMN, ScanPlan, Summary
from boathouse.quality.profiles.reading import figures
from boathouse.quality.profiles.scanning import scan
from boathouse.session.result import Result, result_of
from boathouse.session.session import Session

SHOWN_ITEMS = 10
MOVED = 0.25
"""From this population stability index on, a column counts as moved (Siddiqi 2006)."""
SURE = 0.001
MANY_NULLS, MANY_DISTINCT = 50.0, 99.0


def summarize(
    session: Session,
    name: str | TableName,
    *,
    version: int | None = None,
    columns: Sequence[str] | None = None,
    against: str | int | None = None,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """What a table holds, as plain values.

    Args:
        against: Another table, or another version of this one, to compare the columns with.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
        InvalidInput: It has no such column.

    Example:
        summarize(session, "prod.flights.weather")["columns"][0]["median"]
    """
    table = name if isinstance(name, TableName) else TableName.parse(name)
    wanted = tuple(columns) if columns is not None else None
    before = _scanned(session, *_other(table, against), wanted, None, clock) if against is not None else None
    (opened,) = session.open_tables([table], {} if version is None else {table: version})
    rows = _scanned(session, table, opened.snapshot.version, wanted, before, clock)
    shown = [_column(rows[name]) for name in rows[TABLE_COLUMN]["columns"]]
    found: dict[str, Any] = {
        "table": str(table),
        "version": opened.snapshot.version,
        "rows": rows[TABLE_COLUMN]["count"],
        "columns": shown,
    }
    if before is not None:
        other, other_version = _other(table, against)
        found["against"] = {"table": str(other), "version": other_version, "rows": before[TABLE_COLUMN]["count"]}
        _add_drift(shown, rows, before)
    return found


def summary_rows(session: Session, name: str, version: int | None = None, against: str | None = None) -> Result:
    """:func:`summarize` as one row with one JSON document, for clients elsewhere."""
    found = summarize(session, name, version=version, against=against)
    return result_of({"summary": [json.dumps(found)]})


def _other(table: TableName, against: str | int | None) -> tuple[TableName, int | None]:
    if isinstance(against, int) or (against or "").isdecimal():
        return table, int(against or 0)
    name, _, version = str(against).partition("@v")
    if version and not version.isdecimal():
        raise InvalidInput(f"{against!r} is no table.", hint="Write a table, a table@vN, or the number of a version.")
    return TableName.parse(name), int(version) if version else None


def _scanned(
    session: Session, table: TableName, version: int | None, columns: tuple[str, ...] | None,
    reference: Mapping[str, Summary] | None, clock: Clock | None,
) -> dict[str, Summary]:  # fmt: skip
    edges = {name: row["edges"] for name, row in (reference or {}).items() if row["edges"]}
    found = scan(session, ScanPlan(table, version, columns, edges=edges), clock=clock)
    return {row["column_name"]: row for row in found.to_pylist()}


def _column(row: Summary) -> dict[str, Any]:
    known = figures(row)
    items = known.frequent_items
    return {
        "name": row["column_name"],
        **{key: value for key, value in known.row().items() if key != "frequent_items"},
        "infinities": row["infinities"],
        "frequent_items": None if items is None else items[:SHOWN_ITEMS],
        "other_items": None if items is None else known.count - sum(item["count"] for item in items[:SHOWN_ITEMS]),
        "histogram": None if row["histogram"] is None else {"edges": row["edges"], "counts": row["histogram"]},
        "notes": notes(row),
    }


def notes(row: Summary) -> list[str]:
    """What stands out."""
    known = figures(row)
    if not known.count:
        return ["no values"]
    found: list[str] = []
    if known.percent_null is not None and known.percent_null >= MANY_NULLS:
        found.append(f"{known.percent_null:.0f} % nulls")
    if known.distinct_count == 1 and known.count > 1:
        found.append("one value")
    elif known.percent_distinct is not None and known.percent_distinct >= MANY_DISTINCT and known.count > 20:
        found.append("nearly all values differ")
    for count, word in ((row["nan"], "NaN"), (row["infinities"], "infinite")):
        if count:
            found.append(f"{count:,} {word}")
    return found


def _add_drift(shown: Sequence[dict[str, Any]], rows: Mapping[str, Summary], before: Mapping[str, Summary]) -> None:
    """How far each column is from the other one; p-values are adjusted for the number of columns."""
    drifts = [compare(rows[each["name"]], before[each["name"]]) if each["name"] in before
              else DriftFigures(problem="the other has no such column") for each in shown]  # fmt: skip
    for each, drift, p_value in zip(shown, drifts, adjust([drift.pvalue for drift in drifts]), strict=True):
        each["drift"] = drift.row() | {"adjusted_pvalue": p_value, "has_moved": has_moved(drift)}
        reference = before.get(each["name"])
        if reference is not None and each["histogram"] and reference["edges"] == rows[each["name"]]["edges"]:
            each["histogram"]["reference"] = reference["histogram"]


def has_moved(drift: DriftFigures) -> bool | None:
    """Whether a column holds something else than before, and not by chance. None: nobody can tell."""
    index, by_chance = drift.population_stability_index, drift.population_stability_pvalue
    return None if index is None or by_chance is None else index > MOVED and by_chance < SURE
