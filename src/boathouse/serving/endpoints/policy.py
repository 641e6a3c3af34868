"""What Databricks has no field for: how an endpoint changes, what it does when something fails, what it may use.

Stands in ``boathouse.yml`` under ``endpoints``, by the key of ``resources.model_serving_endpoints`` or the endpoint's
name; kept in time like everything that decides about production.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, model_validator

from boathouse.foundation.shapes import ExactShape
from boathouse.foundation.texts import Span

Share = Annotated[float, Field(ge=0, le=1)]


class AbortRules(ExactShape):
    """When a version in canary loses its traffic. Each is asked of the canary beside what it replaces."""

    error_rate: Share | None = 0.02
    """More of its answers than this are server errors or fallen."""
    latency_p99_ms: float | None = Field(default=None, gt=0)
    latency_ratio: float | None = Field(default=2.0, gt=1)
    """Its p99 against that of the version it replaces."""
    prediction_psi: float | None = Field(default=0.2, gt=0)
    """Population stability index of its predictions against those of the version it replaces."""
    skew_rate: Share | None = 0.01
    """Feature values that differ from their offline recomputation."""
    guard: str | None = None
    """A query of one row and one column ``ok``: the business' own guard; ``:endpoint``, ``:version``, ``:since``."""


class Canary(ExactShape):
    """How a version that takes over an alias comes to its traffic."""

    steps: list[float] = Field(default_factory=lambda: [5.0, 25.0, 50.0])
    """Shares of the traffic in percent, ascending; 100 is what comes last by itself."""
    bake: Span = "10m"
    """How long each step lasts at least."""
    minimum_requests: int = Field(default=100, ge=1)
    """Answers of the canary that a step needs; with fewer it waits, and is never judged as good."""
    abort: AbortRules = Field(default_factory=AbortRules)
    automatic: bool = True
    """Whether the next step comes by itself; else somebody calls ``boathouse endpoint advance``."""
    roll_back_alias: bool = False
    """Whether an abort moves the alias back too."""

    @model_validator(mode="after")
    def _shares_ascend(self) -> "Canary":
        if any(not 0 < share < 100 for share in self.steps) or any(one >= two for one, two in pairwise(self.steps)):
            raise ValueError("steps are shares in percent, above 0, below 100, each larger than the one before.")
        return self


class Shadow(ExactShape):
    """Sees the traffic, answers nobody."""

    version: int | None = None
    alias: str | None = None
    percent: float = Field(default=100.0, gt=0, le=100)

    @model_validator(mode="after")
    def _exactly_one(self) -> "Shadow":
        if (self.version is None) == (self.alias is None):
            raise ValueError("exactly one of version and alias is needed.")
        return self


class Direction(StrEnum):
    INCREASE = "increase"
    DECREASE = "decrease"


class OnVerdict(StrEnum):
    """What a verdict does to the traffic."""

    KEEP = "keep"
    """Nothing: it is evidence, and an event; what follows somebody decides."""
    PROMOTE = "promote"
    """The winner gets all of it."""


class Experiment(ExactShape):
    """An A/B test between the entities of the routes: sticky, and decided by what happened later."""

    key: list[str] = Field(min_length=1)
    """Input columns that name who is treated; the same key always gets the same entity."""
    control: str
    """The entity that is there now; every other one with a share is a treatment."""
    outcomes: str
    """A table with the key's columns, the outcome, and when it was known."""
    outcome: str
    outcome_time: str
    better: Direction = Direction.INCREASE
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    minimum_effect: float = Field(default=0.0, ge=0)
    guards: dict[str, float] = Field(default_factory=dict[str, float])
    """Columns of ``outcomes`` and by how much each may get worse."""
    longest: Span = "28d"
    on_verdict: OnVerdict = OnVerdict.KEEP


