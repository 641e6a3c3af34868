# pyright: reportUnknownParameterType=false
"""Writes to a table that has a contract: what its rules say of each row is done before the commit.

The quarantine table gets its rows first, then the table gets the others. So nothing is lost: when the second commit
does not come about, the first is taken back; and when the process dies between them, the rows in quarantine carry the
id of a write that the table's history does not have.
"""

import logging
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from boathouse.catalog import LineageNode, Privilege, SecurableKind, Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.catalog.contract_rules import OnViolation, RowRule, WriteRules, write_rules_of
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot, tables
from boathouse.lake.arrow_input import open_stream
from boathouse.lake.history import history
from boathouse.lake.locations import local_path
from boathouse.lake.row_changes import Check
from boathouse.lake.schema import literal
from boathouse.session.law import Intent, NewTable
from boathouse.session.running.access import Access, table_node
from boathouse.session.running.constraints import check_named
from boathouse.session.running.splitting import WRITE, Origin, Split

_logger = logging.getLogger(__name__)

_LATEST_COMMITS = 50
"""Where a write that came about is found again."""


def contract_checks(table: Table) -> tuple[Check, ...]:
    """What the contract of a table asks of rows that are changed where they are: such a row can only be refused, since
    to set it aside would take the old one away."""
    rules = write_rules_of(table)
    if rules is None:
        return ()
    asked = [each for each in rules.rules if each.on_violation is not OnViolation.KEEP]
    return tuple(check_named(each.name, each.condition) for each in asked)


@contextmanager
def guarded(
    access: Access,
    table: Table,
    name: TableName,
    data: Any,
    sources: Sequence[LineageNode],
    *,
    loses_columns: bool = False,
    refuses: bool = False,
) -> Generator[Any]:
    """The rows that may be written; the block writes them.

    Args:
        loses_columns: The table will have the columns of the rows and no others.
        refuses: Rows cannot be set aside in this write.

    Raises:
        BrokenRule: A row breaks a rule that refuses.
        InvalidInput: A column is going to be lost that the contract names.
        Denied: There are rows to be set aside, and the principal may not write to the quarantine table.
    """
    rules = write_rules_of(table)
    if rules is None or not (rules.rules or rules.columns):
        yield data
        return
    stream = open_stream(data)
    if loses_columns:
        _require_columns(rules, stream.schema.names, name)
    judged = [each for each in rules.rules if each.on_violation is not OnViolation.KEEP]
    if not judged:
        yield stream
        return
    if refuses:
        judged = [RowRule(each.name, each.condition, OnViolation.REFUSE) for each in judged]
    origin = Origin(f"The contract of {name}", access.statement.id, datetime.now(UTC))
    split = Split(access.engine, judged, origin)
    quarantine = _Quarantine(access, table, TableName.parse(rules.quarantine), sources)
    known = open_snapshot(table.storage_location).arrow_schema
    try:
        in_memory = not isinstance(data, pa.RecordBatchReader)
        good = split.judged(stream, None if loses_columns else known, is_in_memory=in_memory)
        quarantine.take(split)
        yield good
        access.told.set_aside += split.set_aside
    except BaseException:
        quarantine.take_back()
        raise
    finally:
        split.close()


class _Quarantine:
    """The table for rows that are set aside; it is made when the first come."""

    def __init__(self, access: Access, table: Table, name: TableName, sources: Sequence[LineageNode]) -> None:
        self._access = access.with_statement("QUARANTINE", f"quarantine({name})")
        self._info = access.commit_info()
        self._write_id = access.statement.id
        self._table = table
        self._name = name
        self._sources = sources
        self._place: str | None = None

    def take(self, split: Split) -> None:
        """Commit what was set aside, if anything was."""
        if not split.set_aside:
            return
        version = self._appended(split)
        if version is None:
            version = self._made(split)
        if version is None:  # somebody was faster
            version = self._appended(split)
        if version is None:
            raise Conflict(f"The quarantine table {self._name} was made and dropped at once.", hint="Try again.")
        self._access.record(list(self._sources), table_node(self._name, version), "WRITE")

    def take_back(self) -> None:
        """The write did not come about, so nothing was set aside."""
        if self._place is None or self._came_about():
            return
        try:
            tables.delete_rows(self._place, f"{WRITE} = {literal(self._write_id)}", commit_info=self._info)
        except BoathouseError as error:
            _logger.warning("Rows of the write %s stay in %s: %s", self._write_id, self._name, error)

    def _came_about(self) -> bool:
        """Whether the table has the write all the same: whoever was interrupted just after the commit has written."""
        latest = history(self._table.storage_location, _LATEST_COMMITS)
        return any(each.info.get("boathouse.statementId") == self._write_id for each in latest)

    def _appended(self, split: Split) -> int | None:
        """The version with the rows; None when there is no such table."""
        try:
            table = self._access.resolve_one(self._name, Intent.WRITE)
        except NotFound:
            return None
        self._place = table.storage_location
        version = tables.append(self._place, split.aside(), schema_mode="merge", commit_info=self._info)
        self._refresh_columns(table)
        return version

    def _made(self, split: Split) -> int | None:
        """The version of a new table with the rows; None when there is one by now. Whoever owns the table that is
        guarded may manage this one, whoever writes."""
        law, principal = self._access.law, self._access.principal
        try:
            staged = law.stage_table(principal, self._name)
        except AlreadyExists:
            return None
        version = tables.create_table(staged.storage_location, data=split.aside(), commit_info=self._info)
        snapshot = open_snapshot(staged.storage_location)
        columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
        try:
            law.create_table(principal, NewTable(staged, columns, "Rows that a contract has set aside."))
        except BaseException as error:
            shutil.rmtree(local_path(staged.storage_location), ignore_errors=True)  # nobody will ever find it
            if isinstance(error, AlreadyExists):
                return None
            raise
        self._place = staged.storage_location
        owner = self._table.securable.owner
        if owner not in principal.identities:
            rights = (Privilege.SELECT, Privilege.MODIFY, Privilege.MANAGE)
            law.grant(principal, owner, rights, SecurableKind.TABLE, str(self._name))
        return version

    def _refresh_columns(self, table: Table) -> None:
        snapshot = open_snapshot(table.storage_location)
        columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
        if [(c.name, c.type_text) for c in columns] != [(c.name, c.type_text) for c in table.columns]:
            self._access.law.refresh_columns(self._access.principal, self._name, columns)


def _require_columns(rules: WriteRules, given: Sequence[str], name: TableName) -> None:
    there = {each.lower() for each in given}
    lost = [each for each in rules.columns if each.lower() not in there]
    if lost:
        raise InvalidInput(
            f"The rows have no column {lost[0]}, which the contract {rules.contract} of {name} promises.",
            hint=f"Attach another contract first, or detach it: boathouse contract detach {name}.",
        )
