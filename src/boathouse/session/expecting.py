# pyright: reportUnknownParameterType=false
"""Writing rows to a table as far as they are what is expected: one pass over them, counted by expectation.

What is set aside and the counts are committed first, under the id of the write; then the rows. When the rows cannot be
written, the others are taken back. When the process dies in between, they carry the id of a write that the history of
the table does not have, and the write can be repeated.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.names import TableName
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access, new_statement, table_node
from boathouse.session.running.queries import prepare_query
from boathouse.session.running.splitting import WRITE, Origin, Split
from boathouse.session.running.writes import require_absent
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.statements import CreateExpected

if TYPE_CHECKING:
    from boathouse.session.session import Session

_logger = logging.getLogger(__name__)

WriteMode = Literal["append", "overwrite", "replace", "error"]
"""``overwrite`` replaces the rows, ``replace`` the columns, too."""

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


@dataclass(frozen=True, slots=True)
class Beside:
    """The tables beside the one that is written."""

    quarantine: str | None
    metrics: str | None

    @classmethod
    def of(cls, name: TableName, quarantine: str | bool = True, metrics: str | bool = True) -> "Beside":
        """``<table>_quarantine`` and ``<table>_expectations``, or others, or none."""
        return cls(_beside(name, quarantine, "quarantine"), _beside(name, metrics, "expectations"))


class ExpectedWrite:
    """One write."""

    def __init__(
        self, session: "Session", name: TableName, rules: Sequence[RowRule], beside: Beside, origin: Origin
    ) -> None:
        self._session = session
        self._name = name
        self._rules = rules
        self._beside = beside
        self._split = Split(session.engine, rules, origin)
        self._written: list[str] = []

    def carry_out(
        self, rows: pa.RecordBatchReader, mode: WriteMode = "append", comment: str | None = None
    ) -> ExpectationReport:
        """Write what is as expected.

        Raises:
            BrokenRule: A row breaks an expectation that fails the write; nothing is written.
            InvalidInput: A condition does not fit the rows.
        """
        split, write_id = self._split, self._split.origin.write_id
        try:
            self._require_writable(mode)
            good = split.judged(rows)
            self._keep_record()
            report = self._session.write_table(
                self._name,
                good,
                mode="overwrite" if mode == "replace" else mode,
                schema_mode="overwrite" if mode == "replace" else None,
                comment=comment,
                write_id=write_id,
            )
        except BaseException:
            self._take_back()
            raise
        finally:
            split.close()
        aside = self._beside.quarantine if split.set_aside else None
        return ExpectationReport(
            str(self._name), report.version, write_id, split.rows, split.set_aside, tuple(self._counts()), aside
        )

    def _require_writable(self, mode: WriteMode) -> None:
        """Nothing is put beside a table that will not be written."""
        law, principal = self._session.law, self._session.principal
        statement = new_statement("WRITE_TABLE", f"write_expected({self._name}, mode={mode})")
        try:
            (table,) = law.resolve_tables(principal, [TableRequest(self._name, Intent.WRITE)], statement)
        except NotFound:
            law.stage_table(principal, self._name)
            return
        if mode == "error":
            require_absent(self._name, table)

    def _counts(self) -> list[RuleCount]:
        split = self._split
        return [RuleCount(each, split.rows - split.broken[each.name], split.broken[each.name]) for each in self._rules]

    def _keep_record(self) -> None:
        """Commit what was set aside, and the counts."""
        aside = self._split.aside()
        if self._beside.quarantine is not None and aside is not None:
            self._commit(self._beside.quarantine, aside)
        if self._beside.metrics is not None and self._rules:
            self._commit(self._beside.metrics, self._metric_rows())

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


def create_expected(session: "Session", access: Access, statement: CreateExpected) -> Result:
    """CREATE [OR REFRESH | REPLACE] ... (CONSTRAINT ... EXPECT ...) AS: a table of the rows that are as expected.

    Raises:
        AlreadyExists: There is such a table, and it is not to be replaced.
        BrokenRule: As :meth:`ExpectedWrite.carry_out`.
    """
    name = access.namespace.table(statement.name)
    if statement.if_not_exists and _is_there(access, name):
        return _counted(0, 0)
    prepared = prepare_query(access, read_query(statement.query))
    rows = prepared.run(access)
    try:
        origin = Origin(f"What is expected of {name}", access.statement.id, datetime.now(UTC))
        write = ExpectedWrite(session, name, statement.rules, Beside.of(name), origin)
        reader = rows.reader()
        report = write.carry_out(reader, "replace" if statement.replace else "error", statement.comment)
    finally:
        rows.close()
    node = table_node(name, report.version)
    access.record(prepared.sources, node, "WRITE", access.trace.into(reader.schema.names, node))
    return _counted(report.rows - report.dropped, report.dropped)


def _counted(written: int, dropped: int) -> Result:
    found = {"num_affected_rows": [written], "num_inserted_rows": [written], "num_dropped_rows": [dropped]}
    return result_of(found, pa.schema([(name, pa.int64()) for name in found]))


def _is_there(access: Access, name: TableName) -> bool:
    try:
        access.law.table(access.principal, name)
    except NotFound:
        return False
    return True


def _beside(name: TableName, wanted: str | bool, what: str) -> str | None:
    if isinstance(wanted, str):
        return str(TableName.parse(wanted))
    return f"{name}_{what}" if wanted else None
