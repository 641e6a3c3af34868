"""DELETE, UPDATE and MERGE do to a table what a plain model of them does, and the change feed tells exactly that."""

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.session.conftest import new_catalog

from boathouse.lake import DuckDBEngine
from boathouse.session import LocalLaw, Session

Row = tuple[Any, ...]
Test = Callable[[Row], bool | None]

COLUMNS = "a BIGINT, x DOUBLE, d DECIMAL(20, 3), at TIMESTAMP, p STRING"
NAMES = ["a", "x", "d", "at", "p"]
NUMBERS = count()


@dataclass(frozen=True)
class Condition:
    """The same condition as SQL over ``t`` and as a function of a row; None is unknown."""

    sql: str
    holds: Test


@dataclass(frozen=True, order=True)
class Stamp:
    """A timestamp by its text."""

    text: str

    def __str__(self) -> str:
        return self.text


def spelled(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case float():
            return f"CAST('{value}' AS DOUBLE)"
        case Stamp():
            return f"TIMESTAMP '{value}'"
        case Decimal():
            return f"CAST({value} AS DECIMAL(20, 3))"
        case str():
            return f"'{value}'"
        case _:
            return str(value)


VALUES = [
    st.sampled_from([None, -1, 0, 1, 2, 2**60]),
    st.sampled_from([None, math.nan, math.inf, -0.5, 0.0, 1.5]),
    st.sampled_from([None, Decimal("-0.001"), Decimal("1.500"), Decimal("12345678901234567.125")]),
    st.sampled_from([None, Stamp("1969-12-31 23:59:59.999999"), Stamp("2026-01-02 03:04:05.678901")]),
    st.sampled_from([None, "north", "a b/ü=%"]),
]
ROWS = st.lists(st.tuples(*VALUES), max_size=5)


def ordered(value: Any) -> Any:
    """NaN equals itself and is the greatest number."""
    return (1, 0.0) if isinstance(value, float) and math.isnan(value) else (0, value)


def comparison(position: int, sign: str, value: Any) -> Condition:
    verb = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, ">=": operator.ge}[sign]

    def holds(row: Row) -> bool | None:
        return None if row[position] is None or value is None else verb(ordered(row[position]), ordered(value))

    return Condition(f"t.{NAMES[position]} {sign} {spelled(value)}", holds)


def negated(one: Condition) -> Condition:
    return Condition(f"NOT ({one.sql})", lambda row: None if one.holds(row) is None else not one.holds(row))


