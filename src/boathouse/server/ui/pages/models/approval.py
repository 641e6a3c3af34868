"""Who has signed a version, who still must, and the buttons for those who may."""

import asyncio
from collections.abc import Awaitable, Callable

from boathouse.foundation.names import ModelName
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.checking import NothingToSign
from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.approval.signatures import Signatures, Word
from boathouse.models.gates.policy import DEFAULT_STAGES
from boathouse.models.promotion.nouns import Explanation
from boathouse.models.promotion.promoting import Wish
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.requirements import signatures_text
from boathouse.server.ui.pages.models.telling import moment
from boathouse.server.ui.parts.asking import ask_reason, button, done
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.visitor import Visitor

Refresh = Callable[[], Awaitable[None]]
_SAID = {Say.APPROVED: Tone.GOOD, Say.REFUSED: Tone.BAD, Say.WAIVED: Tone.DOUBTFUL}


async def approval_card(visitor: Visitor, name: ModelName, told: Explanation, refresh: Refresh) -> None:
    """Signatures that count, those that no longer do, and what is missing."""
    approvals = visitor.plane.models.approvals
    with card("Approval"):
        try:
            standing = await visitor.ask(approvals.standing, name, told.version)
        except NothingToSign as error:
            note(str(error))
            return
        may_sign, may_manage = await asyncio.gather(
            visitor.may(approvals.require_may_sign, name, told.version),
            visitor.may(visitor.plane.governance.requirements.require_manage, name),
        )
        _signed(standing)
        _missing(name, standing)
        with row():
            if may_sign:
                _signing(visitor, approvals, name, standing, refresh)
            if may_manage:
                _moving(visitor, name, told, refresh)
        if not may_sign and not standing.tally.is_complete:
            note(f"You may not sign this version. {standing.who.rstrip(',')} may.")


def _signed(standing: Signatures) -> None:
    tally = standing.tally
    for each in (*tally.refused, *tally.approved, *tally.waived):
        _said(each, None)
    for ended in tally.ended:
        _said(ended.approval, ended.why)


def _said(each: Approval, why_not: str | None) -> None:
    with row():
        if why_not is None:
            badge(each.say.value, _SAID.get(each.say))
        else:
            badge(f"{each.say.value}, ended", Tone.QUIET)
        link(each.principal, addresses.principal(each.principal))
        words(f"“{each.reason}”" if each.reason else "without a reason")
        if each.gate:
            words(f"gate {each.gate}")
        moment(each.said_at)
    if why_not:
        note(why_not)


def _missing(name: ModelName, standing: Signatures) -> None:
    tally = standing.tally
    if tally.refused:
        note("Somebody who may has said no. That holds until they take it back.")
    elif tally.needed and tally.missing:
        words(f"{tally.missing} of {tally.needed} signatures missing.", "strong")
    elif tally.needed:
        words("All signatures are there.", "strong")
    note(signatures_text(str(name), standing.rules))


def _signing(visitor: Visitor, approvals: Approvals, name: ModelName, standing: Signatures, refresh: Refresh) -> None:
    version = standing.version

    async def say(what: Say, question: str, what_happens: str, yes: str, style: str) -> None:
        reason = await ask_reason(question, what_happens=what_happens, yes=yes, style=style)
        if reason is None:
            return
        evaluation = standing.evaluation_id if what is not Say.WITHDRAWN else None
        await visitor.ask(approvals.say, name, version, Word(what, reason, evaluation_id=evaluation))
        done(f"Version {version} is {'no longer signed by you' if what is Say.WITHDRAWN else what.value}.")
        await refresh()

    mine = {each.principal for each in (*standing.tally.approved, *standing.tally.refused)}
    if visitor.principal.name not in mine and standing.evaluation_id is not None:
        button(
            "Approve",
            lambda: say(
                Say.APPROVED,
                f"Approve version {version} of {name}?",
                "You say that you have looked at its latest evidence, and that it may go to production.",
                "Approve",
                "bh-primary",
            ),
            style="bh-primary",
        )
    if visitor.principal.name not in mine:
        button(
            "Refuse",
            lambda: say(
                Say.REFUSED,
                f"Refuse version {version} of {name}?",
                "It cannot go to production until you take that back.",
                "Refuse",
                "bh-danger",
            ),
            style="bh-danger",
        )
    else:
        button(
            "Take back",
            lambda: say(
                Say.WITHDRAWN, f"Take back what you have said of version {version}?", "", "Take back", "bh-primary"
            ),
        )


def _moving(visitor: Visitor, name: ModelName, told: Explanation, refresh: Refresh) -> None:
    """To promote what may be, and to start the gates of what has not been judged."""
    now = told.now
    if now is None or DEFAULT_STAGES["production"] in told.aliases:
        return

    async def promote() -> None:
        reason = await ask_reason(
            f"Promote version {told.version} of {name} to production?",
            what_happens="It becomes the champion, and what follows the champion asks it from then on.",
            yes="Promote",
        )
        if reason is not None:
            promotions = visitor.plane.governance.promotions
            made = await visitor.ask(promotions.promote, name, told.version, Wish(reason=reason))
            done(f"Version {told.version} is in {made.stage} now.")
            await refresh()

    async def judge() -> None:
        start = await visitor.ask(visitor.plane.deployment_jobs.deploy, name, told.version)
        done(f"Its deployment job was started{f', run {start.run_id}' if start.run_id else ''}.")
        await refresh()

    if now.may_be_promoted:
        button("Promote to production", promote, style="bh-primary")
    button("Start its gates" if not now.evidence else "Judge it again", judge)
