"""The tables of evidence: rows are added, taken out of use, and never changed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    Row,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from boathouse.metastore import COUNTER, metadata
from boathouse.models.evidence.nouns import (
    Evaluation,
    EvaluationKind,
    Evidence,
    Judgement,
    Measurement,
    Rule,
    Slice,
    Verdict,
)
from boathouse.models.evidence.wire import rule_from_json, rule_json

model_evaluations = Table(
    "model_evaluations",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("evaluation_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data_table", Text),
    Column("data_version", BigInteger),
    Column("champion", Integer),
    Column("code_hash", Text),
    Column("run_id", BigInteger),
    Column("requirements_revision", Integer),
    Column("content_hash", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    Index(None, "model", "version"),
)
model_evidence = Table(
    "model_evidence",
    metadata,
    Column("evidence_id", COUNTER, primary_key=True, autoincrement=True),
    Column("evaluation_id", Text, nullable=False, index=True),
    Column("ordinal", Integer),
    Column("gate", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("slice_key", Text),
    Column("slice_value", Text),
    Column("rows", BigInteger, nullable=False),
    Column("value", Double),
    Column("lower", Double),
    Column("upper", Double),
    Column("baseline", Text),
    Column("problem", Text),
    Column("details", Text, nullable=False),
    Column("rule", Text),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("threshold", Double),
    Column("blocks", Boolean, nullable=False),
)

Judged = tuple[int | None, Rule | None, Measurement, Judgement]
"""A row to be: the measurement's place among those that were sent (None: it was not sent, and that is the point)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An evaluation as it was written down."""

    evaluation: Evaluation
    principal: str
    recorded_at: int
    content_hash: str


def add(connection: Connection, stored: Stored, rows: Sequence[Judged]) -> None:
    """Write an evaluation and its rows."""
    evaluation = stored.evaluation
    values = {name: getattr(evaluation, name) for name in Evaluation.__slots__}
    values |= {
        "kind": evaluation.kind.value,
        "content_hash": stored.content_hash,
        "principal": stored.principal,
        "recorded_at": stored.recorded_at,
    }
    connection.execute(insert(model_evaluations).values(**values))
    if rows:
        connection.execute(insert(model_evidence), [_values(evaluation.evaluation_id, each) for each in rows])


def find(connection: Connection, evaluation_id: str) -> Stored | None:
    """An evaluation by its id, in use or not."""
    query = select(model_evaluations).where(model_evaluations.c.evaluation_id == evaluation_id)
    row = connection.execute(query).first()
    return None if row is None else _stored(row)


def evaluations(
    connection: Connection, model: str, version: int, *, kind: EvaluationKind | None = None, limit: int = 1000
) -> list[Stored]:
    """Those of a version that are in use, newest first."""
    table = model_evaluations
    query = select(table).where(table.c.model == model, table.c.version == version, table.c.retired_at.is_(None))
    if kind is not None:
        query = query.where(table.c.kind == kind.value)
    return [_stored(row) for row in connection.execute(query.order_by(table.c.id.desc()).limit(limit))]


def evaluated_versions(connection: Connection, model: str) -> dict[int, int]:
    """The versions that have been through their gates, and when last."""
    table = model_evaluations
    query = (
        select(table.c.version, func.max(table.c.recorded_at).label("last"))
        .where(table.c.model == model, table.c.retired_at.is_(None), table.c.kind == EvaluationKind.GATES.value)
        .group_by(table.c.version)
    )
    return {row.version: row.last for row in connection.execute(query)}


