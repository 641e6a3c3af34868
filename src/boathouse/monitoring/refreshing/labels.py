# pyright: reportUnknownParameterType=false
"""Answers beside their labels, counted per window, slice and model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boathouse.lake import EngineQuery
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier, literal
from boathouse.lake.snapshots import Snapshot
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts
from boathouse.monitoring.monitors.settings import LateLabels, MonitorSettings, ProblemType
from boathouse.quality.profiles.columns import Family, family_of
from boathouse.quality.profiles.nouns import ALL_MODELS
from boathouse.quality.profiles.rows_sql import MODEL, SLICE, WINDOW, RowsAsked, window_start

_SMALLEST = 1e-15
"""A probability of zero has no logarithm."""
_GROUPS, _WHICH = "__groups", "__which"
_WHOLE = ("byte", "short", "integer", "long")


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
        for key, _, row in _grouped(engine, answers, asked, _REGRESSION, ((),)):
            counts = found.setdefault(key, QualityCounts())
            for name in _REGRESSION:
                counts.sums[name] = counts.sums.get(name, 0.0) + float(row[name] or 0.0)
        return _with_all_models(found, asked)
    positive, is_scored = positive_class(answers), _is_scored(answers)
    shown = {"n": "count(*)"} | (_of_probabilities(positive or "") if is_scored else {})
    # Answers and labels are joined once for both ways of counting them.
    for key, which, row in _grouped(engine, answers, asked, shown, (_CELLS, _BINS) if is_scored else (_CELLS,)):
        counts = found.setdefault(key, QualityCounts(positive=positive))
        if which == _CELLS:
            counts.cells[row["__p"], row["__l"]] += row["n"]
        else:
            _add_probabilities(counts, row)
    return _with_all_models(found, asked)


def positive_class(answers: Answers) -> str | None:
    """The class that probabilities and decisions are about, as it is counted; None when nobody can tell."""
    extras = answers.settings.extras
    if extras.positive_label is None:
        return "1" if _is_number(answers) else None
    given = extras.positive_label
    if isinstance(given, bool):
        return str(int(given)) if _is_number(answers) else str(given).lower()
    return _spelled(given)


def _is_scored(answers: Answers) -> bool:
    """Whether there are probabilities, and somebody can tell of what."""
    log = answers.settings.inference_log
    if log is None or log.prediction_proba_col is None or not _has(answers.table, log.prediction_proba_col):
        return False
    return positive_class(answers) is not None


_CELLS, _BINS = ("__p", "__l"), ("__bin",)
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


def _add_probabilities(counts: QualityCounts, row: dict[str, Any]) -> None:
    place, others, own = row["__bin"], row["others"], row["own"]
    if place is None:
        return
    before = counts.bins.get(place, (0, 0))
    counts.bins[place] = (before[0] + others, before[1] + own)
    for name, value in (("log_loss", row["log_loss"]), ("brier", row["brier"]), ("scored", others + own)):
        counts.sums[name] = counts.sums.get(name, 0.0) + float(value)


def _grouped(
    engine: Engine, answers: Answers, asked: RowsAsked, shown: dict[str, str], ways: Sequence[tuple[str, ...]]
) -> Iterator[tuple[CountKey, tuple[str, ...], dict[str, Any]]]:
    """The rows grouped by keys and slices, and within them in each of the ways: what a group is of, which way it was
    made, and what is shown of it."""
    keys, slices = list(asked.keys), list(asked.slice_keys)
    sets = [[*keys, *way, *each] for way in ways for each in ([], *([each] for each in slices))]
    grouping = ", ".join(f"({', '.join(each)})" if each else "()" for each in sets)
    group = f"grouping_id({', '.join(slices)}) AS {_GROUPS}" if slices else f"0 AS {_GROUPS}"
    which = f"grouping_id({ways[0][0]}) AS {_WHICH}" if len(ways) > 1 else f"0 AS {_WHICH}"
    by = [name for way in ways for name in way]
    listed = [*keys, *slices, *by, group, which, *(f"{sql} AS {name}" for name, sql in shown.items())]
    text = f"SELECT {', '.join(listed)} FROM ({_inner(answers, asked)}) WHERE {_usable(answers)}"
    snapshots = {"scanned": answers.table}
    if answers.labels is not None and answers.settings.extras.late_labels is not None:
        snapshots["labels"] = answers.labels
    query = EngineQuery(f"{text} GROUP BY GROUPING SETS ({grouping})", snapshots=snapshots)
    for row in engine.run(query).arrow().to_pylist():
        key = _key(row, asked, slices)
        if key is not None:
            yield key, ways[row[_WHICH]], row


def _inner(answers: Answers, asked: RowsAsked) -> str:
    """The rows with their keys, the prediction, the label and the probability."""
    settings, log = answers.settings, answers.settings.inference_log
    assert log is not None
    late = settings.extras.late_labels
    source, label = "scanned", identifier(log.label_col or "")
    if late is not None and answers.labels is not None:
        known, condition = known_labels(answers.table, answers.labels, late)
        source = f"scanned JOIN {known} ON {condition}"
        label = "__known.__label"
    prediction = identifier(log.prediction_col)
    columns = {"__p": _value(answers, prediction), "__l": _value(answers, label)}
    if _is_scored(answers):
        score = f"CAST({identifier(log.prediction_proba_col or '')} AS DOUBLE)"
        columns["__s"] = f"CASE WHEN {score} >= 0 AND {score} <= 1 THEN {score} END"
        columns["__bin"] = f"CAST(least(floor({columns['__s']} * {BINS}), {BINS - 1}) AS INTEGER)"
    shown = {**asked.keys, **asked.slice_keys, **columns}
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in shown.items())} FROM {source}{asked.where}"


def known_labels(table: Snapshot, labels: Snapshot, late: LateLabels) -> tuple[str, str]:
    """The labels as ``__known`` with ``__key`` and ``__label``, one for each answer and none where they contradict each
    other; and the condition by which they belong to the rows of ``scanned``."""
    of_answers, of_labels = key_sql(table, labels, late)
    value = f"labels.{identifier(late.label_col)}"
    known = (
        f"(SELECT {of_labels} AS __key, min({value}) AS __label FROM labels WHERE {of_labels} IS NOT NULL "
        f"AND {value} IS NOT NULL GROUP BY 1 HAVING min({value}) = max({value})) AS __known"
    )
    return known, f"{of_answers} = __known.__key"


def key_sql(table: Snapshot, labels: Snapshot, late: LateLabels) -> tuple[str, str]:
    """The ids of answers in ``scanned`` and in ``labels`` as they are compared: texts and whole numbers as they are,
    which takes the engine half the time; what differs in type as texts."""
    names = f"scanned.{identifier(late.key_col)}", f"labels.{identifier(late.key_of_label)}"
    kinds = _kind(table, late.key_col), _kind(labels, late.key_of_label)
    if kinds == ("string", "string") or all(kind in _WHOLE for kind in kinds):
        return names
    return f"CAST({names[0]} AS VARCHAR)", f"CAST({names[1]} AS VARCHAR)"


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
    return family_of(_kind(snapshot, name))


def _kind(snapshot: Snapshot, name: str) -> Any:
    """The Delta type of a column."""
    return {each.lower(): kind for each, kind in snapshot.fields.items()}.get(name.lower())


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
