"""Why somebody may do something, told to people."""

from typing import Any

from boathouse.catalog.hierarchy import in_words
from boathouse.catalog.reasons import Explanation, Need, Reason, Way
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.principals import EVERYONE

MOST_REASONS = 3
"""Reasons that are told of one need; one is enough, the others tell what else would have to be revoked."""


def because(told: Explanation) -> str:
    """The reasons line by line, or what is missing."""
    if told.missing:
        lacks = (f"{need.privilege.in_words} on {in_words(need.kind)} {need.full_name}" for need in told.missing)
        return f"Missing: {'; '.join(lacks)}."
    return "\n".join(_need(need) for need in told.needs)


def _need(need: Need) -> str:
    shown = [_reason(reason, need) for reason in need.reasons[:MOST_REASONS]]
    more = len(need.reasons) - len(shown)
    also = f" (and {more} more)" if more else ""
    return f"{need.privilege.in_words}: {'; also '.join(shown)}{also}"


def _reason(reason: Reason, need: Need) -> str:
    *way, holder = reason.through
    path = f" ({' → '.join(reason.through)})" if way and holder != EVERYONE else ""
    name = "everybody" if holder == EVERYONE else holder
    place = (
        in_words(reason.kind)
        if reason.kind is SecurableKind.METASTORE
        else f"{in_words(reason.kind)} {reason.full_name}"
    )
    match reason.way:
        case Way.ADMINISTRATOR:
            return f"{reason.through[0]} is an administrator{path}"
        case Way.OWNER:
            return f"{name} owns the {place}{path}"
        case Way.GRANT:
            as_what = "" if reason.privilege is need.privilege else f" as {reason.privilege.in_words}"
            return f"granted to {name} on {place}{as_what}{path}"


def explanation_json(told: Explanation) -> dict[str, Any]:
    """As REST tells it: every need with all its reasons, and the whole in words."""
    return {
        "privilege": told.privilege.value,
        "allowed": told.allowed,
        "because": because(told),
        "needs": [
            {
                "privilege": need.privilege.value,
                "securable_type": need.kind.value,
                "full_name": need.full_name,
                "reasons": [
                    {
                        "way": reason.way.value,
                        "privilege": reason.privilege.value,
                        "through": list(reason.through),
                        "securable_type": reason.kind.value,
                        "full_name": reason.full_name,
                    }
                    for reason in need.reasons
                ],
            }
            for need in told.needs
        ],
    }
