"""Experiments as JSON."""

from collections.abc import Mapping
from typing import Any

from boathouse.serving.rollout.experiments.nouns import Report, Running
from boathouse.serving.rollout.experiments.sequences import Arm, Difference

Json = dict[str, Any]


def report_json(report: Report) -> Json:
    """What is kept of a look."""
    return {
        "reason": report.reason,
        "winner": report.winner,
        "excluded_keys": report.outcomes.excluded,
        "ratio_p_value": report.ratio_p_value,
        "arms": _arms_json(report.outcomes.arms),
        "guards": {name: _arms_json(arms) for name, arms in report.outcomes.guards.items()},
        "compared": [
            {
                "treatment": each.treatment,
                "winner": each.winner.value,
                "reason": each.reason,
                "difference": _difference_json(each.difference),
                "guards": {name: _difference_json(found) for name, found in each.guards.items()},
            }
            for each in report.compared
        ],
    }


def experiment_json(experiment: Running) -> Json:
    return {
        "experiment_id": experiment.experiment_id,
        "endpoint": experiment.endpoint,
        "declared": experiment.declared.model_dump(mode="json"),
        "arms": list(experiment.arms),
        "state": experiment.state.value,
        "began_at": experiment.began_at,
        "looked_at": experiment.looked_at,
        "ended_at": experiment.ended_at,
        "report": experiment.report,
        "evidence_id": experiment.evidence_id,
    }


def _arms_json(arms: Mapping[str, Arm]) -> Json:
    return {
        name: {"keys": arm.keys, "outcomes": arm.outcomes, "mean": arm.mean, "variance": arm.variance}
        for name, arm in arms.items()
    }


def _difference_json(found: Difference | None) -> Json | None:
    if found is None:
        return None
    return {"value": found.value, "lower": found.lower, "upper": found.upper, "p_value": found.p_value}
