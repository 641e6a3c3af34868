"""Retraining as JSON."""

from typing import Any

from boathouse.monitoring.retraining.loop import LoopShown
from boathouse.monitoring.retraining.nouns import Decision, LoopState, Revision
from boathouse.monitoring.retraining.repository import document_of

_HIDDEN = ("attempts", "next_at", "signal_key")


def decision_json(decision: Decision) -> dict[str, Any]:
    found = {name: getattr(decision, name) for name in Decision.__slots__ if name not in _HIDDEN}
    for name in ("kind", "choice", "state", "brake"):
        found[name] = None if found[name] is None else found[name].value
    return found | {"decision": found.pop("choice"), "figures": dict(decision.figures), "brakes": list(decision.brakes)}


def revision_json(held: Revision) -> dict[str, Any]:
    return {
        "model": held.model,
        "revision": held.revision,
        "policy": document_of(held.policy),
        "principal": held.principal,
        "valid_from": held.valid_from,
        "valid_to": held.valid_to,
    }


def state_json(known: LoopState) -> dict[str, Any]:
    return {
        "is_frozen": known.is_frozen,
        "frozen_at": known.frozen_at,
        "frozen_by": known.frozen_by,
        "frozen_why": known.frozen_why,
        "data_now": known.data_now,
    }


def loop_json(shown: LoopShown) -> dict[str, Any]:
    """One model's loop, with each trigger and what keeps it from being looked at."""
    memory = shown.known.memory.get("triggers", {})
    triggers = [
        {
            "name": name,
            "kind": trigger.kind.value,
            "looked": bool(memory.get(name, {}).get("says")),
            "problem": memory.get(name, {}).get("problem"),
        }
        for name, trigger in shown.held.policy.named()
    ]
    return {
        **revision_json(shown.held),
        **state_json(shown.known),
        "triggers": triggers,
        "brakes": [each.to_json() for each in shown.brakes],
        "under_way": decision_json(shown.under_way) if shown.under_way else None,
    }
