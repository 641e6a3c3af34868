# pyright: reportUnknownParameterType=false
"""Writing what a function, a query, a table or a frame gives, as far as it is what is expected."""

from typing import Any

import pyarrow as pa

from boathouse.catalog import LineageEdge, LineageNode, NodeKind
from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.lake.arrow_input import open_stream
from boathouse.quality.expectations.declaring import Expectations, Expected
from boathouse.session import Session
from boathouse.session.expecting import Beside, ExpectationReport, ExpectedWrite, WriteMode
from boathouse.session.running.splitting import Origin


def write_expected(
    session: Session,
    table: str | TableName,
    source: Any,
    expectations: Expectations | None = None,
    *,
    mode: WriteMode = "append",
    quarantine: str | bool = True,
    metrics: str | bool = True,
    clock: Clock | None = None,
    comment: str | None = None,
) -> ExpectationReport:
    """Write rows to a table in one commit, as far as they are what is expected.

    Args:
        source: A decorated function, rows (Arrow, Polars, pandas, a result), the text of a query, or a table's name.
        quarantine: The table for rows that are dropped; by default ``<table>_quarantine``, False: none.
        metrics: The table for the counts; by default ``<table>_expectations``, False: none.

    Raises:
        BrokenRule: A row breaks an expectation that fails the write; nothing is written.
        InvalidInput: A condition does not fit the rows.

    Example:
        >>> write_expected(session, "dev.shop.clean", "dev.shop.raw", expect_or_drop("priced", "price > 0"))
    """
    name = table if isinstance(table, TableName) else TableName.parse(table)
    expected = expectations or Expectations()
    if isinstance(source, Expected):
        expected, source = source.expectations + expected, source()
    rows, sources = _rows(session, source)
    origin = Origin(f"What is expected of {name}", new_id(), (clock or SystemClock()).now())
    write = ExpectedWrite(session, name, expected.rules, Beside.of(name, quarantine, metrics), origin)
    report = write.carry_out(rows, mode, comment)
    node = LineageNode(NodeKind.TABLE, report.table, report.version)
    edges = [LineageEdge(each, node, "WRITE", report.write_id) for each in sources]
    session.law.record_lineage(session.principal, edges)
    return report


def _rows(session: Session, source: Any) -> tuple[pa.RecordBatchReader, tuple[LineageNode, ...]]:
    """The rows, and what they come from."""
    if isinstance(source, TableName):
        source = str(source)
    if isinstance(source, str):
        text = source.strip()
        if not _is_query(text):
            text = f"SELECT * FROM {TableName.parse(text).quoted()}"
        opened = session.open_query(text, purpose="EXPECTATIONS")
        return opened.rows.reader(), opened.sources
    if callable(source):
        raise InvalidInput("Give what the function gives, or decorate it with an expectation.")
    return open_stream(source), ()


def _is_query(text: str) -> bool:
    return text[:1] == "(" or text.split(maxsplit=1)[:1] != [text]
