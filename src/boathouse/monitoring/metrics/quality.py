"""Quality of a model from counts: the figures that the profile table has for an inference log."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

import pyarrow as pa

from boathouse.monitoring.metrics import intervals
from boathouse.monitoring.metrics.intervals import Interval
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts
from boathouse.monitoring.monitors.settings import ProblemType

_PER_CLASS = pa.struct(
    [("one_vs_all", pa.map_(pa.string(), pa.float64())), ("macro", pa.float64()), ("weighted", pa.float64())]
)
_INTERVAL = pa.struct([("low", pa.float64()), ("high", pa.float64())])
_CONFUSION = pa.list_(pa.struct([("prediction", pa.string()), ("label", pa.string()), ("count", pa.int64())]))
_BY_CLASS = pa.map_(pa.string(), pa.float64())
FAIRNESS = ("predictive_parity", "predictive_equality", "equal_opportunity", "statistical_parity")

QUALITY = pa.schema(
    [
        ("labelled_count", pa.int64()),
        ("accuracy_score", pa.float64()),
        ("accuracy_interval", _INTERVAL),
        ("confusion_matrix", _CONFUSION),
        ("precision", _PER_CLASS),
        ("recall", _PER_CLASS),
        ("f1_score", _PER_CLASS),
        ("log_loss", pa.float64()),
        ("roc_auc_score", _PER_CLASS),
        ("roc_auc_interval", _INTERVAL),
        ("brier_score", pa.float64()),
        ("calibration_error", pa.float64()),
        ("mean_squared_error", pa.float64()),
        ("root_mean_squared_error", pa.float64()),
        ("root_mean_squared_error_interval", _INTERVAL),
        ("mean_average_error", pa.float64()),
        ("mean_average_error_interval", _INTERVAL),
        ("mean_absolute_percentage_error", pa.float64()),
        ("r2_score", pa.float64()),
        *((name, _BY_CLASS) for name in FAIRNESS),
    ]
)
"""Columns of the profile table of an inference log; filled in rows of ``:table``. Those named ``_interval``,
``labelled_count``, ``brier_score`` and ``calibration_error`` are ours."""

Row = dict[str, Any]


def quality_of(counts: QualityCounts, problem: ProblemType) -> Row:
    """The figures; what cannot be said of these rows is left out."""
    if counts.labelled == 0:
        return {"labelled_count": 0}
    found = _classification(counts) if problem is ProblemType.CLASSIFICATION else _regression(counts)
    return {name: value for name, value in found.items() if value is not None}


def fairness_of(group: QualityCounts, others: QualityCounts) -> Row:
    """How much better or worse the answers are for a group than for everybody else, by class: differences of precision,
    false positive rate, recall and share of predictions (Verma and Rubin, FairWare 2018). Zero is alike."""
    classes = sorted({name for cell in (*group.cells, *others.cells) for name in cell})
    found: Row = {}
    for name, figure in zip(FAIRNESS, (_precision, _false_positive_rate, _recall, _share_predicted), strict=True):
        values = {each: (figure(group, each), figure(others, each)) for each in classes}
        differences = [
            (each, of_group - of_others)
            for each, (of_group, of_others) in values.items()
            if of_group is not None and of_others is not None
        ]
        if differences:
            found[name] = differences
    return found


# --- classification


def _classification(counts: QualityCounts) -> Row:
    rows = sum(counts.cells.values())
    right = sum(count for (prediction, label), count in counts.cells.items() if prediction == label)
    classes = sorted({name for cell in counts.cells for name in cell})
    weights = {each: _total(counts, label=each) for each in classes}
    precision = {each: _precision(counts, each) or 0.0 for each in classes}
    recall = {each: _recall(counts, each) or 0.0 for each in classes}
    both = {each: precision[each] + recall[each] for each in classes}
    f1 = {each: 2 * precision[each] * recall[each] / both[each] if both[each] else 0.0 for each in classes}
    return {
        "labelled_count": rows,
        "accuracy_score": right / rows,
        "accuracy_interval": _interval(intervals.share(right, rows)),
        "confusion_matrix": [
            {"prediction": prediction, "label": label, "count": count}
            for (prediction, label), count in sorted(counts.cells.items())
        ],
        "precision": _per_class(precision, weights),
        "recall": _per_class(recall, weights),
        "f1_score": _per_class(f1, weights),
        **_of_probabilities(counts),
    }


def _of_probabilities(counts: QualityCounts) -> Row:
    scored = counts.sums.get("scored", 0.0)
    if not scored:
        return {}
    found: Row = {"log_loss": counts.sums["log_loss"] / scored, "brier_score": counts.sums["brier"] / scored}
    found["calibration_error"] = _calibration_error(counts)
    area = area_under_curve(counts.bins)
    if area is not None:
        negatives, positives = (sum(each[side] for each in counts.bins.values()) for side in (0, 1))
        found["roc_auc_interval"] = _interval(intervals.area(area, positives, negatives))
        name = counts.positive or "true"
        found["roc_auc_score"] = {"one_vs_all": [(name, area)], "macro": area, "weighted": area}
    return found


def area_under_curve(bins: Mapping[int, tuple[int, int]]) -> float | None:
    """The share of pairs of one row of either class in which the row of the class has the higher probability; those in
    one bin count half (Mann and Whitney, 1947). None where there is only one class."""
    lower, better, positives, negatives = 0, 0.0, 0, 0
    for _, (others, own) in sorted(bins.items()):
        better += own * (lower + others / 2)
        lower += others
        positives, negatives = positives + own, negatives + others
    return better / (positives * negatives) if positives and negatives else None


def _calibration_error(counts: QualityCounts, parts: int = 10) -> float | None:
    """The expected calibration error over ten equal bins (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    gathered = [[0, 0, 0.0] for _ in range(parts)]
    for place, (others, own) in counts.bins.items():
        part = gathered[min(place * parts // BINS, parts - 1)]
        part[0] += others + own
        part[1] += own
        part[2] += (others + own) * (place + 0.5) / BINS
    rows = sum(each[0] for each in gathered)
    return sum(abs(own - expected) for _, own, expected in gathered) / rows if rows else None


def _total(counts: QualityCounts, *, prediction: str | None = None, label: str | None = None) -> int:
    return sum(
        count
        for (predicted, known), count in counts.cells.items()
        if prediction in (None, predicted) and label in (None, known)
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _precision(counts: QualityCounts, name: str) -> float | None:
    return _ratio(counts.cells[name, name], _total(counts, prediction=name))


def _recall(counts: QualityCounts, name: str) -> float | None:
    return _ratio(counts.cells[name, name], _total(counts, label=name))


def _false_positive_rate(counts: QualityCounts, name: str) -> float | None:
    wrong = _total(counts, prediction=name) - counts.cells[name, name]
    return _ratio(wrong, sum(counts.cells.values()) - _total(counts, label=name))


def _share_predicted(counts: QualityCounts, name: str) -> float | None:
    return _ratio(_total(counts, prediction=name), sum(counts.cells.values()))


def _per_class(values: Mapping[str, float], weights: Mapping[str, int]) -> Row:
    total = sum(weights.values())
    weighted = sum(values[each] * weights[each] for each in values) / total if total else None
    return {"one_vs_all": list(values.items()), "macro": sum(values.values()) / len(values), "weighted": weighted}


# --- regression


def _regression(counts: QualityCounts) -> Row:
    sums, rows = counts.sums, counts.labelled
    squared = sums["square"] / rows
    spread = sums["label_square"] - sums["label"] ** 2 / rows
    relative = sums.get("relative_count", 0.0)
    of_squares = intervals.mean(sums["square"], sums["fourth"], rows)
    roots = None if of_squares is None else (sqrt(max(0.0, of_squares[0])), sqrt(max(0.0, of_squares[1])))
    return {
        "labelled_count": rows,
        "mean_squared_error": squared,
        "root_mean_squared_error": sqrt(squared),
        "root_mean_squared_error_interval": _interval(roots),
        "mean_average_error": sums["absolute"] / rows,
        "mean_average_error_interval": _interval(intervals.mean(sums["absolute"], sums["square"], rows)),
        "mean_absolute_percentage_error": sums["relative"] / relative if relative else None,
        "r2_score": 1 - sums["square"] / spread if spread > 0 else None,
    }


def _interval(found: Interval | None) -> Row | None:
    return None if found is None else {"low": found[0], "high": found[1]}
