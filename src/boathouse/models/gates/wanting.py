"""What requirements have to say for a gate to have something to look at.

Without it the gate would be inconclusive each time; that is better said before anything has been trained.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from boathouse.foundation.shapes import Problem as Wrong
from boathouse.foundation.yaml_source import KeyPath
from boathouse.models.gates.contract import GateSettings
from boathouse.models.requirements.requirements import Problem, Requirements


@dataclass(frozen=True, slots=True)
class Want:
    """One thing that a gate cannot do without."""

    gate: str
    path: KeyPath
    is_met: Callable[[Requirements, GateSettings], bool]
    message: str


def _names_attributes(said: Requirements, settings: GateSettings) -> bool:
    """Of another problem than two classes no column would do, and that is said by itself."""
    return said.problem is not Problem.BINARY or bool(getattr(settings, "attributes", ()))


_WANTS = (
    Want("slices", ("slices",), lambda said, _: bool(said.slices), "no slice is declared"),
    Want("fairness", ("gates", "fairness", "attributes"), _names_attributes, "no column is named"),
    Want(
        "fairness",
        ("gates", "fairness"),
        lambda said, _: said.problem is Problem.BINARY,
        "fairness is measured of decisions between two classes",
    ),
    Want("business_value", ("cost_matrix",), lambda said, _: said.cost_matrix is not None, "there is no cost matrix"),
)


def wanting(requirements: Requirements, gate: str, settings: GateSettings) -> Iterator[Wrong]:
    """What is missing for a gate that is asked."""
    for want in _WANTS:
        if want.gate == gate and not want.is_met(requirements, settings):
            hint = f"Say it, or turn the gate off: gates: {{{gate}: {{enabled: false, reason: ...}}}}."
            yield Wrong(want.path, f"{want.message}, so the gate {gate} would have nothing to look at.", hint)