class RungKind(StrEnum):
    """Who answers when the routed version cannot."""

    PREVIOUS = "previous"
    """The champion before this one."""
    BASELINE = "baseline"
    """A simple model that the same run has logged under the name ``baseline``."""
    VERSION = "version"
    RULES = "rules"
    """A registered SQL or Python function over the inputs."""
    CONSTANT = "constant"


class Rung(ExactShape):
    """One step of the ladder; the last that stands answers."""

    kind: RungKind
    version: int | None = None
    function: str | None = None
    """Of rules: its full name; its parameters are taken from the inputs and features by name."""
    value: Any = None
    """Of a constant."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Rung":
        if self.kind is RungKind.VERSION and self.version is None:
            raise ValueError("a rung of kind version needs version.")
        if self.kind is RungKind.RULES and not self.function:
            raise ValueError("a rung of kind rules needs function.")
        if self.kind is RungKind.CONSTANT and self.value is None:
            raise ValueError("a rung of kind constant needs value.")
        return self


class OnMissing(StrEnum):
    """What is done about a feature that is not there, or older than promised."""

    USE = "use"
    """The default of its lookup, or null; a stale value as it is."""
    FALL = "fall"
    """The next rung of the ladder answers."""
    REFUSE = "refuse"
    """The request fails with 424 and names the feature."""


class FeatureRules(ExactShape):
    """What is done when features fail."""

    missing: OnMissing = OnMissing.USE
    stale: OnMissing = OnMissing.USE
    stale_after: Span | None = None
    """By default the freshness that each feature table promises."""
    store_down: OnMissing = OnMissing.FALL


class Limits(ExactShape):
    """What one endpoint may take."""

    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1)
    rows: int = Field(default=100_000, ge=1)
    requests_per_second: float | None = Field(default=None, gt=0)
    """Of one principal."""
    concurrency: int = Field(default=64, ge=1)
    """Requests under way in one worker; more wait."""
    queue: int = Field(default=256, ge=0)
    """Requests that wait in one worker; more get 429."""
    deadline_ms: int = Field(default=30_000, ge=1)
    memory_mb: int | None = Field(default=None, ge=64)
    """Of a model in a process of its own; a quarter of the machine's memory where nothing is said."""
    stack_requests: bool = False
    """Whether a model with code of its own is given the rows of several requests at once: no answer of it to a row may
    depend on the others. Models of libraries of which that is known are given them anyhow."""


class OnFull(StrEnum):
    """What is done when the journal has reached its bound."""

    SAMPLE = "sample"
    """One answer in ten is kept."""
    DROP = "drop"
    REFUSE = "refuse"
    """Requests get 503: an answer that cannot be accounted for is not given."""


class CaptureRules(ExactShape):
    """What is kept of requests and answers."""

    sample: Annotated[float, Field(gt=0, le=1)] = 1.0
    sample_tags: dict[str, Share] = Field(default_factory=dict[str, Share])
    """By tag: the share of requests that is kept where a column with it comes in requests, features or answers. The
    smallest share holds; 0 keeps nothing."""
    mask_columns: list[str] = Field(default_factory=list[str])
    """Input columns of which only a keyed hash is kept."""
    mask_tags: list[str] = Field(default_factory=lambda: ["pii"])
    """Columns of the model's training and feature tables, and of the table of predictions, with one of these tags are
    masked too."""
    journal_mb: int = Field(default=1024, ge=1)
    """How far the journal of one worker may grow while it cannot be emptied."""
    on_full: OnFull = OnFull.SAMPLE
    longest_body: int = Field(default=1024 * 1024, ge=1)
    """A request or answer with more bytes is kept without its text, and says so."""


class EndpointPolicy(ExactShape):
    """One endpoint in ``boathouse.yml``."""

    canary: Canary | None = None
    shadow: Shadow | None = None
    experiment: Experiment | None = None
    fallback: list[Rung] = Field(default_factory=list[Rung])
    features: FeatureRules = Field(default_factory=FeatureRules)
    limits: Limits = Field(default_factory=Limits)
    capture: CaptureRules = Field(default_factory=CaptureRules)
