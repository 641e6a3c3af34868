# pyright: reportUnknownParameterType=false
"""Writes to a table that has a contract: what its rules say of each row is done before the commit.

The quarantine table gets its rows first, then the table gets the others. So nothing is lost: when the second commit
does not come about, the first is taken back; and when the process dies between them, the rows in quarantine carry the
id of a write that the table's history does not have.
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from boathouse.catalog import LineageNode, Table
from boathouse.catalog.contract_rules import OnViolation, RowRule, WriteRules, write_rules_of
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot, tables
from boathouse.lake.arrow_input import open_stream
from boathouse.lake.row_changes import Check
from boathouse.session.law import Intent, NewTable
from boathouse.session.running.access import Access, table_node
from boathouse.session.running.constraints import check_named
from boathouse.session.running.splitting import WRITE, Origin, Split

_logger = logging.getLogger(__name__)


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
    quarantine = _Quarantine(access, TableName.parse(rules.quarantine), sources)
    known = open_snapshot(table.storage_location).arrow_schema
    try:
        yield split.reader(stream, None if loses_columns else known, lambda: quarantine.take(split))
        access.told.set_aside += split.set_aside
    except BaseException:
        quarantine.take_back(access.statement.id)
        raise
    finally:
        split.close()


class _Quarantine:
    """The table for rows that are set aside; it is made when the first come."""

    def __init__(self, access: Access, name: TableName, sources: Sequence[LineageNode]) -> None:
        self._access = access.with_statement("QUARANTINE", f"quarantine({name})")
        self._info = access.commit_info()
        self._name = name
        self._sources = sources
        self._place: str | None = None

    def take(self, split: Split) -> None:
        """Commit what was set aside, if anything was."""
        rows = split.aside()
        if rows is None:
            return
        try:
            table = self._access.resolve_one(self._name, Intent.WRITE)
        except NotFound:
            self._place, version = self._made(rows)
        else:
            place = table.storage_location
            version = tables.append(place, rows, schema_mode="merge", commit_info=self._info)
            self._place = place
            self._refresh_columns(table)
        self._access.record(list(self._sources), table_node(self._name, version), "WRITE")

    def take_back(self, write_id: str) -> None:
        """The write did not come about, so nothing was set aside."""
        if self._place is None:
            return
        try:
            tables.delete_rows(self._place, f"{WRITE} = '{write_id}'", commit_info=self._info)
        except BoathouseError as error:
            _logger.warning("Rows of the write %s stay in %s: %s", write_id, self._name, error)

    def _made(self, rows: Any) -> tuple[str, int]:
        from boathouse.catalog.columns import columns_from_delta

        law, principal = self._access.law, self._access.principal
        staged = law.stage_table(principal, self._name)
        version = tables.create_table(staged.storage_location, data=rows, commit_info=self._info)
        snapshot = open_snapshot(staged.storage_location)
        columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
        law.create_table(principal, NewTable(staged, columns, "Rows that a contract has set aside."))
        return staged.storage_location, version

    def _refresh_columns(self, table: Table) -> None:
        from boathouse.catalog.columns import columns_from_delta

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
