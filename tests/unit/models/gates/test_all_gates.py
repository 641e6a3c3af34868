"""What holds for every gate: nothing measured, nothing passed."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.models.evaluation.case import Answers, Case
from boathouse.models.evaluation.running import run_gate
from boathouse.models.evidence import Verdict, judge_all
from boathouse.models.evidence.nouns import MEASURED_WITH
from boathouse.models.evidence.wire import measurement_json
from boathouse.models.gates.catalogue import GATES
from boathouse.models.gates.policy import EnabledGate, policy_of
from boathouse.models.requirements import Requirements

EVERYTHING: dict[str, Any] = {
    "risk_tier": "high",
    "slices": ["carrier"],
    "cost_matrix": {"true_positive": 20, "false_positive": -10, "false_negative": -30},
    "gates": {"fairness": {"attributes": ["carrier"]}},
    "constraints": {"latency_p99_ms": 100, "memory_mb": 2000, "throughput_per_second": 1},
}
NAMES = [gate.name for gate in GATES]


def asked(requirements: Requirements, name: str) -> EnabledGate:
    found = policy_of(requirements).gate(name)
    assert found is not None, f"the tier high brings no {name}"
    return found


def verdicts(case: Case, enabled: EnabledGate) -> dict[str, set[Verdict]]:
    found: dict[str, set[Verdict]] = {}
    for rule, _, said in judge_all(run_gate(case, enabled), enabled.rules):
        assert said.blocks == (said.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE))
        found.setdefault(rule.metric, set()).add(said.verdict)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_of_nothing_no_gate_says_that_it_is_good(
    name: str, case: Callable[..., Case], requirements: Callable[..., Requirements]
) -> None:
    if name == "documentation":
        return  # it looks at the requirements themselves
    needs = requirements(**EVERYTHING)
    found = verdicts(case(requirements=needs), asked(needs, name))
    assert found, "a gate without rules judges nothing"
    assert {each for said in found.values() for each in said} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("name", NAMES)
def test_no_rows_and_answers_that_are_no_numbers_pass_no_gate_that_looks_at_rows(
    name: str, case: Callable[..., Case], requirements: Callable[..., Requirements]
) -> None:
    needs = requirements(**EVERYTHING)
    enabled = asked(needs, name)
    if "rows" not in enabled.gate.needs:
        return
    schema = {"late": pl.Int64, "temp": pl.Float64, "carrier": pl.String}
    empty = case(
        requirements=needs, rows=pl.DataFrame(schema=schema), training=pl.DataFrame(schema=schema), inputs=["temp"],
        candidate=Answers("candidate", np.empty(0)), naive=Answers("naive", np.empty(0)),
    )  # fmt: skip
    broken = case(
        requirements=needs,
        rows=pl.DataFrame({"late": [0, 1] * 200, "temp": [math.nan] * 400, "carrier": ["AA"] * 400}),
        training=pl.DataFrame(schema=schema), inputs=["temp"], candidate=Answers("candidate", np.full(400, np.nan)),
        naive=Answers("naive", np.full(400, np.nan)),
    )  # fmt: skip
    for there in (empty, broken):
        said = verdicts(there, enabled)
        assert any(each & {Verdict.INCONCLUSIVE, Verdict.FAILED} for each in said.values()), said


@pytest.mark.parametrize("name", NAMES)
def test_what_a_gate_measures_is_json(
    name: str, case: Callable[..., Case], requirements: Callable[..., Requirements]
) -> None:
    needs = requirements(**EVERYTHING)
    dice = np.random.default_rng(0)
    late = dice.integers(0, 2, 400)
    rows = pl.DataFrame({"late": late, "temp": dice.normal(size=400) + late, "carrier": dice.choice(["AA", "UA"], 400)})
    there = case(
        requirements=needs, rows=rows, training=rows, inputs=["temp"], metrics={"loss": np.linspace(1, 0.5, 20)},
        candidate=Answers("candidate", np.clip(0.5 + 0.2 * rows["temp"].to_numpy(), 0.05, 0.95)),
        naive=Answers("naive", np.full(400, late.mean())),
    )  # fmt: skip
    found = run_gate(there, asked(needs, name))
    assert found
    assert {each.gate for each in found} == {name}
    assert all(measurement_json(each)["metric"] for each in found)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_gate_finds_says_with_what_settings_it_looked(
    name: str, case: Callable[..., Case], requirements: Callable[..., Requirements]
) -> None:
    needs = requirements(**EVERYTHING)
    enabled = asked(needs, name)
    shape = enabled.gate.shaped_by(needs, enabled.settings)
    assert shape
    assert set(shape) <= set(type(enabled.settings).model_fields)

    late = np.array([0, 1] * 200)
    rows = pl.DataFrame({"late": late, "temp": np.linspace(0, 1, 400), "carrier": ["AA", "UA"] * 200})
    there = case(
        requirements=needs, rows=rows, training=rows, inputs=["temp"], candidate=Answers("c", late * 0.8 + 0.1)
    )
    measured = [each for each in run_gate(there, enabled) if each.problem is None]
    told = {each.metric: each.details.get(MEASURED_WITH) for each in reversed(measured)}
    assert all(said == shape for said in told.values())
