"""One incident, for whoever is called at night: what is wrong, what changed before, what it touched, what to do."""

import asyncio
from collections.abc import Mapping

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import NotFound
from boathouse.monitoring.incidents.nouns import Allowed, Change, EntryKind, Incident
from boathouse.monitoring.incidents.service import IncidentNotFound, Story
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.alerts.plotted import plotted
from boathouse.server.ui.pages.alerts.wording import rule_in_words
from boathouse.server.ui.pages.incidents.impact import impact_section
from boathouse.server.ui.pages.incidents.playbook import playbook_section
from boathouse.server.ui.pages.incidents.review import review_section
from boathouse.server.ui.pages.incidents.telling import MOST_SUSPECTS, figure_words, lead, likely
from boathouse.server.ui.pages.incidents.timeline import timeline_section
from boathouse.server.ui.pages.monitoring.overview import tone_of_severity
from boathouse.server.ui.pages.monitoring.windows import told_window
from boathouse.server.ui.parts.asking import Asked, ask_reason, button, choices, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, columns, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, link, note, words
from boathouse.server.ui.parts.times import in_words, when
from boathouse.server.ui.visitor import Visitor


async def incident_page(visitor: Visitor, incident: str) -> None:
    if not incident.isdecimal():
        raise IncidentNotFound(f"There is no incident {incident[:40]}.", hint="List them: boathouse incident list")
    incidents, number = visitor.plane.incidents.incidents, int(incident)
    story, allowed = await asyncio.gather(visitor.ask(incidents.get, number), visitor.ask(incidents.allowed, number))
    found = story.incident
    alerts = await visitor.ask(visitor.plane.alerting.alerts.list, subject=found.subject) if found.alert else []
    metrics = {each.alert.alert_id: each.alert.rule.metric for each in alerts if each.alert.rule.metric is not None}
    with frame(visitor, f"Incident {number}: {found.title}", Crumb("Incidents", addresses.INCIDENTS)):
        _head(visitor, story, allowed, metrics)
        if found.alert is not None:
            with card("What went wrong"):
                later(lambda: _plot(visitor, story))
        with columns():
            with card("What to do"):
                playbook_section(visitor, story, allowed)
            with card("What it touched"):
                later(lambda: impact_section(visitor, story), "Counting …")
        with card("What had changed before, the most likely first"):
            _suspects(story)
        with card("Timeline"):
            timeline_section(visitor, story)
        with card("Review"):
            later(lambda: review_section(visitor, story, allowed))


def _head(visitor: Visitor, story: Story, allowed: Allowed, metrics: Mapping[str, str]) -> None:
    found = story.incident
    with card():
        with ui.element("div").classes("bh-row"):
            badge("open" if found.is_open else "closed")
            badge(found.severity.value, tone_of_severity(found.severity) if found.is_open else Tone.QUIET)
            words(f"{found.owner} answers for it", style="bh-note")
        words(lead(story, metrics), "p", style="bh-lead")
        facts(_facts(story, metrics))
        if allowed.decide:
            _buttons(visitor, found)


def _facts(story: Story, metrics: Mapping[str, str]) -> dict[str, object]:
    found = story.incident
    window = found.window
    subject = addresses.monitor(found.subject) if found.is_table else None
    return {
        "about": (lambda: link(found.subject, subject)) if subject else found.subject,
        "owner": lambda: link(found.owner, addresses.principal(found.owner)),
        "alert": (lambda: link(found.alert, addresses.alert(found.alert or ""))) if found.alert else None,
        "first wrong window": (lambda: told_window(*window)) if window else None,
        "opened": lambda: when(from_epoch_ms(found.opened_at)),
        "closed": (lambda: when(from_epoch_ms(found.closed_at or 0))) if found.closed_at is not None else None,
        "open for": in_words(found.closed_at - found.opened_at) if found.closed_at is not None else None,
        "closed by": found.closed_by,
        "figures": _figures(story, metrics),
    }


