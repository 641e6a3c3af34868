"""One model under ``retraining`` of ``boathouse.yml``: what trains it, what may start that, and what holds it back."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.shapes import ExactShape
from boathouse.foundation.texts import Span, TableText
from boathouse.jobs.starting.cron import parse_cron, parse_zone

MOST_TRIGGERS = 50
_METRIC = re.compile(r"[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99}){0,3}")


def _metric(text: str) -> str:
    if _METRIC.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no column of a metric table, such as js_distance or ks_test.statistic.")
    return text


def _job(given: Any) -> Any:
    """An id may be written as a number."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


Metric = Annotated[str, AfterValidator(_metric)]
JobText = Annotated[str, BeforeValidator(_job), Field(min_length=1, pattern=r"\S")]


class TriggerKind(StrEnum):
    """What may ask for a training."""

    SCHEDULE = "schedule"
    TABLE_UPDATE = "table_update"
    DATA_VOLUME = "data_volume"
    DRIFT = "drift"
    QUALITY = "quality"
    FRESHNESS = "freshness"
    ALERT = "alert"
    EVENT = "event"
    BY_HAND = "by_hand"
    """Somebody has called ``boathouse retraining decide`` with a reason."""


class OnSchedule(ExactShape):
    """A Quartz cron expression, as schedules of jobs have it."""

    quartz_cron_expression: str
    timezone_id: str = "UTC"

    @model_validator(mode="after")
    def _can_be_read(self) -> "OnSchedule":
        try:
            parse_cron(self.quartz_cron_expression)
            parse_zone(self.timezone_id)
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        return self


class OnTable(ExactShape):
    """New rows in a table."""

    table: TableText


class OnVolume(ExactShape):
    """So many more rows than when a training was last started."""

    table: TableText
    rows: int = Field(ge=1)


class Against(StrEnum):
    """What a window is compared with, as the drift table names it."""

    BASELINE = "BASELINE"
    CONSECUTIVE = "CONSECUTIVE"


class OnMetric(ExactShape):
    """A figure of a monitor beyond a bound, in the newest window."""

    table: TableText
    """What is monitored."""
    metric: Metric
    """A column of the metric table: ``js_distance``, ``ks_test.statistic``, ``log_loss``."""
    column: str | None = None
    """Of the monitored table; by default any of them, ``:table`` for figures of the whole table."""
    above: float | None = None
    below: float | None = None
    windows: int = Field(default=1, ge=1, le=1000)
    """How many windows in a row have to be beyond it."""
    granularity: str | None = None
    against: Against | None = None
    """What a drift is measured against; by default either."""
    model_id: str | None = None
    """Of a monitor that tells versions apart; by default all versions together."""
    metric_table: TableText | None = None
    """By default the monitor's own."""

    @model_validator(mode="after")
    def _has_a_bound(self) -> "OnMetric":
        if self.above is None and self.below is None:
            raise ValueError("one of above and below is needed.")
        return self


class OnAge(ExactShape):
    """The model in production is there for longer than this."""

    older_than: Span


class OnAlert(ExactShape):
    """An alert is firing. Patterns: ``*`` is any text, ``!`` before one is everything else."""

    name: str = "*"
    severity: list[str] = Field(default_factory=list[str])
    """One of these; by default any."""
    table: str | None = None


class Trigger(ExactShape):
    """One reason to train: exactly one of its fields besides ``name``."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")] | None = None
    """By default its kind, with a number where there are several."""
    schedule: OnSchedule | None = None
    table_update: OnTable | None = None
    data_volume: OnVolume | None = None
    drift: OnMetric | None = None
    quality: OnMetric | None = None
    freshness: OnAge | None = None
    alert: OnAlert | None = None
    event: EventFilter | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Trigger":
        if len(self._said) != 1:
            raise ValueError(f"exactly one of {', '.join(_KINDS)} is needed.")
        return self

    @property
    def kind(self) -> TriggerKind:
        return TriggerKind(self._said[0])

    @property
    def _said(self) -> list[str]:
        return [kind for kind in _KINDS if getattr(self, kind) is not None]

    @property
    def settings(self) -> Any:
        return getattr(self, self.kind.value)


_KINDS = tuple(kind.value for kind in TriggerKind if kind is not TriggerKind.BY_HAND)


class Budget(ExactShape):
    """How much may be spent on trainings and on trials in a span of time."""

    runs: int | None = Field(default=None, ge=0)
    """Trainings."""
    processor_hours: float | None = Field(default=None, ge=0)
    """Of trainings and trials together."""
    per: Span = "30d"

    @model_validator(mode="after")
    def _says_something(self) -> "Budget":
        if self.runs is None and self.processor_hours is None:
            raise ValueError("one of runs and processor_hours is needed.")
        return self


class TrialMethod(StrEnum):
    """How it is found out cheaply whether a training would help."""

    REFIT = "refit"
    """The champion's own estimator is fitted anew on a bounded sample of the newest labelled rows."""
    JOB = "job"
    """A job of the project trains something small and says where it is."""
    NONE = "none"
    """Nothing is tried: whatever asks for a training gets it, as far as the other brakes let it."""


