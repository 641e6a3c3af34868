# pyright: reportUnknownParameterType=false
"""Answers beside their labels, counted per window, slice and model."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boathouse.lake import EngineQuery
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier, literal
from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts
from boathouse.monitoring.monitors.settings import MonitorSettings, ProblemType
from boathouse.quality.profiles.columns import Family, family_of
from boathouse.quality.profiles.nouns import ALL_MODELS
from boathouse.quality.profiles.rows_sql import MODEL, SLICE, WINDOW, RowsAsked, window_start

_SMALLEST = 1e-15
"""A probability of zero has no logarithm."""
_GROUPS = "__groups"


@dataclass(frozen=True, slots=True)
class CountKey:
    """What some counts are of."""

    start: datetime | None
    """The shortest window; None for a table that is counted as a whole."""
    slice_key: str | None
    slice_value: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Where answers and labels are."""

    settings: MonitorSettings
    table: Snapshot
    labels: Snapshot | None = None

    @property
    def is_labelled(self) -> bool:
        log = self.settings.inference_log
        if log is None or not _has(self.table, log.prediction_col):
            return False
        if self.settings.extras.late_labels is not None:
            return self.labels is not None
        return log.label_col is not None and _has(self.table, log.label_col)


def count_quality(engine: Engine, answers: Answers, asked: RowsAsked) -> dict[CountKey, QualityCounts]:
    """Everything that quality is computed from. Answers without a label, and those of which labels contradict each
    other, are left out; so are NaN and infinity."""
    if not answers.is_labelled:
        return {}
    log = answers.settings.inference_log
    assert log is not None
    found: dict[CountKey, QualityCounts] = {}
    if log.problem_type is ProblemType.REGRESSION:
        for key, row in _grouped(engine, answers, asked, _REGRESSION, ()):
            counts = found.setdefault(key, QualityCounts())
            for name, value in row.items():
                counts.sums[name] = counts.sums.get(name, 0.0) + float(value or 0.0)
        return _with_all_models(found, asked)
    for key, row in _grouped(engine, answers, asked, {"n": "count(*)"}, ("__p", "__l")):
        found.setdefault(key, QualityCounts()).cells[row["__p"], row["__l"]] += row["n"]
    positive = positive_label(answers)
    if positive is not None:
        for key, row in _grouped(engine, answers, asked, _of_probabilities(positive), ("__bin",)):
            _add_probabilities(found.setdefault(key, QualityCounts()), row, positive)
    return _with_all_models(found, asked)


def positive_label(answers: Answers) -> str | None:
    """The class that the probability is of, as it is counted; None without a probability, or when nobody can tell."""
    log, extras = answers.settings.inference_log, answers.settings.extras
    if log is None or log.prediction_proba_col is None or not _has(answers.table, log.prediction_proba_col):
        return None
    if extras.positive_label is not None:
        given = extras.positive_label
        if isinstance(given, bool):
            return str(int(given)) if _is_number(answers) else str(given).lower()
        return _spelled(given)
    return "1" if _is_number(answers) else None


_REGRESSION = {
    "labelled": "count(*)",
    "error": "sum(__p - __l)",
    "absolute": "sum(abs(__p - __l))",
    "square": "sum((__p - __l) ** 2)",
    "fourth": "sum((__p - __l) ** 4)",
    "label": "sum(__l)",
    "label_square": "sum(__l ** 2)",
    "relative": "sum(abs((__p - __l) / __l)) FILTER (WHERE __l <> 0)",
    "relative_count": "count(*) FILTER (WHERE __l <> 0)",
}


def _of_probabilities(positive: str) -> dict[str, str]:
    own = f"(__l = {literal(positive)})"
    inside = f"greatest({_SMALLEST}, least(1 - {_SMALLEST}, __s))"
    return {
        "own": f"count(*) FILTER (WHERE {own})",
        "others": f"count(*) FILTER (WHERE NOT {own})",
        "log_loss": f"-sum(CASE WHEN {own} THEN ln({inside}) ELSE ln(1 - {inside}) END)",
        "brier": f"sum((__s - CASE WHEN {own} THEN 1 ELSE 0 END) ** 2)",
    }


def _add_probabilities(counts: QualityCounts, row: dict[str, Any], positive: str) -> None:
    place, others, own = row["__bin"], row["others"], row["own"]
    if place is None:
        return
    before = counts.bins.get(place, (0, 0))
    counts.bins[place] = (before[0] + others, before[1] + own)
    for name, value in (("log_loss", row["log_loss"]), ("brier", row["brier"]), ("scored", others + own)):
        counts.sums[name] = counts.sums.get(name, 0.0) + float(value)
    counts.positive = positive


