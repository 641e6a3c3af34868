"""Small cases for gates: what a version has to meet, and what there is to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.case import Case, EvaluationRows, RunFacts
from boathouse.models.evidence import Judgement, Measurement, judge_all
from boathouse.models.gates.contract import Gate
from boathouse.models.requirements import Requirements

Looked = dict[str, tuple[Measurement, Judgement]]


def requirements_of(**more: Any) -> Requirements:
    said: dict[str, Any] = {
        "objective": "Tell travellers early which flights will be late.",
        "decision": "The desk rebooks connections by hand.",
        "owner": "desk@flights.dev",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": "dev.flights.rows", "label": "late", "minimum_rows": 50},
    }
    evaluation = said["evaluation"] | more.pop("evaluation", {})
    return Requirements.model_validate(said | more | {"evaluation": evaluation})


def rows_of(frame: pl.DataFrame, label: str = "late", unlabelled: int = 0) -> EvaluationRows:
    values = frame[label].cast(pl.Float64).to_numpy()
    return EvaluationRows("dev.flights.rows", 3, frame, values, unlabelled=unlabelled)


class TakesColumns:
    """A scorer that says what it takes, and answers one half."""

    def __init__(self, *inputs: str) -> None:
        self.inputs = inputs

    def __call__(self, frame: pl.DataFrame) -> np.ndarray:
        return np.full(frame.height, 0.5)


@pytest.fixture
def requirements() -> Callable[..., Requirements]:
    return requirements_of


@pytest.fixture
def case() -> Callable[..., Case]:
    """A case; ``rows`` may be a frame, ``inputs`` are what its scorer takes, ``metrics`` the curves of its run."""

    def make(**parts: Any) -> Case:
        if isinstance(parts.get("rows"), pl.DataFrame):
            parts["rows"] = rows_of(parts["rows"], unlabelled=parts.pop("unlabelled", 0))
        if inputs := parts.pop("inputs", None):
            parts["scorer"] = TakesColumns(*inputs)
        if (metrics := parts.pop("metrics", None)) is not None:
            history = {name: list(enumerate(values)) for name, values in metrics.items()}
            parts["run"] = RunFacts("r1", parts.pop("parameters", {}), history, {})
        parts.setdefault("requirements", requirements_of())
        return Case(ModelName.parse("dev.flights.late"), 3, **parts)

    return make


@pytest.fixture
def judged() -> Callable[..., Looked]:
    """What a gate's rules say of a case, by metric; the last one where a metric has several."""

    def look(gate: Gate, case: Case, **settings: Any) -> Looked:
        chosen = gate.settings.model_validate(settings)
        found = list(gate.measure(case, chosen))
        rules = gate.rules(case.requirements, chosen)
        return {rule.metric: (measured, said) for rule, measured, said in judge_all(found, rules)}

    return look


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    return place
