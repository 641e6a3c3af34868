"""What every gate is: settings of its own, a way to measure, and rules over what it measures.

Measuring and judging are apart, so that old measurements can be judged by other rules.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from boathouse.foundation.shapes import ExactShape
from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.requirements.requirements import Requirements


class GateSettings(ExactShape):
    """What all gates can be told in ``boathouse.yml``."""

    enabled: bool = True
    """A gate that the tier brings is turned off only with a reason."""
    reason: str | None = None
    """Why it is off, or why what is inconclusive does not block."""
    inconclusive_blocks: bool = True


Shaped = Callable[[Requirements, Any], Mapping[str, Any]]
"""Setting to value: what a measurement depends on besides rows and model. Bounds are not among them."""


def by_settings(*names: str) -> Shaped:
    """Measurements that depend on these settings."""
    return lambda _, settings: {name: getattr(settings, name) for name in names}


_ALWAYS_ALIKE = by_settings()


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate. ``measure`` yields what it finds, or measurements with a ``problem``; it may raise, which counts as
    inconclusive for all its rules and is written down with the error."""

    name: str
    """As in ``boathouse.yml`` and in evidence: ``calibration``."""
    question: str
    """What it answers, in a sentence for the card: ``Are probabilities what they say?``"""
    settings: type[GateSettings]
    measure: Callable[[Case, Any], Iterable[Measurement]]
    rules: Callable[[Requirements, Any], Sequence[Rule]]
    """Pure: from requirements and settings to rules, without looking at any data."""
    needs: tuple[str, ...] = ("rows", "candidate")
    """Fields of the case without which nothing can be measured."""
    shaped_by: Shaped = _ALWAYS_ALIKE
    """Pure: the settings that shape what it measures. Evidence keeps them, and answers no policy with others."""
    begin: Callable[[Case, Any], AbstractContextManager[Callable[[], Iterable[Measurement]]]] | None = None
    """Of a gate that has to wait before it can measure: entered before the first gate measures, left after the last.
    What it gives then measures instead of ``measure``, in the gate's turn."""
