"""Which signatures count: pure, so that other rules, and other instants, can be asked of the same signatures."""

from collections.abc import Iterable, Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.models.approval.nouns import Approval, Ended, Say, Tally
from boathouse.models.gates.policy import ApprovalRules


def count_signatures(
    said: Sequence[Approval], rules: ApprovalRules, *, evaluation_id: str | None, now: int, asked_since: int = 0
) -> Tally:
    """What all that was said of a version, in any order, comes to.

    Of each person the last word on the version counts, and the last word on each gate.
    ``evaluation_id`` is that of the latest evidence; ``asked_since`` is when what is asked was changed the last time.
    """
    last = _last_words(said)
    ended: list[Ended] = []
    found: dict[Say, list[Approval]] = {say: [] for say in Say}
    for each in sorted(last, key=lambda approval: approval.approval_id):
        why = why_not(each, rules, evaluation_id=evaluation_id, now=now, asked_since=asked_since)
        if why is None:
            found[each.say].append(each)
        else:
            ended.append(Ended(each, why))
    return Tally(
        needed=rules.count,
        approved=tuple(found[Say.APPROVED]),
        refused=tuple(found[Say.REFUSED]),
        waived=tuple(found[Say.WAIVED]),
        ended=tuple(ended),
    )


def why_not(
    approval: Approval, rules: ApprovalRules, *, evaluation_id: str | None, now: int, asked_since: int = 0
) -> str | None:
    """Why a signature does not count, in a sentence; None when it does."""
    who = f"{approval.principal}, who has {approval.say.value} it,"
    if approval.say is Say.REFUSED:
        return None  # a no stays a no until the person takes it back
    if rules.groups and not set(rules.groups) & set(approval.groups):
        return f"{who} is in none of the groups that may sign: {', '.join(rules.groups)}."
    if approval.is_author and not rules.author_may_approve:
        return f"{who} has made the version, and somebody else has to sign."
    if approval.say is Say.WAIVED:
        if not rules.may_be_waived:
            return f"{who} may not: this tier lets no gate be waived."
        if approval.valid_until is not None and now >= approval.valid_until:
            return f"The waiver of {approval.gate} by {approval.principal} ended at {spoken(approval.valid_until)}."
        return None
    if approval.evaluation_id != evaluation_id:
        return f"There is newer evidence than lay before {approval.principal}."
    if approval.said_at < asked_since:
        return f"What the version has to meet was changed after {approval.principal} had signed."
    until = holds_until(approval, rules)
    if now >= until:
        return f"The approval by {approval.principal} held until {spoken(until)}."
    return None


def holds_until(approval: Approval, rules: ApprovalRules) -> int:
    """When a signature ends by time, in milliseconds since 1970-01-01 UTC."""
    if approval.say is Say.WAIVED and approval.valid_until is not None:
        return approval.valid_until
    return approval.said_at + rules.valid_for_ms


def spoken(instant: int) -> str:
    return from_epoch_ms(instant).strftime("%Y-%m-%d %H:%M UTC")


def _last_words(said: Iterable[Approval]) -> list[Approval]:
    """A person has one say on the version, and one on each gate; withdrawing the first takes the others back too."""
    last: dict[tuple[str, str | None], Approval] = {}
    for each in sorted(said, key=lambda approval: approval.approval_id):
        if each.say is Say.WITHDRAWN:
            for key in [key for key in last if key[0] == each.principal and each.gate in (None, key[1])]:
                del last[key]
        else:
            last[each.principal, each.gate] = each
    return list(last.values())
