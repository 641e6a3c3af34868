"""Cases made by hand: rows and answers without tables and models behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.case import Answers, Case, EvaluationRows
from boathouse.models.evaluation.running import run_gate
from boathouse.models.evidence import Judgement, Measurement, Rule, Slice, Verdict, judge_all
from boathouse.models.gates.contract import Gate, GateSettings
from boathouse.models.gates.policy import EnabledGate
from boathouse.models.requirements import Requirements

Array = np.ndarray[Any, Any]
ROWS = 5000


def needs(**more: Any) -> Requirements:
    """Requirements for late flights."""
    return Requirements.model_validate(
        {
            "objective": "Late flights are known in advance.",
            "decision": "Crew is planned by it.",
            "owner": "ops",
            "success": {"metric": "missed connections", "proxy": "log_loss"},
            "evaluation": {"table": "dev.shop.judged", "label": "is_late"},
            **more,
        }
    )


@dataclass(frozen=True)
class Made:
    """A scorer over a function of the frame."""

    inputs: tuple[str, ...]
    answer: Callable[[pl.DataFrame], Array]

    def __call__(self, frame: pl.DataFrame) -> Array:
        return self.answer(frame)


def chance(frame: pl.DataFrame) -> Array:
    """How likely a row is late, in truth."""
    return 1 / (1 + np.exp(-(frame["x"].to_numpy() * 1.5 + (frame["carrier"] == "AA").to_numpy() - 1)))


def frame_of(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": random.normal(0, 1, rows),
            "unused": random.integers(0, 10, rows),
            "carrier": np.array(["AA", "UA", "OO"])[random.choice(3, rows, p=[0.6, 0.39, 0.01])],
        }
    )


def case_of(
    requirements: Requirements | None = None,
    *,
    answer: Callable[[pl.DataFrame], Array] = chance,
    champion: Callable[[pl.DataFrame], Array] | None = None,
    slices: Mapping[Slice, Array] | None = None,
    rows: int = ROWS,
    seed: int = 0,
    **fields: Any,
) -> Case:
    """A case of a binary problem whose outcome follows :func:`chance`."""
    frame = frame_of(rows, seed)
    label = (np.random.default_rng(seed + 1).random(rows) < chance(frame)).astype(float)
    made = Case(
        ModelName.parse("dev.shop.late"),
        3,
        requirements or needs(),
        rows=EvaluationRows("dev.shop.judged", 0, frame, label, slices=dict(slices or {})),
        candidate=Answers("candidate", answer(frame)),
        champion=None if champion is None else Answers("version 2", champion(frame)),
        naive=Answers("naive", np.full(rows, label.mean() if rows else 0.5)),
        scorer=Made(("x", "unused", "carrier"), answer),
    )
    return replace(made, **fields)


def enabled(gate: Gate, requirements: Requirements, **settings: Any) -> EnabledGate:
    """A gate with settings, as a policy has it."""
    read: GateSettings = gate.settings.model_validate(settings)
    return EnabledGate(gate, read, tuple(gate.rules(requirements, read)), is_from_tier=False)


def judged(case: Case, gate: Gate, **settings: Any) -> list[tuple[Rule, Measurement, Judgement]]:
    """What a gate finds and how it is judged, as on the way to evidence."""
    asked = enabled(gate, case.requirements, **settings)
    return list(judge_all(run_gate(case, asked), asked.rules))


def verdicts(case: Case, gate: Gate, **settings: Any) -> dict[str, Verdict]:
    """The verdict of each metric, or of each slice of it; the worst of several."""
    order = [Verdict.PASSED, Verdict.INCONCLUSIVE, Verdict.FAILED]
    found: dict[str, Verdict] = {}
    for rule, measurement, judgement in judged(case, gate, **settings):
        name = rule.metric if measurement.slice is None else f"{rule.metric} of {measurement.slice}"
        found[name] = max(found.get(name, Verdict.PASSED), judgement.verdict, key=order.index)
    return found


def reasons(case: Case, gate: Gate, **settings: Any) -> str:
    """All reasons, one per line."""
    return "\n".join(judgement.reason for _, _, judgement in judged(case, gate, **settings))


def shuffled(frame: pl.DataFrame) -> Array:
    """Answers that have nothing to do with their rows."""
    return np.random.default_rng(9).permutation(chance(frame))


def blunt(frame: pl.DataFrame) -> Array:
    """Worse answers of the same kind."""
    return 1 / (1 + np.exp(-(frame["x"].to_numpy() * 0.7 - 0.4)))
