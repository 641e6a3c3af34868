# pyright: reportUnknownParameterType=false
"""Writing rows to a table as far as they are what is expected: one pass over them, counted by expectation.

What is set aside and the counts are committed first, under the id of the write; then the rows. When the rows cannot be
written, the others are taken back. When the process dies in between, they carry the id of a write that the history of
the table does not have, and the write can be repeated.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

import pyarrow as pa

from boathouse.catalog import LineageEdge, LineageNode, NodeKind
from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.clock import Clock, SystemClock
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import TableName
from boathouse.lake.arrow_input import open_stream
from boathouse.quality.expectations.declaring import Expectations, Expected
from boathouse.session import Session
from boathouse.session.running.splitting import WRITE, Origin, Split

_logger = logging.getLogger(__name__)

ACTIONS = {OnViolation.KEEP: "ALLOW", OnViolation.QUARANTINE: "DROP", OnViolation.REFUSE: "FAIL"}
"""As the event log of declarative pipelines calls them."""

METRICS = pa.schema(
    [
        ("at", pa.timestamp("us", "UTC")),
        (WRITE, pa.string()),
        ("table_name", pa.string()),
        ("name", pa.string()),
        ("condition", pa.string()),
        ("action", pa.string()),
        ("passed_records", pa.int64()),
        ("failed_records", pa.int64()),
    ]
)
"""The columns of a table of counts: one row per write and expectation."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many rows fulfilled one expectation, and how many did not."""

    rule: RowRule
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class ExpectationReport:
    """What a write of expected rows did."""

    table: str
    version: int
    write_id: str
    rows: int
    """Rows that came."""
    dropped: int
    counts: tuple[RuleCount, ...]
    quarantine: str | None
    """Where the rows that were dropped are; None: none were, or nobody wants them."""


def write_expected(
    session: Session,
    table: str | TableName,
    source: Any,
    expectations: Expectations | None = None,
    *,
    mode: Literal["append", "overwrite", "error"] = "append",
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
    job = _Writing(
        session,
        name,
        Split(
            session.engine,
            expected.rules,
            Origin(f"What is expected of {name}", new_id(), (clock or SystemClock()).now()),
        ),
        expected.rules,
        _beside(name, quarantine, "quarantine"),
        _beside(name, metrics, "expectations"),
    )
    return job.carry_out(rows, sources, mode, comment)


class _Writing:
    """One write."""

    def __init__(
        self,
        session: Session,
        name: TableName,
        split: Split,
        rules: Sequence[RowRule],
        quarantine: str | None,
        metrics: str | None,
    ) -> None:
        self._session = session
        self._name = name
        self._split = split
        self._rules = rules
        self._quarantine = quarantine
        self._metrics = metrics
        self._written: list[str] = []

    def carry_out(
        self, rows: pa.RecordBatchReader, sources: Sequence[LineageNode], mode: Any, comment: str | None
    ) -> ExpectationReport:
        split, write_id = self._split, self._split.origin.write_id
        try:
            good = split.reader(rows, at_end=self._keep_record)
            report = self._session.write_table(self._name, good, mode=mode, comment=comment, write_id=write_id)
        except BaseException:
            self._take_back()
            raise
        finally:
            split.close()
        node = LineageNode(NodeKind.TABLE, str(self._name), report.version)
        edges = [LineageEdge(each, node, "WRITE", write_id) for each in sources]
        self._session.law.record_lineage(self._session.principal, edges)
        aside = self._quarantine if split.set_aside else None
        return ExpectationReport(
            str(self._name), report.version, write_id, split.rows, split.set_aside, tuple(self._counts()), aside
        )

    def _counts(self) -> list[RuleCount]:
        split = self._split
        return [RuleCount(each, split.rows - split.broken[each.name], split.broken[each.name]) for each in self._rules]

    def _keep_record(self) -> None:
        """Commit what was set aside, and the counts."""
        aside = self._split.aside()
        if self._quarantine is not None and aside is not None:
            self._commit(self._quarantine, aside)
        if self._metrics is not None and self._rules:
            self._commit(self._metrics, self._metric_rows())

    def _commit(self, table: str, rows: Any) -> None:
        self._session.write_table(table, rows, mode="append", schema_mode="merge")
        self._written.append(table)

    def _metric_rows(self) -> pa.Table:
        origin = self._split.origin
        return pa.Table.from_pylist(
            [
                {
                    "at": origin.at.astimezone(UTC),
                    WRITE: origin.write_id,
                    "table_name": str(self._name),
                    "name": each.rule.name,
                    "condition": each.rule.condition,
                    "action": ACTIONS[each.rule.on_violation],
                    "passed_records": each.passed,
                    "failed_records": each.failed,
                }
                for each in self._counts()
            ],
            METRICS,
        )

    def _take_back(self) -> None:
        write_id = self._split.origin.write_id
        for table in self._written:
            try:
                quoted = TableName.parse(table).quoted()
                self._session.sql(f"DELETE FROM {quoted} WHERE {WRITE} = :write_id", {"write_id": write_id})
            except BoathouseError as error:
                _logger.warning("Rows of the write %s stay in %s: %s", write_id, table, error)


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


def _beside(name: TableName, wanted: str | bool, what: str) -> str | None:
    if isinstance(wanted, str):
        return str(TableName.parse(wanted))
    return f"{name}_{what}" if wanted else None
