"""One model in ``boathouse.yml``. The tier brings gates and approvals; a project states what differs."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from boathouse.foundation.shapes import ExactShape
from boathouse.foundation.texts import Span, TableText, Text


def _column(given: Any) -> Any:
    """A text is a column's name."""
    return {"column": given} if isinstance(given, str) else given


def _settings(given: Any) -> Any:
    """``calibration:`` with nothing behind it asks for the gate as it is."""
    return {} if given is None else given


class Tier(StrEnum):
    """How much harm a wrong answer can do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Problem(StrEnum):
    """What kind of answer the model gives."""

    BINARY = "binary_classification"
    MULTICLASS = "multiclass_classification"
    REGRESSION = "regression"


class Success(ExactShape):
    """What the business wants, and the number that stands for it here."""

    metric: Text
    """In the business' words: ``missed connections per 1,000 passengers``."""
    target: str | None = None
    proxy: Text
    """A metric that gates know: ``log_loss``, ``auc``, ``rmse`` ..."""


class Constraints(ExactShape):
    """What serving has to keep."""

    latency_p99_ms: float | None = Field(default=None, gt=0)
    throughput_per_second: float | None = Field(default=None, gt=0)
    memory_mb: float | None = Field(default=None, gt=0)
    freshness: Span | None = None
    """How old features may be: ``2h``."""
    explainability: bool | None = None
    """Whether each answer has to be explainable."""


class SliceSource(ExactShape):
    """A column, one slice per value, or a predicate in SQL, which makes the slice ``true``."""

    column: str | None = None
    predicate: str | None = None
    maximum: int = Field(default=50, ge=1)
    """Of a column with more values, the most frequent ones."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "SliceSource":
        if bool(self.column) == bool(self.predicate):
            raise ValueError("exactly one of column and predicate is needed.")
        return self


class EvaluationSource(ExactShape):
    """The rows that versions are judged on: a governed table with what the model takes, and what became of it."""

    table: TableText
    """Three levels; ``${...}`` are those of the bundle."""
    label: Text
    timestamp: str | None = None
    keys: list[str] = Field(default_factory=list[str])
    """The columns that name a row; the paired bootstrap draws rows, or whole groups of ``group``."""
    group: str | None = None
    where: str | None = None
    """A predicate in SQL."""
    training_table: str | None = None
    """What the model was trained on, for the data checks; by default the tables its run has read say it."""
    naive_column: str | None = None
    """A column with a naive answer; by default the mean (or the most frequent class) of the training labels."""
    positive_label: str | None = None
    minimum_rows: int = Field(default=200, ge=1)
    minimum_slice_rows: int = Field(default=50, ge=1)


class CostMatrix(ExactShape):
    """What each outcome of a binary decision is worth; costs are negative."""

    true_positive: float = 0.0
    false_positive: float = 0.0
    true_negative: float = 0.0
    false_negative: float = 0.0
    currency: str = "EUR"
    threshold: float | None = Field(default=None, ge=0, le=1)
    """From which probability on it is acted; by default the one with the highest value on the evaluation rows."""


class ApprovalPolicy(ExactShape):
    """Who has to sign, and for how long that holds."""

    count: int | None = Field(default=None, ge=0)
    groups: list[str] | None = None
    """Members of one of these may sign; by default whoever may manage the model."""
    author_may_approve: bool | None = None
    valid_for: Span | None = None
    """``7d``; from the moment it was given."""


class Deployment(ExactShape):
    """How a new version comes to be judged."""

    job: str | None = None
    """A job of one's own with the parameters ``model_name`` and ``model_version``; the built-in one by default."""
    start: bool = True
    """Whether a new version starts it by itself."""
    environment: dict[str, Any] | None = None
    """What the built-in job's tasks need besides Boathouse: the spec of a job's environment."""
    run_as: str | None = None
    """The principal whose rights the built-in job has; by default the model's owner."""
    automatic_promotion: bool | None = None
    """Whether a version that may be promoted is; else somebody calls promote. By tier."""


class Rollout(ExactShape):
    """The steps by which traffic comes to a new champion; serving acts on it."""

    steps: list[float] = Field(default_factory=list[float])
    """Shares of the traffic in percent, ascending."""
    step_minutes: float | None = Field(default=None, gt=0)
    shadow: bool = False

    @model_validator(mode="after")
    def _shares_ascend(self) -> "Rollout":
        if any(not 0 < share <= 100 for share in self.steps) or any(one >= two for one, two in pairwise(self.steps)):
            raise ValueError("steps are shares in percent, above 0, at most 100, each larger than the one before.")
        return self


class Requirements(ExactShape):
    """What one model has to meet."""

    objective: Text
    decision: Text
    """What is decided with the answers, and by whom."""
    users: list[str] = Field(default_factory=list[str])
    owner: Text
    on_call: str | None = None
    success: Success
    problem: Problem = Problem.BINARY
    constraints: Constraints = Field(default_factory=Constraints)
    risk_tier: Tier = Tier.MEDIUM
    evaluation: EvaluationSource
    slices: list[Annotated[SliceSource, BeforeValidator(_column)]] = Field(default_factory=list[SliceSource])
    """A text is a column's name."""
    cost_matrix: CostMatrix | None = None
    gates: dict[str, Annotated[dict[str, Any], BeforeValidator(_settings)]] = Field(
        default_factory=dict[str, dict[str, Any]]
    )
    """Settings by the gate's name, laid over those of the tier; each gate knows its own (``models.gates``)."""
    approval: ApprovalPolicy = Field(default_factory=ApprovalPolicy)
    """Laid over that of the tier."""
    stages: dict[str, str] = Field(default_factory=dict[str, str])
    """Names for aliases: ``{candidate: challenger, production: champion}``."""
    deployment: Deployment = Field(default_factory=Deployment)
    rollout: Rollout = Field(default_factory=Rollout)
    fallback: list[str] = Field(default_factory=list[str])
    """Who answers when the champion cannot, in this order; serving acts on it."""
    card: str | None = None
    """A Markdown file of the project with what only people know: limits, ethics, how it is meant to be used."""
