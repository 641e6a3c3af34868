"""Does the model know more than it will know in use? Looks for signs, in the feature store's evidence and by itself.

By itself: rows that were learnt from and are judged on, and single inputs that nearly determine the label on their own.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from boathouse.models.evaluation.case import Case, EvaluationRows
from boathouse.models.evidence.nouns import EvaluationKind, Evidence, Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.gates.data_checks import inputs_of
from boathouse.models.gates.unmeasured import unmeasured
from boathouse.models.requirements.requirements import Problem, Requirements

if TYPE_CHECKING:
    import polars as pl

NAME = "leakage"
SIGNALS, OVERLAP, SINGLE = "suspicious_signals", "shared_rows", "single_input_score"
FEATURES = "features"
"""The source that the feature store names in what it sends."""
SIGNALS_FILE = "leak_signals.json"
_SHOWN = 20
_FEW_VALUES = 2
_LONGEST = 300


class Settings(GateSettings):
    maximum_signals: int = Field(default=0, ge=0)
    """Suspicious signals of the feature store."""
    signals_required: bool = False
    """Whether a model without the feature store's signals is inconclusive; else only what is looked at here counts."""
    maximum_shared_rows: float = Field(default=0.0, ge=0, le=1)
    """Share of the training sample that is judged on too, by ``evaluation.keys``."""
    maximum_alike_rows: float = Field(default=0.01, ge=0, le=1)
    """The same where no keys are named: rows with the same inputs, label and instant, which chance makes as well."""
    maximum_single_score: float = Field(default=0.98, gt=0, le=1)
    """AUC of one input on its own, or the size of its rank correlation with a number."""
    accepted_columns: list[str] = Field(default_factory=list[str])
    """Inputs that may determine the label nearly alone; say in ``reason`` why."""
    sample_rows: int = Field(default=100_000, ge=100)


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    yield _signals(case, settings)
    if case.rows is None:
        yield from unmeasured(NAME, (OVERLAP, SINGLE), case.missing.get("rows", "there are no evaluation rows"))
        return
    if case.training is None:
        why = case.missing.get("training", "the training rows are not known")
        yield from unmeasured(NAME, OVERLAP, why, rows=case.rows.rows)
    else:
        yield _shared_rows(case, case.rows, case.training)
    yield _single_inputs(case, case.rows, settings)


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    least = requirements.evaluation.minimum_rows
    shared = settings.maximum_shared_rows if requirements.evaluation.keys else settings.maximum_alike_rows
    return [
        Rule(NAME, SIGNALS, maximum=settings.maximum_signals),
        Rule(NAME, OVERLAP, maximum=shared),
        Rule(NAME, SINGLE, maximum=settings.maximum_single_score, minimum_rows=least),
    ]


def measurements_of(report: Mapping[str, Any], rows: int) -> list[Measurement]:
    """What a report of leak signals, as JSON, comes to.

    Args:
        rows: How many rows the signals were looked for in.
    """
    signals: list[dict[str, Any]] = list(report.get("leak_signals", ()))
    said = [each for each in signals if each.get("verdict") == "suspicious"]
    counted = {verdict: sum(each.get("verdict") == verdict for each in signals) for verdict in _VERDICTS}
    details = {"source": FEATURES, "suspicious": [_short(each) for each in said[:_SHOWN]], "signals": counted}
    if not signals or counted["not measured"] == len(signals):
        problem = "none of the leak signals could be measured" if signals else "the report holds no leak signals"
        return [Measurement(NAME, SIGNALS, None, rows, problem=problem, details=details)]
    return [Measurement(NAME, SIGNALS, float(len(said)), rows, details={**details, "which": _which(said)})]


_VERDICTS = ("suspicious", "clear", "not measured")


