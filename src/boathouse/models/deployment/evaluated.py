"""What came of an evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from boathouse.models.evidence.nouns import Evaluation, Evidence, Measurement


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of an evaluation."""

    evaluation: Evaluation
    measurements: Sequence[Measurement]
    evidence: Sequence[Evidence]
    mlflow_run: str | None


def summary(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Evidence as rows of a table, what blocks first."""
    judged = [each for each in evidence if each.rule is not None]
    return [
        {
            "gate": each.measurement.gate,
            "metric": each.measurement.metric,
            "slice": str(each.measurement.slice or ""),
            "rows": each.measurement.rows,
            "value": each.measurement.value,
            "verdict": each.judgement.verdict.value,
            "blocks": each.judgement.blocks,
            "reason": each.judgement.reason,
        }
        for each in sorted(judged, key=lambda row: not row.judgement.blocks)
    ]
