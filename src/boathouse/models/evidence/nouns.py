"""What is measured, by which rule it is judged, and what is kept of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a rule says of a measurement."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """Nothing was measured, or too little. It blocks, unless the policy says otherwise by name."""
    WAIVED = "waived"
    """Somebody who may has taken the responsibility, with a reason and an end."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the evaluation rows: a value of a column, or ``true`` of a predicate."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


MEASURED_WITH = "measured_with"
"""In the details of a measurement: the settings of its gate that shaped it, by name."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number that a gate has found, or the reason why there is none."""

    gate: str
    metric: str
    value: float | None
    """None: nothing could be measured, and ``problem`` says why."""
    rows: int
    """How many rows the value stands on."""
    slice: Slice | None = None
    """None: all rows."""
    interval: tuple[float, float] | None = None
    """The confidence interval of the value, 95 % unless ``details`` say otherwise."""
    baseline: str | None = None
    """What the value compares with: ``version 2``, ``naive``, ``table version 7``."""
    problem: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """JSON for the model card: curves, tables, names. Small; never rows of data. ``which`` names what is meant by a
    count, and is said with a verdict that it did not pass."""


class End(StrEnum):
    """What of a measurement a rule looks at."""

    VALUE = "value"
    LOWER = "lower"
    """The lower end of the interval."""
    UPPER = "upper"


class Scope(StrEnum):
    """Which measurements of its metric a rule judges."""

    ALL_ROWS = "all_rows"
    EACH_SLICE = "each_slice"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a metric of a gate has to be. It can be asked again, of old measurements, with other thresholds."""

    gate: str
    metric: str
    minimum: float | None = None
    maximum: float | None = None
    is_strict: bool = False
    """Whether a bound itself is not enough."""
    judged_by: End = End.VALUE
    minimum_rows: int = 1
    scope: Scope = Scope.ALL_ROWS
    inconclusive_blocks: bool = True
    """False only where the policy names it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule says of a measurement, in one sentence."""

    verdict: Verdict
    reason: str
    threshold: float | None = None
    """The bound that decided."""
    blocks: bool = False
    """Whether this alone keeps the version from production."""


class EvaluationKind(StrEnum):
    """How much of a version was looked at."""

    GATES = "gates"
    """Every gate of its policy; decisions rest on the latest of these."""
    NOTE = "note"
    """Something that another room has found: a certificate, a serving check before a rollback."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the measurements of one evaluation have in common."""

    evaluation_id: str
    model: str
    version: int
    data_table: str | None = None
    """The table of evaluation rows, and its version."""
    data_version: int | None = None
    champion: int | None = None
    """The version that was champion when it was made."""
    code_hash: str | None = None
    """SHA-256 over the code of the gates that measured."""
    run_id: int | None = None
    """The run of the deployment job."""
    kind: EvaluationKind = EvaluationKind.GATES
    requirements_revision: int | None = None
    """Of the requirements that the server judged by; None: no rules were deployed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row of ``system.models.evidence``. It is never changed; it may be taken out of use."""

    evidence_id: int
    evaluation: Evaluation
    measurement: Measurement
    rule: Rule | None
    """As it was when the evidence was written; None: recorded, and judged by nothing."""
    judgement: Judgement
    principal: str
    recorded_at: int
    """Milliseconds since 1970-01-01 UTC."""
