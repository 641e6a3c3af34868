"""The candidate: where it stands on its way to production, and what it still needs."""

from nicegui import ui

from boathouse.foundation.names import ModelName
from boathouse.models.gates.policy import DEFAULT_STAGES
from boathouse.models.nouns import RegisteredModel
from boathouse.models.promotion.nouns import Decision, Explanation
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import STANDINGS, gates_summary, gates_tone, moment, worst_by_gate
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import facts, link, note, words
from boathouse.server.ui.visitor import Visitor

CHALLENGER = DEFAULT_STAGES["candidate"]
MOST_REASONS = 5


async def challenger_card(visitor: Visitor, model: RegisteredModel) -> None:
    """The challenger, unless it is the champion itself."""
    version = model.aliases.get(CHALLENGER)
    champion = model.aliases.get(DEFAULT_STAGES["production"])
    with card("Challenger"):
        if version is None:
            note("No version is a challenger: nothing is on its way to production.")
            return
        if version == champion:
            note(f"Version {version}, the last challenger, is in production.")
            return
        address = visitor.plane.governance.address(model.name, str(version))
        told = await visitor.ask(visitor.plane.governance.decisions.why, address)
        _shown(ModelName.parse(model.name), told)


def _shown(name: ModelName, told: Explanation) -> None:
    here = addresses.model_version(str(name), told.version)
    with row():
        link(f"Version {told.version}", here, style="bh-figure-value")
        if told.now is not None:
            badge(*STANDINGS[told.now.standing])
    now, move = told.now, told.move
    facts(
        {
            "Since": (lambda: moment(move.moved_at)) if move else None,
            "Gates": (lambda: _gates(now, here)) if now and now.evidence else None,
            "Signatures missing": now.missing_approvals or None if now else None,
        }
    )
    if told.now is None:
        note("The model has no requirements, so nothing says what a version has to meet.")
        return
    reasons(told.now)
    link("Look at its evidence, approve or refuse", here)


def reasons(decision: Decision) -> None:
    """What blocks, or what speaks for it."""
    with ui.element("ul"):
        for each in decision.reasons[:MOST_REASONS]:
            words(each, "li")
        if len(decision.reasons) > MOST_REASONS:
            words(f"and {len(decision.reasons) - MOST_REASONS} more", "li")


def _gates(decision: Decision, address: str) -> None:
    verdicts = worst_by_gate((each.measurement.gate, each.judgement.verdict.value) for each in decision.evidence)
    with row():
        badge(gates_summary(verdicts.values()), gates_tone(verdicts.values()))
        link("Each gate with its evidence", address)
