"""What is in production of a model, why, and how to go back: what somebody on call looks for first."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from boathouse.foundation.names import ModelName
from boathouse.models.nouns import DecisionKind
from boathouse.models.promotion.nouns import Explanation
from boathouse.models.rollback.nouns import WayBack
from boathouse.monitoring.production.models import ServedAt
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.going_back import going_back
from boathouse.server.ui.pages.models.telling import (
    STANDINGS,
    Json,
    endpoint_state,
    gates_badge,
    moment,
    version_link,
)
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, heading, link, note, words
from boathouse.server.ui.visitor import Visitor

Refresh = Callable[[], Awaitable[None]]


async def champion_card(visitor: Visitor, name: ModelName, refresh: Refresh) -> None:
    """The champion: since when, by whom, why, on which evidence; and the way back."""
    plane = visitor.plane
    way, done, served, may_manage = await asyncio.gather(
        visitor.ask(plane.rollbacks.way_back, name),
        visitor.ask(plane.rollbacks.of, name),
        visitor.ask(plane.production.served, [str(name)]),
        visitor.may(plane.governance.requirements.require_manage, name),
    )
    here = served.get(str(name), ())
    if way.current is None:
        with card("In production"):
            _nothing(name, way, here)
        return
    told = await visitor.ask(plane.governance.decisions.why, plane.governance.address(str(name), way.alias))
    with card(f"Why version {told.version} is in production"):
        _why(told, way, here)
    with card("How to go back"):
        await going_back(visitor, name, way, done, here, refresh, may_manage=may_manage)


def _nothing(name: ModelName, way: WayBack, served: Sequence[ServedAt]) -> None:
    next_step = f"boathouse model promote {name}@VERSION"
    empty(f"No version of this model is in production: the alias {way.alias} points nowhere.", next_step)
    for each in served:
        endpoint_state(each)


def _why(told: Explanation, way: WayBack, served: Sequence[ServedAt]) -> None:
    move, decided = told.move, told.decided
    document: Json = decided.document if decided else {}
    with row():
        link(f"Version {told.version}", addresses.model_version(told.model, told.version), style="bh-figure-value")
        badge(way.alias, Tone.GOOD)
        for alias in told.aliases:
            if alias != way.alias:
                badge(alias)
    if move is None:
        note("How it came there was not written down.")
    facts(
        {
            "Since": (lambda: moment(move.moved_at)) if move else None,
            "Brought there by": (lambda: _who(move.principal, _through(told))) if move else None,
            "Reason": move.reason if move else None,
            "Approved by": (lambda: _signed(document)) if decided and decided.kind is DecisionKind.PROMOTION else None,
            "Gates": (lambda: gates_badge(document["evidence"], addresses.model_version(told.model, told.version)))
            if document.get("evidence")
            else None,
            "Compared with": (lambda: version_link(told.model, document["compared_with"]))
            if document.get("compared_with")
            else None,
            "Judged on": (lambda: _data(document)) if document.get("data_table") else None,
            "Before that": (lambda: version_link(told.model, move.from_version)) if move else None,
            "Served by": (lambda: _served(served)),
        }
    )
    _reasons(told, document)


def _reasons(told: Explanation, document: Json) -> None:
    reasons: Sequence[str] = document.get("reasons", ())
    if reasons:
        heading("What was decided", 3)
        with ui.element("ul"):
            for each in reasons:
                words(each, "li")
    elif told.move is not None and told.decided is None:
        note("Somebody moved the alias; no evidence was asked for.")
    if told.now is not None:
        said, tone = STANDINGS[told.now.standing]
        with row():
            words("By what its requirements ask today, this version", style="bh-note")
            badge(said, tone)


def _through(told: Explanation) -> str:
    through = told.move.through if told.move else ""
    return {"boathouse": "moved by hand", "mlflow": "moved through MLflow"}.get(through, through)


def _who(principal: str, through: str) -> None:
    with row():
        link(principal, addresses.principal(principal))
        words(f"({through})", style="bh-note")


def _signed(document: Json) -> None:
    signed = [each for each in document.get("approvals", ()) if each["say"] == "approved"]
    if not signed:
        words("nobody: its policy asked for no signature")
    for each in signed:
        with row():
            link(each["principal"], addresses.principal(each["principal"]))
            words(f"“{each['reason']}”" if each.get("reason") else "without a reason")
            moment(each["said_at"])


def _data(document: Json) -> None:
    version = document.get("data_version")
    link(document["data_table"], addresses.table(document["data_table"]))
    if version is not None:
        words(f" at version {version}")


def _served(served: Sequence[ServedAt]) -> None:
    if not served:
        words("no endpoint")
    for each in served:
        endpoint_state(each)