def _figures(story: Story, metrics: Mapping[str, str]) -> object:
    """Links to what was measured, in the window in which it went wrong."""
    told = [each for each in story.firings if each.series.get("column")]
    if not told or not story.incident.is_table:
        return None

    def links() -> None:
        for place, each in enumerate(told):
            column = each.series.get("column")
            address = addresses.with_query(
                addresses.monitor(story.incident.subject), column=column, metric=metrics.get(each.alert_id),
                granularity=each.series.get("granularity"), window=each.began,
            )  # fmt: skip
            words(", " if place else "")
            link(figure_words(each, metrics), address)

    return links


def _buttons(visitor: Visitor, found: Incident) -> None:
    incidents, number = visitor.plane.incidents.incidents, found.number

    def again() -> None:
        go_to(addresses.incident(str(number)))

    async def close() -> None:
        told = "Say what it was; that stands in the review. Alerts that still fire open another incident."
        if text := await ask_reason(f"Resolve incident {number}?", what_happens=told, yes="Resolve"):
            await visitor.ask(incidents.close, number, text)
            done(f"Incident {number} is closed.")
            again()

    async def assign() -> None:
        if name := await _owner():
            await visitor.ask(incidents.assign, number, name)
            again()

    with row():
        if found.is_open:
            button("Resolve", close)
        button("Assign", assign)


async def _owner() -> str | None:
    with Asked("Who shall answer for it?") as dialog:
        name = ui.input("User or group").props("outlined autofocus").classes("bh-wide")

        def send() -> None:
            if said := (name.value or "").strip():
                dialog.submit(said)
            else:
                name.props("error error-message='Say who.'")

        choices(send, dialog, "Assign")
    return await dialog


async def _plot(visitor: Visitor, story: Story) -> None:
    """What the alert saw; one that is gone leaves what it said."""
    name = story.incident.alert
    assert name is not None
    try:
        alert = await visitor.ask(visitor.plane.alerting.alerts.get, name)
    except NotFound:
        note(f"The alert {name} is not there any more.")
        return
    fired = sorted((each for each in story.firings if each.alert_id == alert.alert_id), key=lambda each: -each.fired_at)
    if alert.rule.metric is None:
        note(rule_in_words(alert.rule))
        return
    words(f"{alert.rule.metric} in {alert.rule.subject}", "h3")
    await plotted(visitor, name, alert.rule, fired)


def _suspects(story: Story) -> None:
    changes = likely(story)
    if not any(each.kind is EntryKind.CHANGE for each in story.entries):
        note("Nothing is known to have changed in the seven days before, as far as whoever opened it may know.")
        return
    grid(
        ["When", "What", "By", "About", "Away", "Likelihood"],
        [_change_row(each) for each in changes],
        label="What had changed before",
        per_page=MOST_SUSPECTS,
    )
    note(
        "The likelihood puts them in order: what kind of change it is, how near in the lineage, how shortly before. "
        "These are suspects, not causes."
    )


def _change_row(change: Change) -> list[object]:
    address = _address(change)
    return [
        from_epoch_ms(change.at),
        change.text,
        change.principal,
        Linked(change.subject, address) if address else change.subject,
        "itself" if change.hops == 0 else f"{change.hops} step{'' if change.hops == 1 else 's'}",
        change.likelihood,
    ]


def _address(change: Change) -> str | None:
    """The page of what has changed."""
    if (run := change.data.get("run_id")) is not None and change.kind in ("run.failed",):
        return addresses.run(int(run))
    if change.kind in ("commit", "schema") or change.kind.startswith(("contract", "monitor")):
        return addresses.table(change.subject)
    if change.kind.startswith("model_version"):
        return addresses.model(change.subject)
    if change.kind.startswith(("endpoint", "rollout")):
        return addresses.endpoint(change.subject)
    return None
