"""Whether somebody may say what they say of a version; pure, with an error that says who may, or what is missing."""

from datetime import datetime, timedelta

from boathouse.foundation.context import current_request
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.principals import Principal
from boathouse.models.approval.nouns import Say
from boathouse.models.approval.signatures import Signatures, Word
from boathouse.models.gates.policy import Policy

LONGEST_WAIVER = timedelta(days=90)
"""What holds longer is a rule, and belongs into ``boathouse.yml``."""
LONGEST_REASON = 4_000


class MayNotSign(Denied):
    """The policy of the model lets somebody else sign."""


class NothingToSign(Conflict):
    """There is nothing that a signature could be for, or there is something newer than the person has seen."""


def require_may_sign(principal: Principal, standing: Signatures, *, may_manage: bool) -> None:
    """Go on only if the policy lets this person sign."""
    rules, what = standing.rules, f"version {standing.version} of {standing.model}"
    allowed = bool(principal.groups & set(rules.groups)) if rules.groups else may_manage
    if not allowed:
        raise MayNotSign(f"{principal} may not sign {what}.", hint=f"{standing.who} may.")
    if principal.name in standing.authors and not rules.author_may_approve:
        raise MayNotSign(
            f"{principal} has made {what}, and its policy wants somebody else to sign.",
            hint=f"{standing.who} may.",
        )


def require_person(word: Word) -> None:
    """Go on only outside of any job: a task acts with somebody's rights, and must not sign in that name."""
    if current_request().task is not None and word.say in (Say.APPROVED, Say.WAIVED):
        raise MayNotSign("A task of a job may not sign.", hint="A person does: boathouse model approve NAME@VERSION")


def require_well_said(policy: Policy | None, standing: Signatures, word: Word, now: datetime) -> None:
    """Go on only if what is said is whole: a reason, and for a waiver a gate and an end."""
    if word.say in (Say.REFUSED, Say.WAIVED) and not (word.reason and word.reason.strip()):
        raise InvalidInput(f"Whoever {_does(word.say)} says why.", hint="Give a reason.")
    if word.reason is not None and len(word.reason) > LONGEST_REASON:
        raise InvalidInput(f"The reason has {len(word.reason):,} characters; at most {LONGEST_REASON:,} are kept.")
    if word.say is Say.WAIVED:
        _require_good_waiver(policy, standing, word, now)
    elif word.gate is not None and word.say is not Say.WITHDRAWN:
        raise InvalidInput("Only a waiver names a gate.")


def _require_good_waiver(policy: Policy | None, standing: Signatures, word: Word, now: datetime) -> None:
    gates = [each.name for each in policy.gates] if policy else []
    if word.gate not in gates:
        raise InvalidInput(
            f"The policy of {standing.model} asks no gate {word.gate!r}.",
            hint=did_you_mean(word.gate or "", gates) or f"It asks: {', '.join(gates) or 'none'}.",
        )
    if not standing.rules.may_be_waived:
        raise MayNotSign(
            f"The tier of {standing.model} lets no gate be waived.",
            hint="Make the version pass, or change boathouse.yml with a reason that can be reviewed.",
        )
    if word.until is None or not now < word.until <= now + LONGEST_WAIVER:
        raise InvalidInput(
            f"A waiver ends in the future, and within {LONGEST_WAIVER.days} days.",
            hint="What holds longer is a rule: change boathouse.yml.",
        )


def require_something_to_say(standing: Signatures, word: Word) -> None:
    """Go on only if there is evidence to sign, and it is what the person has seen."""
    what = f"Version {standing.version} of {standing.model}"
    if word.evaluation_id is not None and word.evaluation_id != standing.evaluation_id:
        raise NothingToSign(
            f"{what} has been evaluated again since.",
            hint=f"Look at the new evidence: boathouse model gates {standing.model}@{standing.version}",
        )
    if word.say is Say.APPROVED and standing.evaluation_id is None:
        raise NothingToSign(
            f"{what} has not been evaluated, so there is nothing to sign.",
            hint=f"Start its deployment job: boathouse model deploy {standing.model}@{standing.version}",
        )


def require_something_said(principal: Principal, standing: Signatures, word: Word) -> None:
    """Go on only if the person has said something that can be taken back."""
    tally = standing.tally
    everything = (*tally.approved, *tally.refused, *tally.waived, *(each.approval for each in tally.ended))
    mine = [each for each in everything if each.principal == principal.name]
    if not any(word.gate in (None, each.gate) for each in mine):
        of = f" of the gate {word.gate}" if word.gate else ""
        raise NotFound(
            f"{principal} has said nothing{of} about version {standing.version} of {standing.model}.",
            hint=f"See: boathouse model approvals {standing.model}@{standing.version}",
        )


def _does(say: Say) -> str:
    return "waives a gate" if say is Say.WAIVED else "refuses"
