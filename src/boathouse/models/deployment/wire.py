"""Deployment jobs and their starts as JSON."""

from typing import Any

from boathouse.models.deployment.choosing import ChosenJob
from boathouse.models.deployment.nouns import DeploymentStart

_SHOWN = ("model", "version", "state", "job_id", "run_id", "problem", "principal", "created_at", "attempts")


def start_json(start: DeploymentStart) -> dict[str, Any]:
    return {name: getattr(start, name) for name in _SHOWN}


def job_json(chosen: ChosenJob | None) -> dict[str, Any] | None:
    return None if chosen is None else {"kind": chosen.kind.value, "job": chosen.job or None}
