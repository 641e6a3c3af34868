"""How good the answers of a model were, window by window, with where each figure lies at 95 %."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.metrics.quality import FAIRNESS
from boathouse.monitoring.monitors.settings import TABLE, ProblemType
from boathouse.monitoring.readings.nouns import Reading
from boathouse.server.ui.pages.monitoring import asked as asking
from boathouse.server.ui.pages.monitoring.asked import Asked
from boathouse.server.ui.pages.monitoring.seen import Seen, nothing_measured, of_series, of_time
from boathouse.server.ui.pages.monitoring.windows import window_cell, window_name
from boathouse.server.ui.parts.choosing import chooser
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.layout import card, columns, fold
from boathouse.server.ui.parts.plots import over_time
from boathouse.server.ui.parts.text import note

_CLASSES: Mapping[str, str] = {
    "roc_auc_score.macro": "Area under the ROC curve",
    "accuracy_score": "Accuracy",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
    "brier_score": "Brier score",
    "f1_score.macro": "F1 score, mean of the classes",
}
_NUMBERS: Mapping[str, str] = {
    "root_mean_squared_error": "Root mean squared error",
    "mean_average_error": "Mean absolute error",
    "r2_score": "R squared",
    "mean_absolute_percentage_error": "Mean absolute percentage error",
}
_FAIRNESS: Mapping[str, str] = {
    "predictive_parity": "Precision, less that of all others",
    "predictive_equality": "False positive rate, less that of all others",
    "equal_opportunity": "Recall, less that of all others",
    "statistical_parity": "Share of predictions, less that of all others",
}
_BUSINESS: Mapping[str, str] = {
    "decision_value": "Value of the decisions",
    "value_per_prediction": "Value per prediction",
    "value_over_never_acting": "Value over never acting",
    "prediction_cost": "Cost of the answers",
    "cost_per_prediction": "Cost per prediction",
}


async def quality_tab(seen: Seen) -> None:
    choices = await seen.choices()
    if not choices.columns:
        nothing_measured(seen)
        return
    visitor = seen.visitor
    query = {**visitor.query, "column": TABLE}
    asked = asking.asked_for(seen.table, query, choices, seen.monitor.settings, seen.alerts)
    wanted = replace(asked.wanted, column=TABLE)
    readings = await visitor.ask(visitor.plane.readings.series, wanted)
    with card():
        fields = {**of_series(choices, asked), **of_time(asked)}
        chooser(visitor, fields, keep=("tab",), label="What is shown")
        labelled = sum(each.figures.get("labelled_count", 0) for each in readings)
        answers = sum(each.figures.get("count", 0) for each in readings)
        note(f"{labelled:,.0f} of {answers:,.0f} answers in {len(readings)} windows have a known label.")
    if not labelled:
        empty("No answer has a label yet, so nothing can be said of quality.", "Drift is known at once: see the tab.")
        return
    _plots(seen, Asked(wanted, ""), readings, _plain_figures(seen))
    if fairness_lines(readings):
        with card("Fairness of this slice"):
            note("Zero is alike. Whether a difference matters is for people to say.")
        _fairness(readings)
    with card("The figures"):
        _grid(readings, _plain_figures(seen))


def _plain_figures(seen: Seen) -> Mapping[str, str]:
    settings = seen.monitor.settings
    log = settings.inference_log
    is_regression = log is not None and log.problem_type is ProblemType.REGRESSION
    own = {each.name: each.name for each in settings.metrics}
    return {**(_NUMBERS if is_regression else _CLASSES), **_BUSINESS, **own}


def _plots(seen: Seen, asked: Asked, readings: Sequence[Reading], titles: Mapping[str, str]) -> None:
    there = {name: title for name, title in titles.items() if any(name in each.figures for each in readings)}
    with columns():
        for name, title in there.items():
            with card(title):
                band = [(from_epoch_ms(each.start), *each.intervals[name]) for each in readings
                        if name in each.intervals]  # fmt: skip
                rules = [each.alert.rule for each in asking.watching(seen.alerts, Asked(asked.wanted, name))]
                over_time(
                    {title: [(from_epoch_ms(each.start), each.figures.get(name)) for each in readings]},
                    label=f"{title} over time",
                    thresholds=asking.thresholds_of(rules),
                    band=band,
                    in_utc=any(window_name(each.start, each.end) for each in readings[:1]),
                    height_pixels=190,
                )
                if band:
                    note("Blue ground: where it lies at 95 %.")


def fairness_lines(readings: Sequence[Reading]) -> dict[str, list[str]]:
    """The figures of fairness that there are, one per class."""
    known = {name for each in readings for name in each.figures}
    found = {kind: sorted(name for name in known if name.startswith(f"{kind}.")) for kind in FAIRNESS}
    return {kind: names for kind, names in found.items() if names}


def _fairness(readings: Sequence[Reading]) -> None:
    with columns():
        for kind, names in fairness_lines(readings).items():
            with card(_FAIRNESS[kind]):
                lines = {
                    f"class {name.removeprefix(f'{kind}.')}": [
                        (from_epoch_ms(each.start), each.figures.get(name)) for each in readings
                    ]
                    for name in names
                }
                over_time(lines, label=_FAIRNESS[kind], thresholds={"alike": 0.0}, height_pixels=190)


def _grid(readings: Sequence[Reading], titles: Mapping[str, str]) -> None:
    there = [name for name in titles if any(name in each.figures for each in readings)]
    with fold(f"{len(readings)} windows"):
        grid(
            ["Window", "Labelled", *(titles[name] for name in there)],
            [
                [
                    window_cell(each.start, each.end),
                    round(each.figures.get("labelled_count", 0)),
                    *(each.figures.get(name) for name in there),
                ]
                for each in reversed(readings)
            ],
            label="Quality by window",
            per_page=15,
        )
