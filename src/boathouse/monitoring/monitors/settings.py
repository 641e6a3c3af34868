"""A monitor as clients write it: the fields of Databricks' ``quality_monitors``, and under ``boathouse`` what those
have no field for."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from boathouse.foundation.names import InvalidName, SchemaName
from boathouse.foundation.shapes import Shape, Unused
from boathouse.foundation.texts import TableText
from boathouse.models.requirements.requirements import CostMatrix

GRANULARITIES = ("5 minutes", "30 minutes", "1 hour", "1 day", "1 month", "1 year")
"""Beside any number of weeks."""
_WEEKS = re.compile(r"([1-9][0-9]?) weeks?")
_METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
TABLE = ":table"
"""Where a column's name stands: the table as a whole."""
LATEST_DAYS = 30
"""How far back a refresh looks for windows that changed, when nobody says otherwise."""


def _schema(text: str) -> str:
    try:
        return str(SchemaName.parse(text))
    except InvalidName as error:
        raise ValueError(str(error)) from error


def _granularity(text: str) -> str:
    """``1 week`` for ``1 weeks``; anything else that is none is refused."""
    told = " ".join(text.lower().split())
    if found := _WEEKS.fullmatch(told):
        return "1 week" if found[1] == "1" else f"{found[1]} weeks"
    known = next((each for each in GRANULARITIES if each.rstrip("s") == told.rstrip("s")), None)
    if known is None:
        raise ValueError(f"{text!r} is no granularity; there are {', '.join(GRANULARITIES)} and <n> weeks.")
    return known


SchemaText = Annotated[str, AfterValidator(_schema)]
Granularity = Annotated[str, AfterValidator(_granularity)]
Granularities = Annotated[list[Granularity], Field(min_length=1)]


class ProblemType(StrEnum):
    CLASSIFICATION = "PROBLEM_TYPE_CLASSIFICATION"
    REGRESSION = "PROBLEM_TYPE_REGRESSION"


class Snapshot(Shape):
    """The whole table at every refresh."""


class TimeSeries(Shape):
    """Windows of a column of time."""

    timestamp_col: str
    granularities: Granularities


class InferenceLog(Shape):
    """Answers of models, with labels where they are known."""

    problem_type: ProblemType
    timestamp_col: str
    granularities: Granularities
    prediction_col: str
    model_id_col: str
    label_col: str | None = None
    prediction_proba_col: str | None = None


class MetricType(StrEnum):
    AGGREGATE = "CUSTOM_METRIC_TYPE_AGGREGATE"
    DERIVED = "CUSTOM_METRIC_TYPE_DERIVED"
    DRIFT = "CUSTOM_METRIC_TYPE_DRIFT"


class CustomMetric(Shape):
    """A metric of one's own: SQL with Jinja in it."""

    name: str
    type: MetricType
    definition: str = Field(min_length=1)
    input_columns: Annotated[list[str], Field(min_length=1)]
    output_data_type: str

    @model_validator(mode="after")
    def _has_a_plain_name(self) -> "CustomMetric":
        if not _METRIC_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be a column; use letters, digits and _.")
        return self


class CronSchedule(Shape):
    quartz_cron_expression: str
    timezone_id: str = "UTC"
    pause_status: str | None = None

    @property
    def is_paused(self) -> bool:
        return self.pause_status == "PAUSED"


class Destination(Shape):
    email_addresses: list[str] | None = None


class Notifications(Shape):
    on_failure: Destination | None = None
    on_new_classification_tag_detected: Unused = None


class LateLabels(Shape):
    """A table in which labels arrive after the answers, found by the id of the request."""

    table_name: TableText
    label_col: str
    key_col: str = "request_id"
    """The column of the monitored table that says which answer a label is for."""
    label_key_col: str | None = None
    """The same column of the table of labels, where it has another name."""

    @property
    def key_of_label(self) -> str:
        return self.label_key_col or self.key_col


class Kpi(Shape):
    """A figure of the business for each window: an aggregate over its rows."""

    name: str
    sql: str = Field(min_length=1)
    unit: str | None = None
    """For people: ``minutes``, ``USD``."""

    @model_validator(mode="after")
    def _is_a_metric(self) -> "Kpi":
        self.as_metric()
        return self

    def as_metric(self) -> CustomMetric:
        """It is computed as a metric of the whole table."""
        return CustomMetric(
            name=self.name, type=MetricType.AGGREGATE, definition=self.sql, input_columns=[TABLE],
            output_data_type="double",
        )  # fmt: skip


class RunningCost(Shape):
    """What it costs to answer."""

    per_prediction: float = Field(default=0.0, ge=0)
    per_hour: float = Field(default=0.0, ge=0)
    """Whether anybody asks or not."""
    currency: str = "EUR"


