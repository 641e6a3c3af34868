"""Expectations in Python: functions that give them, which decorate what gives the rows.

A row fulfils an expectation when its condition is true; a condition that is null is not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import InvalidInput

KEEP, DROP, FAIL = OnViolation.KEEP, OnViolation.QUARANTINE, OnViolation.REFUSE


@dataclass(frozen=True, slots=True)
class Expected:
    """What gives rows, with what is expected of them."""

    source: Callable[[], Any]
    expectations: "Expectations"

    def __call__(self) -> Any:
        """What the function gives: rows, the text of a query, or the name of a table."""
        return self.source()


@dataclass(frozen=True, slots=True)
class Expectations:
    """Some expectations, in order. They add up, and decorate a function.

    Raises:
        InvalidInput: Two have one name, or one has none.
    """

    rules: tuple[RowRule, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for each in self.rules:
            if not each.name.strip() or not each.condition.strip():
                raise InvalidInput("An expectation needs a name and a condition.")
            if each.name in seen:
                raise InvalidInput(f"Two expectations are called {each.name}.", hint="Give each a name of its own.")
            seen.add(each.name)

    def __call__(self, function: "Callable[[], Any] | Expected") -> Expected:
        if isinstance(function, Expected):
            return Expected(function.source, self + function.expectations)
        return Expected(function, self)

    def __add__(self, other: "Expectations") -> "Expectations":
        return Expectations((*self.rules, *other.rules))

    def __iter__(self) -> Iterator[RowRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)


def expect(name: str, condition: str) -> Expectations:
    """Rows that break it are written, and counted.

    Example:
        >>> @expect("known origin", "origin IN ('EWR', 'JFK', 'LGA')")
        ... @expect_or_drop("positive distance", "distance > 0")
        ... def flights():
        ...     return "SELECT * FROM dev.flights.raw"
    """
    return Expectations((RowRule(name, condition, KEEP),))


def expect_or_drop(name: str, condition: str) -> Expectations:
    """Rows that break it are not written; they are counted, and go to the quarantine table."""
    return Expectations((RowRule(name, condition, DROP),))


def expect_or_fail(name: str, condition: str) -> Expectations:
    """Where a row breaks it, nothing is written."""
    return Expectations((RowRule(name, condition, FAIL),))


def expect_all(conditions: Mapping[str, str]) -> Expectations:
    """As :func:`expect`, several: conditions by name."""
    return _all(conditions, KEEP)


def expect_all_or_drop(conditions: Mapping[str, str]) -> Expectations:
    """As :func:`expect_or_drop`, several."""
    return _all(conditions, DROP)


def expect_all_or_fail(conditions: Mapping[str, str]) -> Expectations:
    """As :func:`expect_or_fail`, several."""
    return _all(conditions, FAIL)


def _all(conditions: Mapping[str, str], action: OnViolation) -> Expectations:
    return Expectations(tuple(RowRule(name, condition, action) for name, condition in conditions.items()))