class Unmeasured(StrEnum):
    """What is done when a trial could not say anything."""

    START = "start"
    DECLINE = "decline"


class Benefit(ExactShape):
    """Whether a new model would beat the champion on the freshest labels."""

    method: TrialMethod = TrialMethod.REFIT
    job: JobText | None = None
    """Of the method ``job``: its tasks leave the value ``trial_model`` (an address of a model) or ``benefit``."""
    parameters: dict[str, str] = Field(default_factory=dict[str, str])
    """Of that job."""
    table: TableText | None = None
    """Labelled rows; by default the evaluation table of the model's requirements."""
    timestamp: str | None = None
    """The column that says which rows are freshest; by default that of the evaluation source."""
    train_rows: int = Field(default=20_000, ge=50, le=1_000_000)
    """The most rows that a refit learns from."""
    test_rows: int = Field(default=5_000, ge=50, le=1_000_000)
    """The freshest rows, on which both are compared; nobody learns from them."""
    test_share: float = Field(default=0.3, gt=0, lt=1)
    """Of a table with fewer labelled rows than both together, at most this share is kept to compare on."""
    minimum_rows: int = Field(default=200, ge=20)
    """To compare on; with fewer the trial says nothing."""
    metric: str | None = None
    """By default the proxy of the model's success."""
    minimum_improvement: float = 0.0
    """In the metric's own unit."""
    confidence: float = Field(default=0.9, gt=0.5, lt=1)
    """Of the interval whose lower end has to lie above the minimum."""
    if_unmeasured: Unmeasured = Unmeasured.START
    except_for: list[TriggerKind] = Field(default_factory=list[TriggerKind])
    """Triggers that need no trial: a schedule, say, that trains whatever comes."""

    @model_validator(mode="after")
    def _has_its_job(self) -> "Benefit":
        if (self.method is TrialMethod.JOB) != (self.job is not None):
            raise ValueError("job belongs to the method job, which needs it.")
        return self


class Brakes(ExactShape):
    """What holds back."""

    cool_down: Span | None = "1d"
    """Between the starts of two trainings."""
    budget: Budget | None = None
    benefit: Benefit = Field(default_factory=Benefit)
    freeze_after: int | None = Field(default=3, ge=1)
    """After so many candidates in a row that came to nothing only a person starts again."""


class Timekeeping(StrEnum):
    """Which present brakes and windows are counted by."""

    SYSTEM = "system"
    DATA = "data"
    """That of the data: ends of windows and ``as_of``; for a past that is replayed."""


class RetrainingPolicy(ExactShape):
    """One model's loop."""

    job: JobText
    """What trains: a job's id or name; ``${resources.jobs.training.id}`` in a bundle."""
    parameters: dict[str, str] = Field(default_factory=dict[str, str])
    """Of its runs."""
    triggers: list[Trigger] = Field(default_factory=list[Trigger], max_length=MOST_TRIGGERS)
    brakes: Brakes = Field(default_factory=Brakes)
    clock: Timekeeping = Timekeeping.SYSTEM
    paused: bool = False
    """Nothing is looked at; by hand it can still be decided."""

    @model_validator(mode="after")
    def _names_differ(self) -> "RetrainingPolicy":
        names = [name for name, _ in self.named()]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two triggers are called {twice[0]}.")
        return self

    def named(self) -> list[tuple[str, Trigger]]:
        """The triggers with their names."""
        kinds = [trigger.kind.value for trigger in self.triggers]
        found: list[tuple[str, Trigger]] = []
        for index, trigger in enumerate(self.triggers):
            kind = kinds[index]
            several = f"{kind}-{kinds[: index + 1].count(kind)}" if kinds.count(kind) > 1 else kind
            found.append((trigger.name or several, trigger))
        return found