class Extras(Shape):
    """What Databricks has no field for."""

    late_labels: LateLabels | None = None
    positive_label: str | int | float | bool | None = None
    """The class that a probability is of; without it the greater of two."""
    refresh_on_update: bool = False
    """A refresh whenever the table has a new version."""
    recompute_days: int = Field(default=LATEST_DAYS, ge=0, le=3_660)
    """Windows that ended longer before the newest row are left as they are; a backfill looks at them again."""
    columns: list[str] | None = None
    """Only these are looked at, beside those that the monitor itself needs."""
    kpis: list[Kpi] | None = None
    cost_matrix: CostMatrix | None = None
    """What each outcome of a decision is worth, as in a model's requirements. It is acted where the prediction is
    ``positive_label``, or from ``threshold`` on."""
    running_cost: RunningCost | None = None


class MonitorSettings(Shape):
    """What is watched, and how."""

    output_schema_name: SchemaText
    assets_dir: str | None = None
    baseline_table_name: TableText | None = None
    slicing_exprs: list[str] | None = None
    custom_metrics: list[CustomMetric] | None = None
    snapshot: Snapshot | None = None
    time_series: TimeSeries | None = None
    inference_log: InferenceLog | None = None
    schedule: CronSchedule | None = None
    notifications: Notifications | None = None
    boathouse: Extras | None = None
    dashboard_id: Unused = None
    data_classification_config: Unused = None
    latest_monitor_failure_msg: Unused = None
    skip_builtin_dashboard: Unused = None
    warehouse_id: Unused = None
    lifecycle: Unused = None

    @model_validator(mode="after")
    def _says_one_way(self) -> "MonitorSettings":
        ways = [each for each in (self.snapshot, self.time_series, self.inference_log) if each is not None]
        if len(ways) != 1:
            raise ValueError("exactly one of snapshot, time_series and inference_log is needed.")
        extras = self.boathouse
        if extras is not None and extras.late_labels is not None and self.inference_log is None:
            raise ValueError("late_labels belong to an inference_log.")
        if extras is not None and extras.refresh_on_update and self.schedule is not None:
            raise ValueError("either a schedule or refresh_on_update starts the refreshes, not both.")
        if extras is not None:
            self._has_what_money_needs(extras)
        names = [each.name for each in self.metrics]
        if repeated := sorted({each for each in names if names.count(each) > 1}):
            raise ValueError(f"the metric {repeated[0]} is written twice.")
        return self

    def _has_what_money_needs(self, extras: Extras) -> None:
        matrix, cost, log = extras.cost_matrix, extras.running_cost, self.inference_log
        if log is None and (matrix is not None or cost is not None):
            raise ValueError("cost_matrix and running_cost belong to an inference_log.")
        if matrix is None or log is None:
            return
        if log.problem_type is not ProblemType.CLASSIFICATION:
            raise ValueError("a cost_matrix weighs decisions between two classes; this is a regression.")
        if matrix.threshold is not None and log.prediction_proba_col is None:
            raise ValueError("a cost_matrix with a threshold needs prediction_proba_col.")
        if cost is not None and cost.currency != matrix.currency:
            raise ValueError(f"cost_matrix is in {matrix.currency}, running_cost in {cost.currency}.")

    @property
    def extras(self) -> Extras:
        return self.boathouse or Extras()

    @property
    def metrics(self) -> list[CustomMetric]:
        """Metrics of one's own, those of the business among them."""
        return [*(self.custom_metrics or ()), *(each.as_metric() for each in self.extras.kpis or ())]

    @property
    def timestamp(self) -> str | None:
        windows = self.time_series or self.inference_log
        return windows.timestamp_col if windows is not None else None

    @property
    def granularities(self) -> tuple[str, ...]:
        windows = self.time_series or self.inference_log
        return tuple(dict.fromkeys(windows.granularities)) if windows is not None else ()

    @property
    def model_id(self) -> str | None:
        return self.inference_log.model_id_col if self.inference_log is not None else None

    @property
    def slices(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.slicing_exprs or ()))

    def document(self) -> dict[str, Any]:
        """As it is stored, compared and shown: only what was said."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True) | {
            name: {} for name in ("snapshot",) if self.snapshot is not None
        }

    def shapes_metrics(self) -> dict[str, Any]:
        """The part of the document that decides what the metric tables hold."""
        left_out = ("schedule", "notifications", "assets_dir")
        document = {name: value for name, value in self.document().items() if name not in left_out}
        extras = dict(document.get("boathouse") or {})
        extras.pop("refresh_on_update", None)
        extras.pop("recompute_days", None)
        return {**document, "boathouse": extras}
