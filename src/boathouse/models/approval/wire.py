"""Signatures as JSON: on the wire, and on the command line."""

from typing import Any

from boathouse.models.approval.counting import holds_until
from boathouse.models.approval.nouns import Approval
from boathouse.models.approval.signatures import Signatures

Json = dict[str, Any]


def said_json(approval: Approval) -> Json:
    """One signature. The groups of the person are their own business."""
    return {name: getattr(approval, name) for name in Approval.__slots__ if name != "groups"}


def signatures_json(standing: Signatures) -> Json:
    """How the signatures of a version stand."""
    tally = standing.tally

    def with_end(approval: Approval) -> Json:
        return said_json(approval) | {"holds_until": holds_until(approval, standing.rules)}

    return {
        "model": standing.model,
        "version": standing.version,
        "evaluation_id": standing.evaluation_id,
        "authors": sorted(standing.authors),
        "who_may_sign": standing.who,
        "needed": tally.needed,
        "missing": tally.missing,
        "is_complete": tally.is_complete,
        "approved": [with_end(each) for each in tally.approved],
        "refused": [said_json(each) for each in tally.refused],
        "waived": [with_end(each) for each in tally.waived],
        "ended": [said_json(each.approval) | {"why": each.why} for each in tally.ended],
    }
