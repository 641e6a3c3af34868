"""What is promised of a table, and what the last checks came to."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import TableName
from boathouse.quality.contracts.repository import KeptCheck, Revision
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, link, note, preformatted, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor


async def contract_tab(visitor: Visitor, name: TableName) -> None:
    contracts = visitor.plane.contracts
    try:
        held = await visitor.ask(contracts.get, name)
    except NotFound:
        empty(f"No contract says what {name} has to hold.", f"boathouse contract infer {name}")
        return
    checks, revisions, quarantine = await asyncio.gather(
        visitor.ask(contracts.checks, name),
        visitor.ask(contracts.revisions, name),
        visitor.ask(contracts.quarantine, name),
    )
    _head(held, checks, quarantine)
    if checks:
        _findings(checks[0])
    _checks(name, checks)
    _revisions(name, revisions)
    with card("Document"):
        preformatted(held.document)


def _head(held: Revision, checks: Sequence[KeptCheck], quarantine: str | None) -> None:
    with card("Contract"):
        facts(
            {
                "State": lambda: _state(checks),
                "Contract": f"{held.contract_id}, version {held.version}",
                "Owner": held.owner or "—",
                "Since": lambda: when(held.valid_from),
                "Attached by": held.principal,
                "Set aside in": (lambda: _table_link(quarantine)) if quarantine else None,
            }
        )


def _table_link(name: str) -> None:
    link(name, addresses.table(name))


def _state(checks: Sequence[KeptCheck]) -> None:
    with row():
        if not checks:
            badge("not checked yet", Tone.WAITING)
            return
        badge("broken" if checks[0].is_broken else "kept")
        words("checked", style="bh-note")
        when(from_epoch_ms(checks[0].checked_at), ago=True)


def _findings(check: KeptCheck) -> None:
    found: list[Mapping[str, Any]] = sorted(check.document.get("findings", []), key=lambda each: bool(each["is_good"]))
    with card("What the last check found"):
        rows = check.document.get("rows")
        version = "" if check.table_version is None else f" of version {check.table_version}"
        note(f"{'All' if rows is None else f'{rows:,}'} rows{version}.")
        grid(
            ["Rule", "Verdict", "Column", "Found", "Severity"],
            [
                [each["rule"], _verdict(each), each.get("column"), each["message"], each.get("severity")]
                for each in found
            ],
            label="Findings of the last check",
            nothing="The check had nothing to judge.",
        )


def _verdict(finding: Mapping[str, Any]) -> State:
    if finding["is_good"]:
        return State("kept")
    return State("broken") if finding.get("is_breach") else State("warning")


def _checks(name: TableName, checks: Sequence[KeptCheck]) -> None:
    with card("Checks"):
        grid(
            ["When", "Verdict", "Table version", "Broken rules", "By"],
            [
                [
                    from_epoch_ms(each.checked_at),
                    State("broken" if each.is_broken else "kept"),
                    each.table_version,
                    sum(bool(one.get("is_breach")) for one in each.document.get("findings", [])),
                    each.principal,
                ]
                for each in checks
            ],
            label=f"Checks of {name}",
            nothing="Nobody has checked the table yet.",
            next_step=f"boathouse contract check {name}",
        )


def _revisions(name: TableName, revisions: Sequence[Revision]) -> None:
    if len(revisions) < 2:
        return
    with card("Contracts that it had"):
        grid(
            ["Revision", "Contract", "Version", "From", "To", "By"],
            [
                [
                    each.revision,
                    each.contract_id,
                    each.version,
                    from_epoch_ms(each.valid_from),
                    None if each.valid_to is None else from_epoch_ms(each.valid_to),
                    Linked(each.principal, addresses.principal(each.principal)),
                ]
                for each in revisions
            ],
            label=f"Contracts of {name}",
        )