def both(one: Condition, two: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        found = {one.holds(row), two.holds(row)}
        return False if False in found else None if None in found else True

    return Condition(f"({one.sql}) AND ({two.sql})", holds)


def missing(position: int) -> Condition:
    return Condition(f"t.{NAMES[position]} IS NULL", lambda row: row[position] is None)


ATOMS = st.one_of(
    *(
        st.builds(comparison, st.just(position), st.sampled_from(["=", "<>", "<", ">="]), values)
        for position, values in enumerate(VALUES)
    ),
    st.builds(missing, st.integers(0, 4)),
)
CONDITIONS = st.recursive(
    ATOMS, lambda inner: st.one_of(st.builds(negated, inner), st.builds(both, inner, inner)), max_leaves=3
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, engine: DuckDBEngine) -> Iterator[Session]:
    with new_catalog(tmp_path_factory.mktemp("model")) as made:
        yield Session(made.identities.principal("root"), LocalLaw(made), engine)


def made(session: Session, batches: list[list[Row]], partitioned: str) -> str:
    """A table of several files."""
    name = f"dev.shop.t{next(NUMBERS)}"
    session.sql(f"CREATE TABLE {name} ({COLUMNS}) {partitioned}")
    for rows in batches:
        if rows:
            session.sql(f"INSERT INTO {name} VALUES {', '.join(map(as_values, rows))}")
    return name


def as_values(row: Row) -> str:
    return f"({', '.join(map(spelled, row))})"


def counted(rows: list[Row]) -> Counter[Row]:
    return Counter(tuple(None if value is None else str(value) for value in row) for row in rows)


def read(session: Session, source: str, where: str = "") -> Counter[Row]:
    found = session.sql(f"SELECT a, x, d, date_format(at, 'yyyy-MM-dd HH:mm:ss.SSSSSS'), p FROM {source} {where}")
    return counted([tuple(row.values()) for row in found.rows()])


def version(session: Session, table: str) -> int:
    return max(row["version"] for row in session.sql(f"DESCRIBE HISTORY {table}").rows())


def require(session: Session, table: str, before: list[Row], after: list[Row], base: int) -> None:
    """The table holds ``after``, and its feed explains how it came from ``before``."""
    assert read(session, table) == counted(after)
    newest = version(session, table)
    if newest == base:
        assert counted(before) == counted(after)
        return
    feed = f"table_changes('{table}', {newest}, {newest})"
    gone = read(session, feed, "WHERE _change_type IN ('delete', 'update_preimage')")
    come = read(session, feed, "WHERE _change_type IN ('insert', 'update_postimage')")
    assert not gone - counted(before)
    assert counted(before) - gone + come == counted(after)


EMPTY: Row = (None,) * 5
NOT_A_NUMBER: Row = (None, math.nan, None, None, None)
HALF: Row = (None, -0.5, None, None, None)
PARTITIONS = st.sampled_from(["", "PARTITIONED BY (p)", "PARTITIONED BY (at)"])
TABLES = st.lists(ROWS, max_size=3)


@settings(max_examples=12, deadline=None)
@given(TABLES, CONDITIONS, PARTITIONS)
def test_delete_does_as_the_model(
    shop: Session, batches: list[list[Row]], condition: Condition, partitioned: str
) -> None:
    table, before = made(shop, batches, partitioned), list(chain.from_iterable(batches))
    base = version(shop, table)
    shop.sql(f"DELETE FROM {table} AS t WHERE {condition.sql}")
    require(shop, table, before, [row for row in before if condition.holds(row) is not True], base)


@settings(max_examples=12, deadline=None)
@given(TABLES, CONDITIONS, PARTITIONS, st.tuples(*VALUES))
@example([[EMPTY, NOT_A_NUMBER, HALF]], comparison(1, "=", math.nan), "", EMPTY)
@example([[EMPTY, NOT_A_NUMBER, HALF]], comparison(1, ">=", math.inf), "", EMPTY)
def test_update_does_as_the_model(
    shop: Session, batches: list[list[Row]], condition: Condition, partitioned: str, values: Row
) -> None:
    table, before = made(shop, batches, partitioned), list(chain.from_iterable(batches))
    base = version(shop, table)
    shop.sql(
        f"UPDATE {table} AS t SET x = {spelled(values[1])}, d = {spelled(values[2])}, p = {spelled(values[4])} "
        f"WHERE {condition.sql}"
    )
    after = [
        (row[0], values[1], values[2], row[3], values[4]) if condition.holds(row) is True else row for row in before
    ]
    require(shop, table, before, after, base)


@settings(max_examples=16, deadline=None)
@given(TABLES, ROWS, CONDITIONS, PARTITIONS, st.sampled_from([0, 4]))
def test_merge_does_as_the_model(
    shop: Session, batches: list[list[Row]], source: list[Row], condition: Condition, partitioned: str, key: int
) -> None:
    table, before = made(shop, batches, partitioned), list(chain.from_iterable(batches))
    other = made(shop, [source], "")
    base = version(shop, table)
    meets = [[s for s in source if row[key] is not None and s[key] == row[key]] for row in before]
    statement = (
        f"MERGE INTO {table} AS t USING {other} AS s ON t.{NAMES[key]} = s.{NAMES[key]} "
        f"WHEN MATCHED AND {condition.sql} THEN DELETE WHEN MATCHED THEN UPDATE SET x = s.x, p = s.p "
        f"WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE AND {condition.sql} THEN UPDATE SET d = NULL"
    )
    if any(len(found) > 1 for found in meets):
        with pytest.raises(Exception, match="Several rows of the source match one row"):
            shop.sql(statement)
        require(shop, table, before, before, base)
        return
    shop.sql(statement)
    after: list[Row] = []
    for row, found in zip(before, meets, strict=True):
        chosen = condition.holds(row) is True
        if found and not chosen:
            after.append((row[0], found[0][1], row[2], row[3], found[0][4]))
        elif not found:
            after.append((row[0], row[1], None, *row[3:]) if chosen else row)
    known = {row[key] for row in before}
    after += [row for row in source if row[key] is None or row[key] not in known]
    require(shop, table, before, after, base)
