"""Evidence: what gates saw of a model version, how that was judged, and by which rule."""

from boathouse.models.evidence.judging import judge, judge_all
from boathouse.models.evidence.nouns import (
    End,
    Evaluation,
    EvaluationKind,
    Evidence,
    Judgement,
    Measurement,
    Rule,
    Scope,
    Slice,
    Verdict,
)

__all__ = [
    "End",
    "Evaluation",
    "EvaluationKind",
    "Evidence",
    "Judgement",
    "Measurement",
    "Rule",
    "Scope",
    "Slice",
    "Verdict",
    "judge",
    "judge_all",
]
