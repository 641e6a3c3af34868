"""What requirements ask of a version, without what they only tell: pure.

Whoever signs has seen evidence as these rules judge it. With other rules it is another question.
"""

from collections.abc import Iterable
from typing import Any

from boathouse.models.requirements.nouns import Revision
from boathouse.models.requirements.requirements import Requirements

_ASKED = {"problem", "constraints", "risk_tier", "evaluation", "slices", "cost_matrix", "gates"}


def what_is_asked(requirements: Requirements) -> dict[str, Any]:
    """Everything that a verdict depends on."""
    return requirements.model_dump(mode="json", include=_ASKED) | {"proxy": requirements.success.proxy}


def asked_since(revisions: Iterable[Revision]) -> int:
    """Since when the same has been asked, in milliseconds since 1970-01-01 UTC; 0 without revisions.

    Args:
        revisions: The newest first. Time in which nothing was asked lies between two of them: a signature from then
            was given to something else.
    """
    since, asked = 0, None
    for each in revisions:
        asks = what_is_asked(each.requirements)
        if asked is not None and (asks != asked or each.valid_to != since):
            return since
        since, asked = each.valid_from, asks
    return since
