"""Measurements and evidence as JSON, on their way to the control plane and back."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput
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

Json = dict[str, Any]

MOST_MEASUREMENTS = 20_000
MOST_DETAILS_BYTES = 256 * 1024
"""Of one measurement: a curve or a table for the card. Rows of data belong into a table."""
MOST_BYTES = 8 * 1024 * 1024
"""Of all details of an evaluation."""
LONGEST_TEXT = 2_000
_ROWS = 2**53


def measurement_json(measurement: Measurement) -> Json:
    """JSON without NaN and Infinity: a value that is none becomes a problem."""
    clean = cleaned(measurement)
    return {
        "gate": clean.gate,
        "metric": clean.metric,
        "value": clean.value,
        "rows": clean.rows,
        "slice": None if clean.slice is None else {"key": clean.slice.key, "value": clean.slice.value},
        "interval": None if clean.interval is None else list(clean.interval),
        "baseline": clean.baseline,
        "problem": clean.problem,
        "details": clean.details,
    }


def cleaned(measurement: Measurement) -> Measurement:
    """The measurement in numbers that JSON and databases have.

    Raises:
        InvalidInput: A text is empty, or the details are too large or no JSON.
    """
    where = f"The measurement {measurement.gate}.{measurement.metric}"
    value, problem = measurement.value, measurement.problem
    if value is not None and not math.isfinite(value):
        problem = problem or f"the value is {_spelled(float(value))}, which is no number"
        value = None
    elif value is None and problem is None:
        problem = "nothing was measured, and no reason was given"
    interval = measurement.interval
    if interval is not None and not all(math.isfinite(end) for end in interval):
        interval = None
    return Measurement(
        _text(measurement.gate, f"{where}: gate", 128),
        _text(measurement.metric, f"{where}: metric", 256),
        None if value is None else float(value),
        _rows(measurement.rows, where),
        _slice(measurement.slice, where),
        None if interval is None else (float(interval[0]), float(interval[1])),
        _cut(measurement.baseline),
        _cut(problem),
        _details(measurement.details, where),
    )


def measurement_from_json(data: Mapping[str, Any]) -> Measurement:
    part, interval = data.get("slice"), data.get("interval")
    return Measurement(
        data["gate"],
        data["metric"],
        data.get("value"),
        data.get("rows", 0),
        None if part is None else Slice(part["key"], part["value"]),
        None if interval is None else (interval[0], interval[1]),
        data.get("baseline"),
        data.get("problem"),
        data.get("details") or {},
    )


def rule_json(rule: Rule) -> Json:
    return {name: getattr(rule, name) for name in Rule.__slots__}


def rule_from_json(data: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = dict(data)
    values["judged_by"], values["scope"] = End(data["judged_by"]), Scope(data["scope"])
    return Rule(**values)


def evaluation_json(evaluation: Evaluation) -> Json:
    return {name: getattr(evaluation, name) for name in Evaluation.__slots__}


def evaluation_from_json(data: Mapping[str, Any]) -> Evaluation:
    known: dict[str, Any] = {name: data[name] for name in Evaluation.__slots__ if name in data}
    known["kind"] = EvaluationKind(data.get("kind", EvaluationKind.GATES))
    return Evaluation(**known)


def evidence_json(evidence: Evidence) -> Json:
    """One row, its evaluation left out: that is told once."""
    judgement = evidence.judgement
    return {
        "evidence_id": evidence.evidence_id,
        "evaluation_id": evidence.evaluation.evaluation_id,
        "measurement": measurement_json(evidence.measurement),
        "rule": None if evidence.rule is None else rule_json(evidence.rule),
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "threshold": judgement.threshold,
        "blocks": judgement.blocks,
        "principal": evidence.principal,
        "recorded_at": evidence.recorded_at,
    }


def evidence_from_json(data: Mapping[str, Any], evaluation: Evaluation) -> Evidence:
    return Evidence(
        data["evidence_id"],
        evaluation,
        measurement_from_json(data["measurement"]),
        None if data["rule"] is None else rule_from_json(data["rule"]),
        Judgement(Verdict(data["verdict"]), data["reason"], data["threshold"], data["blocks"]),
        data["principal"],
        data["recorded_at"],
    )


def all_evidence_json(evidence: Sequence[Evidence]) -> Json:
    """Evaluations by their id, and the rows."""
    evaluations = {each.evaluation.evaluation_id: evaluation_json(each.evaluation) for each in evidence}
    return {"evaluations": evaluations, "evidence": [evidence_json(each) for each in evidence]}


def all_evidence_from_json(data: Mapping[str, Any]) -> list[Evidence]:
    evaluations = {key: evaluation_from_json(each) for key, each in data["evaluations"].items()}
    return [evidence_from_json(each, evaluations[each["evaluation_id"]]) for each in data["evidence"]]


def _details(details: Mapping[str, Any], where: str) -> Json:
    try:
        clean = _finite(dict(details))
        size = len(json.dumps(clean, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{where}: its details are no JSON: {error}.") from error
    if size > MOST_DETAILS_BYTES:
        raise InvalidInput(
            f"{where}: its details take {size:,} bytes; at most {MOST_DETAILS_BYTES:,} are kept.",
            hint="Keep curves and tables short; write rows of data to a table or an artifact.",
        )
    return clean


def _finite(value: Any) -> Any:
    """The value with None for each NaN and Infinity inside."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(each) for key, each in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in cast(Sequence[Any], value)]
    return value


def _rows(rows: int, where: str) -> int:
    if not 0 <= rows < _ROWS:
        raise InvalidInput(f"{where}: it stands on {rows} rows, which cannot be.")
    return int(rows)


def _slice(part: Slice | None, where: str) -> Slice | None:
    if part is None:
        return None
    return Slice(_text(part.key, f"{where}: slice", LONGEST_TEXT), part.value[:LONGEST_TEXT])


def _text(text: str, what: str, longest: int) -> str:
    if not text or len(text) > longest:
        raise InvalidInput(f"{what} has {len(text)} characters; 1 to {longest} are expected.")
    return text


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


def _spelled(value: float) -> str:
    return "NaN" if math.isnan(value) else "infinite"
