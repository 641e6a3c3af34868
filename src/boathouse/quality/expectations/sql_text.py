"""Expectations in SQL, as declarative pipelines write them::

CREATE OR REFRESH MATERIALIZED VIEW dev.shop.clean (
  CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW,
  CONSTRAINT dated EXPECT (day IS NOT NULL) ON VIOLATION FAIL UPDATE,
  CONSTRAINT small EXPECT (price < 1000)
) COMMENT 'Orders that can be used' AS SELECT * FROM dev.shop.raw

A session runs such a statement too; here it can be read alone, and run with other tables beside it.
"""

from dataclasses import dataclass
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.quality.expectations.carrying_out import write_expected
from boathouse.quality.expectations.declaring import Expectations
from boathouse.session import Session
from boathouse.session.expecting import ExpectationReport
from boathouse.session.sql.expected_tables import read_expectations, read_expected_table
from boathouse.session.sql.reading import words_of

_SPELLING = "CONSTRAINT name EXPECT (condition) [ON VIOLATION DROP ROW | FAIL UPDATE]"


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A table as a statement declares it."""

    name: TableName
    expectations: Expectations
    query: str
    comment: str | None = None


def constraints_of(text: str) -> Expectations:
    """The expectations of a list of constraints.

    Raises:
        InvalidInput: It is none.

    Example:
        >>> constraints_of("CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW")
    """
    try:
        words = words_of(text)
        found = read_expectations(words)
        words.end()
    except InvalidInput as error:
        raise InvalidInput(error.message, hint=f"Write {_SPELLING}.") from error
    return Expectations(found)


def read_table(text: str) -> DeclaredTable:
    """The table that a statement declares.

    Raises:
        InvalidInput: The statement is none of ours, or has a clause that nothing comes of.
    """
    found = read_expected_table(words_of(text))
    return DeclaredTable(TableName(*_three(found.name)), Expectations(found.rules), found.query, found.comment)


def run_sql(session: Session, text: str, **options: Any) -> ExpectationReport:
    """Write the table that a statement declares: its rows and columns replace those there were.

    Args:
        options: As those of :func:`write_expected`.
    """
    found = read_table(text)
    given: dict[str, Any] = {"mode": "replace", "comment": found.comment, **options}
    return write_expected(session, found.name, found.query, found.expectations, **given)


def _three(parts: tuple[str, ...]) -> tuple[str, str, str]:
    if len(parts) != 3:
        raise InvalidInput(f"{'.'.join(parts)} is no full name of a table.", hint="Write catalog.schema.table.")
    return parts
