"""A contract, as far as Boathouse acts on it: what one table is to hold, how good and how fresh it is, who answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.yaml_source import Position


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """A column that is promised."""

    name: str
    logical_type: str | None = None
    physical_type: str | None = None
    required: bool = False
    unique: bool = False
    is_key: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of its values: ``minimum``, ``maxLength``, ``pattern``, ..."""
    enum: tuple[Any, ...] = ()
    description: str | None = None
    classification: str | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a figure has to be."""

    operator: str
    """As the standard spells it: ``mustBeLessThan``."""
    value: Any
    is_percent: bool = False

    def holds(self, figure: Any) -> bool:
        """Whether a figure is what it has to be; none is not."""
        if figure is None:
            return False
        return _HOLDS[self.operator](figure, self.value)

    def __str__(self) -> str:
        value = self.value
        shown = f"between {value[0]} and {value[1]}" if isinstance(value, list | tuple) else str(value)
        return f"{_WORDS[self.operator]} {shown}{' %' if self.is_percent else ''}"


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "mustBe": lambda figure, value: figure == value,
    "mustNotBe": lambda figure, value: figure != value,
    "mustBeGreaterThan": lambda figure, value: figure > value,
    "mustBeGreaterOrEqualTo": lambda figure, value: figure >= value,
    "mustBeLessThan": lambda figure, value: figure < value,
    "mustBeLessOrEqualTo": lambda figure, value: figure <= value,
    "mustBeBetween": lambda figure, value: value[0] <= figure <= value[1],
    "mustNotBeBetween": lambda figure, value: not value[0] <= figure <= value[1],
}
_WORDS = {
    "mustBe": "must be",
    "mustNotBe": "must not be",
    "mustBeGreaterThan": "must be above",
    "mustBeGreaterOrEqualTo": "must be at least",
    "mustBeLessThan": "must be below",
    "mustBeLessOrEqualTo": "must be at most",
    "mustBeBetween": "must be",
    "mustNotBeBetween": "must not be",
}
OPERATORS = tuple(_HOLDS)
NONE = Threshold("mustBe", 0)


class Kind(StrEnum):
    """What a term is about."""

    SCHEMA = "schema"
    ROWS = "rows"
    MEASURE = "measure"
    QUERY = "query"
    FRESHNESS = "freshness"
    RETENTION = "retention"
    COMPARED = "compared"


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that the contract promises of the data."""

    name: str
    kind: Kind
    threshold: Threshold
    sql: str
    """Of rows: the condition of a good row. Of a measure: an aggregate. Of a query: all of it."""
    column: str | None = None
    severity: str = "error"
    on_violation: OnViolation = OnViolation.QUARANTINE
    description: str | None = None

    @property
    def row_rule(self) -> RowRule | None:
        """The term as a rule for each row that is written; None where rows alone do not tell."""
        if self.kind is not Kind.ROWS or not _allows_none(self.threshold):
            return None
        return RowRule(self.name, self.sql, self.on_violation)


@dataclass(frozen=True, slots=True)
class Sla:
    """A promise about time."""

    kind: Kind
    seconds: float
    column: str | None = None
    """Whose latest (or earliest) value counts; None: the table's last commit."""
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a contract says of one table."""

    id: str
    version: str
    status: str
    object_name: str
    name: str | None = None
    owner: str | None = None
    description: str | None = None
    columns: tuple[ContractColumn, ...] = ()
    terms: tuple[Term, ...] = ()
    slas: tuple[Sla, ...] = ()
    ignored: tuple[str, ...] = ()
    """Fields that nothing comes of."""
    positions: Mapping[str, Position] = field(default_factory=dict[str, Position], compare=False)

    @property
    def row_rules(self) -> tuple[RowRule, ...]:
        """What can be held at each write."""
        return tuple(rule for each in self.terms if (rule := each.row_rule) is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one term came to."""

    rule: str
    kind: Kind
    is_good: bool
    message: str
    column: str | None = None
    severity: str = "error"
    value: float | None = None
    is_breach: bool = True
    """Whether the contract is broken if it is not good; false for what is only worth knowing."""

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "kind": self.kind.value,
            "column": self.column,
            "severity": self.severity,
            "is_good": self.is_good,
            "is_breach": self.is_breach and not self.is_good,
            "value": self.value,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of a table against its contract came to."""

    table: str
    contract: str
    contract_version: str
    table_version: int | None
    rows: int | None
    at: int
    """Milliseconds since 1970-01-01 UTC."""
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if not each.is_good and each.is_breach)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if not each.is_good and not each.is_breach)

    def to_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "contract": self.contract,
            "contract_version": self.contract_version,
            "table_version": self.table_version,
            "rows": self.rows,
            "at": self.at,
            "is_broken": bool(self.broken),
            "findings": [each.to_json() for each in self.findings],
        }


ACTIONS: dict[str, OnViolation] = {
    **dict.fromkeys(("info", "low", "warn", "warning", "medium", "minor"), OnViolation.KEEP),
    **dict.fromkeys(("error", "high", "major"), OnViolation.QUARANTINE),
    **dict.fromkeys(("critical", "fatal", "blocker", "highest"), OnViolation.REFUSE),
}
"""What a severity asks for, where the contract does not say it itself (custom property ``onViolation``)."""


def is_breach(severity: str) -> bool:
    """Whether a contract is broken when something of this severity does not hold."""
    return ACTIONS.get(severity.lower(), OnViolation.QUARANTINE) is not OnViolation.KEEP


def _allows_none(threshold: Threshold) -> bool:
    """Whether not a single row may break it."""
    return threshold.holds(0) and not threshold.holds(1e-6 if threshold.is_percent else 1)


def by_name(columns: Sequence[ContractColumn]) -> dict[str, ContractColumn]:
    return {each.name.lower(): each for each in columns}
