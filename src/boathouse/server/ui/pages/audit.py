"""Who did what, to what, when, from where, and how it ended."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from boathouse.catalog import AuditEvent, SecurableKind
from boathouse.catalog.hierarchy import in_words
from boathouse.catalog.repository.records import EventFilter
from boathouse.foundation.clock import epoch_ms
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.parts.asking import Asked, close
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.paging import page_links, page_of
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import facts, note, preformatted
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

PER_PAGE = 50
OUTCOMES = {"": "any", "refused": "refused or failed", "done": "done"}


async def audit_page(visitor: Visitor) -> None:
    plane, page = visitor.plane, page_of(visitor)
    found, sees_all = await asyncio.gather(
        visitor.ask(plane.catalog.audit_trail, asked_for(visitor.query), limit=PER_PAGE + 1, offset=page * PER_PAGE),
        visitor.ask(plane.catalog.sees_all_events),
    )
    shown = found[:PER_PAGE]
    with frame(visitor, "Audit"):
        if not sees_all:
            note("You see what you did yourself. Whoever may SELECT from system.access sees what everybody did.")
        with card():
            _filters(visitor, shown)
            grid(
                ["When", "Who", "What", "To what", "Outcome", "From"],
                [_row(event) for event in shown],
                label="Events",
                nothing="Nothing that was recorded is like this.",
                next_step="Take a condition away, or choose a longer time.",
                on_choose=lambda number: _details(shown[number]),
                choose="Details",
                per_page=PER_PAGE,
                search=False,
            )
            page_links(visitor, more=len(found) > PER_PAGE)


def asked_for(query: Mapping[str, str]) -> EventFilter:
    """What an address asks for; days are days of UTC, and the last one is included."""
    told = {name: value.strip() or None for name, value in query.items()}
    until = _day(told.get("until"))
    return EventFilter(
        since=_milliseconds(_day(told.get("since"))),
        until=_milliseconds(until + timedelta(days=1) if until else None),
        principal=told.get("principal"),
        action=told.get("action"),
        securable_kind=told.get("kind"),
        securable_name=told.get("name"),
        failed={"refused": True, "done": False}.get(told.get("outcome") or ""),
    )


def _filters(visitor: Visitor, shown: Sequence[AuditEvent]) -> None:
    kinds = {"": "any", **{kind.value: in_words(kind) for kind in SecurableKind}}
    filters(
        visitor,
        Field("principal", "Who", suggestions=sorted({event.principal for event in shown})),
        Field("action", "What", suggestions=sorted({event.action for event in shown})),
        Field("kind", "Kind of thing", kinds),
        Field("name", "Name of the thing"),
        Field("outcome", "Outcome", OUTCOMES),
        Field("since", "From day (UTC)", type="date"),
        Field("until", "To day (UTC)", type="date"),
    )


def _row(event: AuditEvent) -> list[object]:
    return [
        _instant(event),
        Linked(event.principal, addresses.with_query(addresses.AUDIT, principal=event.principal)),
        event.action,
        _thing(event),
        _outcome(event),
        event.source_ip or None,
    ]


def _instant(event: AuditEvent) -> datetime:
    return datetime.fromtimestamp(event.event_time / 1000, UTC)


def _thing(event: AuditEvent) -> object:
    if not event.securable_kind or not event.securable_name:
        return None
    text = f"{event.securable_kind.replace('_', ' ')} {event.securable_name}"
    address = addresses.securable(event.securable_kind, event.securable_name)
    return Linked(text, address) if address else text


def _outcome(event: AuditEvent) -> State:
    if event.status_code < 400:
        return State("done", Tone.GOOD)
    if event.status_code in (401, 403):
        return State("refused", Tone.DOUBTFUL)
    return State(f"failed ({event.status_code})", Tone.BAD)


def _details(event: AuditEvent) -> None:
    with Asked(f"{event.action} by {event.principal}") as dialog:
        facts(
            {
                "When": lambda: when(_instant(event)),
                "Replay clock": event.as_of,
                "Service": event.service,
                "Outcome": event.error_message or "done",
                "From": event.source_ip or "this machine",
                "Client": event.user_agent or None,
                "Request": event.request_id or None,
            }
        )
        if event.request_params:
            preformatted("\n".join(f"{name}: {value}" for name, value in event.request_params.items()))
        close(dialog)


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else epoch_ms(instant)
