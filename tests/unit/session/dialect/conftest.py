"""The list of cases, and how an answer is compared with it."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from math import isinf, isnan
from typing import Any

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.session import Session
from boathouse.session.sql.arrow_types import type_word

Answer = tuple[str, Any]


def plain(value: Any) -> Any:
    """An answer as YAML can hold it: what has no form there is a text, whose meaning the type gives."""
    match value:
        case bool() | int() | str() | None:
            return value
        case float():
            return "NaN" if isnan(value) else str(value) if isinf(value) else float(f"{value:.12g}")
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ")
        case date() | Decimal():
            return str(value)
        case bytes():
            return value.hex()
        case list():
            return [plain(each) for each in value]
        case tuple() if hasattr(value, "nanoseconds"):  # an interval of Arrow
            return f"{value.months} months {value.days} days {value.nanoseconds // 1000} us"
        case tuple():
            return [plain(each) for each in value]
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case _:
            return str(value)


def column_answer(column: pa.ChunkedArray) -> Answer:
    """The type and the values of a column; a value by itself when there is one row."""
    values = [plain(value) for value in column.to_pylist()]
    return type_word(column.type), values[0] if len(values) == 1 else values


def answer_of(table: pa.Table) -> Answer:
    """What the first column answers."""
    return column_answer(table.column(0))


@pytest.fixture
def ask(shared_session: Session) -> Callable[[str], Answer]:
    """What we answer to a query, or to an expression alone."""
    return lambda sql: answer_of(shared_session.sql(query_of(sql)).arrow())


@pytest.fixture(scope="module")
def ask_all(shared_session: Session) -> Callable[[list[str]], list[Answer]]:
    """What we answer to each of some expressions, in one query; one by one when one of them makes a row or fails."""

    def ask(expressions: list[str]) -> list[Answer]:
        named = ", ".join(f"{expression} AS c{position}" for position, expression in enumerate(expressions))
        try:
            table = shared_session.sql(f"SELECT {named}").arrow()
        except InvalidInput:
            return [answer_of(shared_session.sql(query_of(expression)).arrow()) for expression in expressions]
        return [column_answer(column) for column in table.columns]

    return ask


def query_of(sql: str) -> str:
    return sql if sql.split(maxsplit=1)[0].upper() in ("SELECT", "WITH", "VALUES", "FROM") else f"SELECT {sql}"


@pytest.fixture
def as_answer() -> Callable[[pa.Table], Answer]:
    return answer_of


@pytest.fixture
def as_query() -> Callable[[str], str]:
    return query_of