def verdicts_of(connection: Connection, model: str) -> dict[int, set[tuple[str, Verdict]]]:
    """By version: which verdicts each gate got, the last time that the version went through its gates."""
    table, rows = model_evaluations, model_evidence
    latest = (
        select(func.max(table.c.id))
        .where(table.c.model == model, table.c.retired_at.is_(None), table.c.kind == EvaluationKind.GATES.value)
        .group_by(table.c.version)
    )
    query = (
        select(table.c.version, rows.c.gate, rows.c.verdict)
        .join(rows, rows.c.evaluation_id == table.c.evaluation_id)
        .where(table.c.id.in_(latest), rows.c.rule.is_not(None))
        .distinct()
    )
    found: dict[int, set[tuple[str, Verdict]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.version, set()).add((row.gate, Verdict(row.verdict)))
    return found


def evidence_of(connection: Connection, stored: Sequence[Stored]) -> list[Evidence]:
    """The rows of evaluations, in the order of these and then as they were written."""
    known = {each.evaluation.evaluation_id: each for each in stored}
    order = {key: position for position, key in enumerate(known)}
    table = model_evidence
    found: list[Evidence] = []
    for ids in _blocks(list(known)):
        query = select(table).where(table.c.evaluation_id.in_(ids)).order_by(table.c.evidence_id)
        found += [_evidence(row, known[row.evaluation_id]) for row in connection.execute(query)]
    return sorted(found, key=lambda each: order[each.evaluation.evaluation_id])


def with_places(connection: Connection, stored: Stored) -> list[tuple[int | None, Evidence]]:
    """The rows of an evaluation, each with its measurement's place among those that were sent."""
    table = model_evidence
    query = select(table).where(table.c.evaluation_id == stored.evaluation.evaluation_id)
    return [(row.ordinal, _evidence(row, stored)) for row in connection.execute(query.order_by(table.c.evidence_id))]


def retire(connection: Connection, model: str, version: int | None, now: int) -> int:
    """Take the evaluations of a model or of one version out of use; how many."""
    table = model_evaluations
    change = update(table).where(table.c.model == model, table.c.retired_at.is_(None)).values(retired_at=now)
    if version is not None:
        change = change.where(table.c.version == version)
    return connection.execute(change).rowcount


def rename(connection: Connection, model: str, new_name: str) -> None:
    """The evaluations in use go by the model's new name."""
    table = model_evaluations
    in_use = (table.c.model == model, table.c.retired_at.is_(None))
    connection.execute(update(table).where(*in_use).values(model=new_name))


def everything(connection: Connection, models: Iterable[str] | None = None) -> Iterable[Row[Any]]:
    """Evaluations and their rows side by side, those out of use too; of these models only."""
    left, right = model_evaluations, model_evidence
    query = select(left, right).join(right, left.c.evaluation_id == right.c.evaluation_id)
    if models is not None:
        query = query.where(left.c.model.in_(list(models)))
    return connection.execute(query.order_by(right.c.evidence_id))


def models_with_evidence(connection: Connection) -> list[str]:
    return list(connection.execute(select(model_evaluations.c.model).distinct()).scalars())


def _values(evaluation_id: str, judged: Judged) -> dict[str, Any]:
    ordinal, rule, measurement, judgement = judged
    lower, upper = measurement.interval or (None, None)
    return {
        "evaluation_id": evaluation_id,
        "ordinal": ordinal,
        "gate": measurement.gate,
        "metric": measurement.metric,
        "slice_key": measurement.slice.key if measurement.slice else None,
        "slice_value": measurement.slice.value if measurement.slice else None,
        "rows": measurement.rows,
        "value": measurement.value,
        "lower": lower,
        "upper": upper,
        "baseline": measurement.baseline,
        "problem": measurement.problem,
        "details": json.dumps(measurement.details, ensure_ascii=False, allow_nan=False),
        "rule": None if rule is None else json.dumps(rule_json(rule)),
        "verdict": judgement.verdict.value,
        "reason": judgement.reason,
        "threshold": judgement.threshold,
        "blocks": judgement.blocks,
    }


def _stored(row: Row[Any]) -> Stored:
    values: dict[str, Any] = {name: getattr(row, name) for name in Evaluation.__slots__}
    values["kind"] = EvaluationKind(row.kind)
    return Stored(Evaluation(**values), row.principal, row.recorded_at, row.content_hash)


def _evidence(row: Row[Any], stored: Stored) -> Evidence:
    return Evidence(
        row.evidence_id,
        stored.evaluation,
        _measurement(row),
        None if row.rule is None else rule_from_json(json.loads(row.rule)),
        Judgement(Verdict(row.verdict), row.reason, row.threshold, row.blocks),
        stored.principal,
        stored.recorded_at,
    )


def _measurement(row: Row[Any]) -> Measurement:
    return Measurement(
        row.gate,
        row.metric,
        row.value,
        row.rows,
        None if row.slice_key is None else Slice(row.slice_key, row.slice_value),
        None if row.lower is None or row.upper is None else (row.lower, row.upper),
        row.baseline,
        row.problem,
        json.loads(row.details),
    )


def _blocks(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
