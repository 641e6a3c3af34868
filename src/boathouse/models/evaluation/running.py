"""Asking every gate of a policy about a case. Whatever a gate does, each of its rules gets something to judge."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import MEASURED_WITH, Measurement, Rule, Scope, Slice
from boathouse.models.requirements.requirements import Requirements

_logger = logging.getLogger(__name__)


Measure = Callable[[], Iterable[Measurement]]


class AGate(Protocol):
    """What of a gate matters here."""

    @property
    def name(self) -> str: ...
    @property
    def measure(self) -> Callable[[Case, Any], Iterable[Measurement]]: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def shaped_by(self) -> Callable[[Requirements, Any], Mapping[str, Any]]: ...
    @property
    def begin(self) -> Callable[[Case, Any], AbstractContextManager[Measure]] | None: ...


class AnEnabledGate(Protocol):
    """A gate with its settings and rules, as a policy has it."""

    @property
    def gate(self) -> AGate: ...
    @property
    def settings(self) -> Any: ...
    @property
    def rules(self) -> Sequence[Rule]: ...


def run_gates(case: Case, gates: Iterable[AnEnabledGate]) -> list[Measurement]:
    """What all gates find, in their order. None stops the others; those that have to wait first do so meanwhile."""
    with ExitStack() as begun:
        turns = [(each, _begin(case, each, begun)) for each in gates]
        return [measurement for each, measure in turns for measurement in _run(case, each, measure)]


def run_gate(case: Case, enabled: AnEnabledGate) -> list[Measurement]:
    """What one gate finds. What it needs and cannot have, and any error, become a problem of each of its rules."""
    return run_gates(case, [enabled])


def _begin(case: Case, enabled: AnEnabledGate, begun: ExitStack) -> Measure:
    gate, settings = enabled.gate, enabled.settings
    if gate.begin is None or any(_lacking(case, gate.needs)):
        return lambda: gate.measure(case, settings)
    try:
        begins = gate.begin(case, settings)
        measure = begins.__enter__()
    except Exception as error:
        _logger.exception("The gate %s could not begin.", gate.name)
        problem = error

        def fail() -> Iterable[Measurement]:
            raise problem

        return fail
    begun.callback(_leave, gate.name, begins)
    return measure


def _leave(name: str, begun: AbstractContextManager[Measure]) -> None:
    """Clean up; what cannot be is no reason to lose what was measured."""
    try:
        begun.__exit__(None, None, None)
    except Exception:
        _logger.exception("What the gate %s had begun could not be cleaned up.", name)


def _run(case: Case, enabled: AnEnabledGate, measure: Measure) -> list[Measurement]:
    gate = enabled.gate
    if lacking := list(_lacking(case, gate.needs)):
        return _problems(enabled, "; ".join(lacking))
    started = time.perf_counter()
    found: list[Measurement] = []
    shape = dict(gate.shaped_by(case.requirements, enabled.settings))
    told: set[str] = set()
    try:
        for measurement in measure():
            if shape and measurement.metric not in told:  # once per metric: there may be thousands of slices
                measurement = replace(measurement, details={**measurement.details, MEASURED_WITH: shape})
                told.add(measurement.metric)
            found.append(measurement)  # one by one: what came before an error is kept
    except Exception as error:
        _logger.exception("The gate %s failed.", gate.name)
        return [*found, *_problems(enabled, f"{type(error).__name__}: {error}")]
    _logger.info("The gate %s took %.1f s.", gate.name, time.perf_counter() - started)
    return found


@cache
def code_hash() -> str:
    """SHA-256 over the code that measures: gates, evaluation, the serving check and the checks of data."""
    package = Path(__file__).parent.parent.parent
    digest = hashlib.sha256()
    for room in ("models/evaluation", "models/gates", "models/serving_check", "models/serving_process", "quality"):
        for file in sorted((package / room).rglob("*.py")):
            digest.update(f"{file.relative_to(package)}\0".encode())
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def _lacking(case: Case, needs: Sequence[str]) -> Iterator[str]:
    """What a gate needs and cannot have, and why; what is missing only because there are no rows is not told again."""
    reasons = {name: case.missing.get(name, "there is none") for name in needs if getattr(case, name) is None}
    rows = reasons.get("rows")
    for name, reason in reasons.items():
        if name == "rows" or rows is None or not reason.endswith(rows):
            yield f"{name}: {reason}"


def _problems(enabled: AnEnabledGate, problem: str) -> list[Measurement]:
    """A measurement of nothing for everything that a rule judges; one for the gate when it has no rules."""
    name = enabled.gate.name
    judged = dict.fromkeys((rule.metric, slice_) for rule in enabled.rules for slice_ in _SCOPES[rule.scope])
    return [
        Measurement(name, metric, None, 0, slice_, problem=problem) for metric, slice_ in judged or {(name, None): None}
    ]


_ANY = Slice("slice", "any")
_SCOPES: dict[Scope, tuple[Slice | None, ...]] = {
    Scope.ALL_ROWS: (None,),
    Scope.EACH_SLICE: (_ANY,),
    Scope.BOTH: (None, _ANY),
}