def _which(signals: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{each.get('name')} of {each.get('column')}" for each in signals[:5])


def _short(signal: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: signal.get(name) for name in ("name", "column", "score", "threshold")}
    return kept | {name: str(signal.get(name) or "")[:_LONGEST] for name in ("explanation", "advice")}


def _signals(case: Case, settings: Settings) -> Measurement:
    """What the feature store has found: as it was sent, else in the file that the model carries."""
    if sent := _sent(case.evidence):
        return _without_accepted(sent, settings)
    file = case.folder / SIGNALS_FILE if case.folder is not None else None
    if file is not None and file.is_file():
        return _without_accepted(_of_file(file), settings)
    if settings.signals_required:
        why = "no leak signals were looked for; call training_set.leak_signals() before log_model"
        return unmeasured(NAME, SIGNALS, why)[0]
    note = "the model brings none of the feature store's signals; what this gate looks at by itself counts"
    return Measurement(NAME, SIGNALS, 0.0, 1, details={"note": note})


def _sent(evidence: Sequence[Evidence]) -> Measurement | None:
    found = [
        each
        for each in evidence
        if (each.measurement.gate, each.measurement.metric) == (NAME, SIGNALS)
        and each.measurement.details.get("source") == FEATURES
        and each.evaluation.kind is EvaluationKind.NOTE
    ]
    return max(found, key=lambda each: each.evidence_id).measurement if found else None


def _of_file(file: Path) -> Measurement:
    try:
        return measurements_of(json.loads(file.read_text(encoding="utf-8")), 1)[0]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return unmeasured(NAME, SIGNALS, f"{file.name} cannot be read: {error}")[0]


def _without_accepted(found: Measurement, settings: Settings) -> Measurement:
    """The measurement without signals of columns that the policy accepts by name."""
    shown: list[dict[str, Any]] = list(found.details.get("suspicious", ()))
    accepted = [each for each in shown if each.get("column") in settings.accepted_columns]
    if found.value is None or not accepted:
        return found
    rest = [each for each in shown if each not in accepted]
    details = {**found.details, "suspicious": rest, "accepted": [each.get("column") for each in accepted]}
    details["which"] = _which(rest)
    return Measurement(NAME, SIGNALS, found.value - len(accepted), found.rows, details=details)


def _shared_rows(case: Case, rows: EvaluationRows, training: "pl.DataFrame") -> Measurement:
    """Share of the training sample that is among the evaluation rows."""
    source = case.requirements.evaluation
    if source.keys:
        names = _present(source.keys, rows.frame, training)
        if len(names) < len(source.keys):
            why = f"the keys {', '.join(source.keys)} are not columns of both training and evaluation rows"
            return unmeasured(NAME, OVERLAP, why, rows=training.height)[0]
    else:
        wanted = [*inputs_of(case, rows.frame), source.label, *([source.timestamp] if source.timestamp else [])]
        names = _present(wanted, rows.frame, training)
        if len(names) < _FEW_VALUES:
            return unmeasured(NAME, OVERLAP, "training and evaluation rows have no columns in common")[0]
    if not training.height or not rows.rows:
        return unmeasured(NAME, OVERLAP, "there are no rows on one of the sides")[0]
    share = _overlap(rows.frame, training, names)
    between = f"rows of {case.training_table or 'the training rows'} that are in {rows.table} too"
    details = {"by": names[:_SHOWN], "by_keys": bool(source.keys), "training_rows": training.height, "which": between}
    return Measurement(NAME, OVERLAP, share, training.height, details=details)


def _overlap(frame: "pl.DataFrame", training: "pl.DataFrame", names: Sequence[str]) -> float:
    import polars as pl

    left, right = training.select(names), frame.select(names)
    same = [name for name in names if left.schema[name] != right.schema[name]]
    texts = [pl.col(name).cast(pl.String) for name in same]  # two types of one value are alike as text
    left, right = left.with_columns(texts), right.with_columns(texts)
    return left.join(right, on=list(names), how="semi", nulls_equal=True).height / left.height


def _present(names: Sequence[str], *frames: "pl.DataFrame") -> list[str]:
    return [name for name in dict.fromkeys(names) if all(name in frame.columns for frame in frames)]


def _single_inputs(case: Case, rows: EvaluationRows, settings: Settings) -> Measurement:
    """The input that tells most of the label on its own."""
    from boathouse.models.gates.single_inputs import scores

    names = [name for name in inputs_of(case, rows.frame) if name in rows.frame.columns]
    names = [name for name in names if name not in settings.accepted_columns]
    if not names:
        return unmeasured(NAME, SINGLE, "none of the model's inputs is a column of the evaluation rows")[0]
    numbers = case.requirements.problem is Problem.REGRESSION
    found = scores(rows.frame.select(names), rows.label, is_number=numbers, most=settings.sample_rows, seed=case.seed)
    known = sorted(((score, name) for name, score in found.items() if score is not None), reverse=True)
    if not known:
        why = "no input could be compared with the label: it has one value only, or they have"
        return unmeasured(NAME, SINGLE, why, rows=rows.rows)[0]
    score, name = known[0]
    measure = "size of the rank correlation" if numbers else "AUC"
    details = {
        "measure": measure,
        "column": name,
        "which": name,
        "columns": {each: score for score, each in known[:_SHOWN]},
        "sampled_rows": min(settings.sample_rows, rows.rows),
    }
    return Measurement(NAME, SINGLE, score, rows.rows, details=details)


GATE = Gate(
    NAME,
    "Does it know more than it will know in use?",
    Settings,
    measure,
    rules,
    needs=("rows",),
    shaped_by=by_settings("signals_required", "accepted_columns", "sample_rows"),
)
