"""Rollouts as JSON."""

from collections.abc import Sequence
from typing import Any

from boathouse.serving.rollout.nouns import Rollout, Step
from boathouse.serving.rollout.repository import finding_json

Json = dict[str, Any]


def rollout_json(rollout: Rollout, steps: Sequence[Step] = ()) -> Json:
    served = rollout.served
    return {
        "rollout_id": rollout.rollout_id,
        "endpoint": served.endpoint,
        "entity": served.entity,
        "model": served.model,
        "alias": served.alias,
        "from_version": rollout.from_version,
        "to_version": rollout.to_version,
        "state": rollout.state.value,
        "percent": rollout.percent,
        "next_percent": rollout.next_percent if rollout.ended_at is None else None,
        "steps": [*rollout.canary.steps, 100.0],
        "automatic": rollout.canary.automatic,
        "began_at": rollout.began_at,
        "step_began_at": rollout.step_began_at,
        "ended_at": rollout.ended_at,
        "begun_by": rollout.begun_by,
        "why": rollout.why,
        "history": [step_json(each) for each in steps],
    }


def step_json(step: Step) -> Json:
    return {
        "kind": step.kind.value,
        "at": step.at,
        "by": step.principal,
        "from_percent": step.from_percent,
        "to_percent": step.to_percent,
        "reason": step.reason,
        "evidence_id": step.evidence_id,
        "findings": [finding_json(each) for each in step.findings],
    }
