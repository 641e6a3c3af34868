"""Incidents, open ones first; and the playbooks that are ready."""

import asyncio
from collections.abc import Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.incidents.nouns import Incident, KeptPlaybook
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.monitoring.overview import tone_of_severity
from boathouse.server.ui.parts.choosing import Choice, chooser
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.times import in_words
from boathouse.server.ui.visitor import Visitor

_MOST = 500


async def incidents_page(visitor: Visitor) -> None:
    room = visitor.plane.incidents
    state = visitor.query.get("state", "")
    is_open = {"open": True, "closed": False}.get(state)
    with frame(visitor, "Incidents"):
        found, playbooks = await asyncio.gather(
            visitor.ask(room.incidents.list, is_open=is_open, limit=_MOST), visitor.ask(room.playbooks.list)
        )
        options = {"": "open and closed", "open": "open", "closed": "closed"}
        chooser(visitor, {"state": Choice("State", options, state)}, label="Which incidents are shown")
        with card():
            _incidents(sorted(found, key=_order))
        with card("Playbooks"):
            _playbooks(playbooks)


def _order(incident: Incident) -> tuple[bool, int, int]:
    """Open ones first, the worst of them first; the newest first."""
    return not incident.is_open, -incident.severity.rank if incident.is_open else 0, -incident.number


def _incidents(found: Sequence[Incident]) -> None:
    grid(
        ["Incident", "What", "State", "Severity", "About", "Owner", "Opened", "Open for", "Alert", "What it was"],
        [
            [
                Linked(f"Incident {each.number}", addresses.incident(str(each.number))),
                Linked(each.title, addresses.incident(str(each.number))),
                State("open" if each.is_open else "closed"),
                State(each.severity.value, tone_of_severity(each.severity)) if each.is_open else each.severity.value,
                Linked(each.subject, addresses.monitor(each.subject)) if each.is_table else each.subject,
                each.owner,
                Ago(from_epoch_ms(each.opened_at)) if each.is_open else from_epoch_ms(each.opened_at),
                None if each.closed_at is None else in_words(each.closed_at - each.opened_at),
                Linked(each.alert.rpartition(".")[2], addresses.alert(each.alert)) if each.alert else None,
                each.resolution,
            ]
            for each in found
        ],
        label="Incidents",
        nothing="There is no incident that you may see.",
        next_step="boathouse incident open TITLE --about TABLE",
    )


def _playbooks(found: Sequence[KeptPlaybook]) -> None:
    grid(
        ["Playbook", "Steps", "Put by", "Revision", "In force since", "For"],
        [
            [
                Linked(each.name, addresses.job(each.job_id)) if each.job_id is not None else each.name,
                "; ".join(step.text for step in each.playbook.steps),
                each.principal,
                each.revision,
                from_epoch_ms(each.valid_from),
                each.playbook.description,
            ]
            for each in found
        ],
        label="Playbooks",
        nothing="No playbook is ready.",
        next_step="boathouse playbook put NAME --file playbook.yml",
    )