def _grouped(
    engine: Engine, answers: Answers, asked: RowsAsked, shown: dict[str, str], by: tuple[str, ...]
) -> Iterator[tuple[CountKey, dict[str, Any]]]:
    keys, slices = list(asked.keys), list(asked.slice_keys)
    sets = [[*keys, *by], *([*keys, *by, each] for each in slices)]
    grouping = ", ".join(f"({', '.join(each)})" if each else "()" for each in sets)
    group = f"grouping_id({', '.join(slices)}) AS {_GROUPS}" if slices else f"0 AS {_GROUPS}"
    listed = [*keys, *slices, *by, group, *(f"{sql} AS {name}" for name, sql in shown.items())]
    text = f"SELECT {', '.join(listed)} FROM ({_inner(answers, asked)}) WHERE {_usable(answers)}"
    snapshots = {"scanned": answers.table}
    if answers.labels is not None and answers.settings.extras.late_labels is not None:
        snapshots["labels"] = answers.labels
    query = EngineQuery(f"{text} GROUP BY GROUPING SETS ({grouping})", snapshots=snapshots)
    for row in engine.run(query).arrow().to_pylist():
        key = _key(row, asked, slices)
        if key is not None:
            yield key, {name: row[name] for name in (*by, *shown)}


def _inner(answers: Answers, asked: RowsAsked) -> str:
    """The rows with their keys, the prediction, the label and the probability."""
    settings, log = answers.settings, answers.settings.inference_log
    assert log is not None
    late = settings.extras.late_labels
    source, label = "scanned", identifier(log.label_col or "")
    if late is not None and answers.labels is not None:
        key, value = identifier(late.key_of_label), identifier(late.label_col)
        known = (
            f"SELECT CAST({key} AS VARCHAR) AS __key, min({value}) AS __label FROM labels "
            f"WHERE {key} IS NOT NULL AND {value} IS NOT NULL GROUP BY 1 HAVING min({value}) = max({value})"
        )
        source = f"scanned JOIN ({known}) AS __known ON CAST({identifier(late.key_col)} AS VARCHAR) = __known.__key"
        label = "__known.__label"
    prediction = identifier(log.prediction_col)
    columns = {"__p": _value(answers, prediction), "__l": _value(answers, label)}
    if positive_label(answers) is not None:
        score = f"CAST({identifier(log.prediction_proba_col or '')} AS DOUBLE)"
        columns["__s"] = f"CASE WHEN {score} >= 0 AND {score} <= 1 THEN {score} END"
        columns["__bin"] = f"CAST(least(floor({columns['__s']} * {BINS}), {BINS - 1}) AS INTEGER)"
    shown = {**asked.keys, **asked.slice_keys, **columns}
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in shown.items())} FROM {source}{asked.where}"


def _usable(answers: Answers) -> str:
    condition = "__p IS NOT NULL AND __l IS NOT NULL"
    log = answers.settings.inference_log
    if log is not None and log.problem_type is ProblemType.REGRESSION:
        condition += " AND isfinite(__p) AND isfinite(__l)"
    return condition


def _value(answers: Answers, column: str) -> str:
    """A prediction or a label so that 1, 1.0 and true are one class."""
    log = answers.settings.inference_log
    assert log is not None
    if log.problem_type is ProblemType.REGRESSION:
        return f"CAST({column} AS DOUBLE)"
    if _is_number(answers):
        number = f"CAST({column} AS DOUBLE)"
        whole = f"{number} = round({number}) AND abs({number}) < 1e15 THEN CAST(CAST({number} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN NOT isfinite({number}) THEN NULL WHEN {whole} ELSE CAST({number} AS VARCHAR) END"
    return f"CAST({column} AS VARCHAR)"


def _is_number(answers: Answers) -> bool:
    """Whether predictions and labels are numbers, or true and false."""
    log, late = answers.settings.inference_log, answers.settings.extras.late_labels
    assert log is not None
    kinds = [_family(answers.table, log.prediction_col)]
    if late is not None and answers.labels is not None:
        kinds.append(_family(answers.labels, late.label_col))
    elif log.label_col is not None:
        kinds.append(_family(answers.table, log.label_col))
    return all(kind in (Family.NUMBER, Family.BOOLEAN) for kind in kinds)


def _family(snapshot: Snapshot, name: str) -> Family:
    return family_of({each.lower(): kind for each, kind in snapshot.fields.items()}.get(name.lower()))


def _has(snapshot: Snapshot, name: str) -> bool:
    return name.lower() in {each.lower() for each in snapshot.fields}


def _spelled(value: str | int | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _key(row: dict[str, Any], asked: RowsAsked, slices: list[str]) -> CountKey | None:
    """What a row is of; None for rows of a slice that has no value."""
    number = row.get(WINDOW)
    start = None if number is None else window_start(number, asked.seconds)
    if asked.time is not None and start is None:
        return None
    everything = (1 << len(slices)) - 1
    bits = everything ^ int(row[_GROUPS]) if slices else 0
    if not bits:
        return CountKey(start, None, None, row.get(MODEL))
    place = len(slices) - bits.bit_length()
    value = row[f"{SLICE}{place}"]
    return None if value is None else CountKey(start, asked.slices[place].key, value, row.get(MODEL))


def _with_all_models(found: dict[CountKey, QualityCounts], asked: RowsAsked) -> dict[CountKey, QualityCounts]:
    """Beside each model's counts, those of all models."""
    if asked.model is None:
        return found
    every: dict[CountKey, QualityCounts] = {}
    for key, counts in found.items():
        together = CountKey(key.start, key.slice_key, key.slice_value, ALL_MODELS)
        every.setdefault(together, QualityCounts()).add(counts)
    return {key: counts for key, counts in found.items() if key.model is not None} | every
