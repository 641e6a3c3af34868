"""Whether a table has what its monitor needs: columns of usable types, slices and metrics that can be computed."""

from collections.abc import Iterator, Mapping, Sequence

from boathouse.catalog import Column
from boathouse.foundation.errors import BoathouseError, did_you_mean
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.monitoring.monitors.settings import TABLE, CustomMetric, MetricType, MonitorSettings, ProblemType
from boathouse.quality.profiles.slicing import read_slice

TIMES = ("timestamp", "timestamp_ntz", "date", "string", "int", "bigint", "double")
"""Numbers are seconds since 1970."""
NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
PLAIN = (*TIMES, *NUMBERS, "boolean")
_OF = {"timestamp": TIMES, "number": NUMBERS, "plain": PLAIN}
_WORDS = {"timestamp": "a timestamp, a date, or seconds since 1970", "number": "a number", "plain": "a plain value"}


def problems_with_columns(settings: MonitorSettings, columns: Sequence[Column], table: str) -> list[Problem]:
    """Everything that keeps the monitor from working on a table with these columns."""
    types = {column.name.lower(): column.type_text.partition("(")[0].lower() for column in columns}
    names = [column.name for column in columns]
    found: list[Problem] = []
    for path, name, wanted in _needed(settings):
        kind = types.get(name.lower())
        if kind is None:
            found.append(Problem(path, f"{table} has no column {name!r}.", did_you_mean(name, names)))
        elif kind not in _OF[wanted]:
            found.append(Problem(path, f"the column {name} of {table} is {kind}, and {_WORDS[wanted]} is needed."))
    for index, text in enumerate(settings.slices):
        found += _problems_of_slice(("slicing_exprs", index), text, names)
    found += _problems_of_metrics(settings, table, names)
    for index, name in enumerate(settings.extras.columns or ()):
        if name.lower() not in types:
            hint = did_you_mean(name, names)
            found.append(Problem(("boathouse", "columns", index), f"{table} has no column {name!r}.", hint))
    return found


def problems_with_labels(settings: MonitorSettings, columns: Sequence[Column]) -> list[Problem]:
    """What keeps late labels from being joined, given the columns of their table."""
    late = settings.extras.late_labels
    if late is None:
        return []
    names = [column.name for column in columns]
    known = {name.lower() for name in names}
    wanted = {"label_col": late.label_col, "label_key_col": late.key_of_label}
    return [
        Problem(("boathouse", "late_labels", field), f"{late.table_name} has no column {name!r}.",
                did_you_mean(name, names))
        for field, name in wanted.items()
        if name.lower() not in known
    ]  # fmt: skip


def _needed(settings: MonitorSettings) -> Iterator[tuple[KeyPath, str, str]]:
    """Where a column is named, its name, and what it must be."""
    if (series := settings.time_series) is not None:
        yield ("time_series", "timestamp_col"), series.timestamp_col, "timestamp"
    log = settings.inference_log
    if log is None:
        return
    of_answers = "number" if log.problem_type is ProblemType.REGRESSION else "plain"
    yield ("inference_log", "timestamp_col"), log.timestamp_col, "timestamp"
    yield ("inference_log", "model_id_col"), log.model_id_col, "plain"
    yield ("inference_log", "prediction_col"), log.prediction_col, of_answers
    late = settings.extras.late_labels
    if late is not None:
        yield ("boathouse", "late_labels", "key_col"), late.key_col, "plain"
    elif log.label_col is not None:
        yield ("inference_log", "label_col"), log.label_col, of_answers
    if log.prediction_proba_col is not None:
        yield ("inference_log", "prediction_proba_col"), log.prediction_proba_col, "number"


def _problems_of_slice(path: KeyPath, text: str, names: Sequence[str]) -> list[Problem]:
    try:
        read_slice(text, names)
    except BoathouseError as error:
        return [Problem(path, error.message, error.hint)]
    return []


def _problems_of_metrics(settings: MonitorSettings, table: str, names: Sequence[str]) -> Iterator[Problem]:
    from boathouse.monitoring.monitors.templates import problem_of

    known = {name.lower() for name in names} | {TABLE}
    shapes: Mapping[MetricType, str] = {each: each.value for each in MetricType}
    for path, metric, field in _metrics(settings):
        for position, name in enumerate(metric.input_columns):
            if name.lower() not in known:
                hint = did_you_mean(name, [*names, TABLE])
                yield Problem((*path, "input_columns", position), f"{table} has no column {name!r}.", hint)
        if (problem := problem_of(metric)) is not None:
            yield Problem((*path, field), f"{problem} ({shapes[metric.type]})")


def _metrics(settings: MonitorSettings) -> Iterator[tuple[KeyPath, CustomMetric, str]]:
    """Where each metric of one's own is written, and under which field its SQL."""
    for index, metric in enumerate(settings.custom_metrics or ()):
        yield ("custom_metrics", index), metric, "definition"
    for index, kpi in enumerate(settings.extras.kpis or ()):
        yield ("boathouse", "kpis", index), kpi.as_metric(), "sql"
