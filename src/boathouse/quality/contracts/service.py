"""The verbs on contracts of tables. Who manages a table attaches its contract; who may read it sees it.

That a contract is attached, kept in time and asked of every write comes about in one transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind, Table
from boathouse.catalog.contract_rules import WRITE_RULES, OnViolation, WriteRules
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.catalog.repository import Connection
from boathouse.catalog.repository import securables as held_things
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit, Problem
from boathouse.quality.contracts import repository as rows
from boathouse.quality.contracts.nouns import Contract
from boathouse.quality.contracts.reading import read_contract
from boathouse.quality.contracts.repository import KeptCheck, Revision
from boathouse.quality.contracts.schema_terms import schema_findings
from boathouse.session.running.constraints import check_named

TABLE = SecurableKind.TABLE
SERVICE = "contracts"
LONGEST = 1_000_000
"""Characters of a contract."""
_MOST_TOLD = 20
_MOST_SAID = 3


class ContractNotFound(NotFound):
    """No contract is, or was, attached to the table."""


class Contracts:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._clock = clock

    # --- changing

    def attach(
        self, principal: Principal, table: TableName, document: str, *, quarantine: str | None = None
    ) -> tuple[Revision, Contract]:
        """Let a contract hold for a table from now on: each write is asked its rules. What holds already makes no new
        revision.

        Args:
            quarantine: The table for rows that are set aside; by default ``<table>_quarantine``.

        Raises:
            DoesNotFit: The table has not the columns, or a rule is no SQL.
            Denied: The principal may not manage the table.
        """
        with self._verb(principal, "attachContract", table) as event:
            self._catalog.grants.require(principal, Privilege.MANAGE, TABLE, str(table))
            found = self._catalog.securables.table(principal, table)
            if found.view is not None:
                raise InvalidInput(f"{table} is a view; rows are written to the tables that it reads.")
            if len(document) > LONGEST:
                raise InvalidInput(f"The contract is longer than {LONGEST:,} characters.")
            contract = read_contract(document, table=str(table))
            aside = str(TableName.parse(quarantine)) if quarantine else f"{table}_quarantine"
            _require_fitting(contract, found)
            now, table_id = epoch_ms(self._clock.now()), found.securable.id
            with self._database.write() as connection:
                before = rows.held(connection, table_id)
                is_same = before is not None and before.document == document
                if before is None or not is_same or rows.quarantine_of(connection, table_id) != aside:
                    made = Revision(
                        table_id, 0, document, contract.id, contract.version, contract.owner, now, None, principal.name
                    )
                    made = replace(made, revision=rows.attach(connection, made, aside))
                else:
                    made = before
                asked = _asked(contract, made.revision, aside)
                self._set_rules(connection, table, asked.to_text())
                event.commit_with(connection)
            return made, contract

    def require_fitting(self, principal: Principal, table: TableName, document: str) -> None:
        """Ask a table whether a contract could be attached to it.

        Raises:
            DoesNotFit: It has not the columns, or a rule is no SQL.
            NotFound, Denied: There is no such table, or the principal may not read it.
        """
        _require_fitting(read_contract(document, table=str(table)), self._catalog.securables.table(principal, table))

    def detach(self, principal: Principal, table: TableName) -> None:
        """Let no contract hold any more; what held stays on record.

        Raises:
            ContractNotFound: None did.
        """
        with self._verb(principal, "detachContract", table) as event:
            self._catalog.grants.require(principal, Privilege.MANAGE, TABLE, str(table))
            table_id = self._id(principal, table)
            with self._database.write() as connection:
                if rows.held(connection, table_id) is None:
                    raise ContractNotFound(f"{table} has no contract.")
                rows.detach(connection, table_id, epoch_ms(self._clock.now()))
                self._set_rules(connection, table, None)
                event.commit_with(connection)

    def tell(self, principal: Principal, table: TableName, report: Mapping[str, Any]) -> KeptCheck:
        """Keep what a check came to. Followers are told when other rules are broken than before.

        Raises:
            Denied: The principal may not write to the table.
            ContractNotFound: The table has no contract.
        """
        with self._verb(principal, "checkContract", table) as event:
            self._catalog.grants.require(principal, Privilege.MODIFY, TABLE, str(table))
            table_id, now = self._id(principal, table), epoch_ms(self._clock.now())
            findings = [each for each in report.get("findings") or () if isinstance(each, dict)]
            broken = [each for each in findings if each.get("is_breach")]
            with self._database.write() as connection:
                revision = rows.held(connection, table_id)
                if revision is None:
                    raise ContractNotFound(f"{table} has no contract.", hint="boathouse contract attach FILE TABLE.")
                version = report.get("table_version")
                checked_at = int(report.get("at") or now)
                kept = KeptCheck(
                    0, table_id, revision.revision, checked_at, None if version is None else int(version),
                    bool(broken), dict(report), principal.name,
                )  # fmt: skip
                names = [str(each.get("rule")) for each in broken]
                news = set(names) - rows.broken_rules(connection, table_id)
                was_broken = any(each.is_broken for each in rows.checks(connection, table_id, 1))
                kept = replace(kept, check_id=rows.keep_check(connection, kept, names))
                if news or (was_broken and not broken):
                    kind = EventType.CONTRACT_BROKEN if news else EventType.CONTRACT_KEPT
                    told = NewEvent(kind, str(table), principal.name, _event_data(revision, kept, broken))
                    events.write(connection, [told], now)
                event.commit_with(connection)
            return kept

    # --- looking

    def get(self, principal: Principal, table: TableName, *, at: int | None = None) -> Revision:
        """The contract of a table, now or at an instant.

        Raises:
            ContractNotFound: It has, or had, none.
        """
        with self._verb(principal, "getContract", table):
            table_id = self._id(principal, table)
            with self._database.read() as connection:
                found = rows.held(connection, table_id, at)
            if found is None:
                when = "" if at is None else " at that time"
                raise ContractNotFound(
                    f"{table} {'has' if at is None else 'had'} no contract{when}.",
                    hint="boathouse contract infer TABLE writes a first one.",
                )
            return found

    def is_asked(self, principal: Principal, table: TableName, revision: int) -> bool:
        """Whether writes are asked the rules of this revision: a table that was replaced has lost them."""
        text = self._catalog.securables.get(principal, TABLE, str(table)).properties.get(WRITE_RULES)
        return text is not None and WriteRules.from_text(text).revision == revision

    def quarantine(self, principal: Principal, table: TableName) -> str | None:
        """The table for rows that are set aside."""
        table_id = self._id(principal, table)
        with self._database.read() as connection:
            return rows.quarantine_of(connection, table_id)

    def revisions(self, principal: Principal, table: TableName) -> list[Revision]:
        """Every contract that the table had, newest first."""
        with self._verb(principal, "getContract", table):
            table_id = self._id(principal, table)
            with self._database.read() as connection:
                return rows.revisions(connection, table_id)

    def checks(self, principal: Principal, table: TableName, *, limit: int = 25) -> list[KeptCheck]:
        """The latest checks, newest first."""
        with self._verb(principal, "listContractChecks", table):
            table_id = self._id(principal, table)
            with self._database.read() as connection:
                return rows.checks(connection, table_id, limit)

    def list(self, principal: Principal) -> "list[tuple[str, Revision, frozenset[str]]]":
        """The tables with contracts that the principal may see, by name, with the rules that are broken."""
        with self._catalog.audit.verb(principal, SERVICE, "listContracts"):
            with self._database.read() as connection:
                found = rows.every(connection)
                names = {id: each.full_name for id, each in held_things.by_ids(
                    connection, [each.table_id for each in found]).items()}  # fmt: skip
                broken = {each.table_id: rows.broken_rules(connection, each.table_id) for each in found}
            visible = self._catalog.grants.visible(principal, TABLE, list(names.values()))
            there = [
                (names[each.table_id], each, broken[each.table_id])
                for each in found
                if each.table_id in names and names[each.table_id] in visible
            ]
            return sorted(there, key=lambda each: each[0])

    # --- within

    def _verb(self, principal: Principal, action: str, table: TableName) -> Any:
        return self._catalog.audit.verb(principal, SERVICE, action, TABLE, str(table))

    def _id(self, principal: Principal, table: TableName) -> str:
        return self._catalog.securables.get(principal, TABLE, str(table)).id

    def _set_rules(self, connection: Connection, table: TableName, text: str | None) -> None:
        found = held_things.find(connection, (TABLE, str(table)))
        if found is None:
            raise NotFound(f"Table {table} was not found.")
        kept = {key: value for key, value in found.properties.items() if key != WRITE_RULES}
        held_things.change(connection, found.id, {"properties": kept if text is None else {**kept, WRITE_RULES: text}})


def _asked(contract: Contract, revision: int, quarantine: str) -> WriteRules:
    judged = tuple(each for each in contract.row_rules if each.on_violation is not OnViolation.KEEP)
    return WriteRules(contract.id, revision, quarantine, judged, tuple(each.name for each in contract.columns))


def _require_fitting(contract: Contract, table: Table) -> None:
    actual = {column.name: column.type_text for column in table.columns}
    problems = [
        Problem(("schema", each.column or ""), each.message)
        for each in schema_findings(contract.columns, actual)
        if not each.is_good and each.is_breach
    ]
    for rule in contract.row_rules:
        try:
            check_named(rule.name, rule.condition)
        except BoathouseError as error:
            problems.append(Problem(("quality", rule.name), error.message))
    if problems:
        raise DoesNotFit(f"The contract {contract.id} of {table.securable.full_name}", problems)


def _event_data(revision: Revision, check: KeptCheck, broken: "list[dict[str, Any]]") -> dict[str, Any]:
    return {
        "contract": revision.contract_id,
        "version": revision.version,
        "revision": revision.revision,
        "owner": revision.owner,
        "table_version": check.table_version,
        "checked_at": check.checked_at,
        "check_id": check.check_id,
        "count": len(broken),
        "summary": "; ".join(str(each.get("message")) for each in broken[:_MOST_SAID]) or "nothing is broken any more",
        "rules": [str(each.get("rule")) for each in broken[:_MOST_TOLD]],
        "broken": [
            {key: each.get(key) for key in ("rule", "column", "severity", "value", "message")}
            for each in broken[:_MOST_TOLD]
        ],
    }
