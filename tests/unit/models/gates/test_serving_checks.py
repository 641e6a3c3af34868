"""What a serving check comes to as evidence."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from boathouse.models.evidence import Verdict, judge_all
from boathouse.models.gates.serving_checks import GATE, Settings, _payload, measurements, rules
from boathouse.models.requirements import Requirements
from boathouse.models.serving_check import BadPayload, Latency, ServingCheck

GOOD = ServingCheck(
    environment="platform", loaded=True, load_seconds=2.0, has_signature=True, payload="input example",
    answered_rows=3, latency=Latency(500, 1.0, 4.0, 1.2), peak_memory_mb=300.0,
    bad_payloads=(BadPayload("column temp is missing", True, True, "Model is missing inputs ['temp']."),),
)  # fmt: skip


def verdicts(found: ServingCheck, requirements: Requirements, **settings: Any) -> dict[str, Verdict]:
    asked = rules(requirements, Settings(**settings))
    return {rule.metric: said.verdict for rule, _, said in judge_all(list(measurements(found)), asked)}


def changed(**more: Any) -> ServingCheck:
    from dataclasses import replace

    return replace(GOOD, **more)


def test_a_good_check_passes(requirements: Callable[..., Requirements]) -> None:
    limits = requirements(constraints={"latency_p99_ms": 5, "memory_mb": 500, "throughput_per_second": 100})
    assert set(verdicts(GOOD, limits).values()) == {Verdict.PASSED}
    assert len(verdicts(GOOD, limits)) == 7


def test_limits_come_from_the_constraints_unless_the_gate_has_its_own(
    requirements: Callable[..., Requirements],
) -> None:
    limits = requirements(constraints={"latency_p99_ms": 3, "memory_mb": 200, "throughput_per_second": 1e6})
    found = verdicts(GOOD, limits)
    assert [found[name] for name in ("latency_p99_ms", "peak_memory_mb", "requests_per_second")] == [Verdict.FAILED] * 3
    assert verdicts(GOOD, limits, latency_p99_ms=5.0)["latency_p99_ms"] is Verdict.PASSED


def test_few_requests_say_nothing_of_the_slowest(requirements: Callable[..., Requirements]) -> None:
    few = changed(latency=Latency(20, 1.0, 2.0, 1.2))
    assert verdicts(few, requirements(), latency_p99_ms=5.0)["latency_p99_ms"] is Verdict.INCONCLUSIVE


def test_what_does_not_load_fails_and_leaves_the_rest_open(requirements: Callable[..., Requirements]) -> None:
    found = ServingCheck(problems=("it does not load: no",), environment="platform")
    said = verdicts(found, requirements())
    assert said["loads"] is Verdict.FAILED and said["answered_rows"] is Verdict.INCONCLUSIVE


def test_a_missing_environment_measures_nothing(requirements: Callable[..., Requirements]) -> None:
    found = ServingCheck(problems=("no environment satisfies the model's requirements: x",))
    assert set(verdicts(found, requirements()).values()) == {Verdict.INCONCLUSIVE}


def test_an_unclear_error_or_an_answer_to_nonsense_fails(requirements: Callable[..., Requirements]) -> None:
    for each in (BadPayload("a", True, False, "oops"), BadPayload("a", False, False, "answered 1")):
        assert verdicts(changed(bad_payloads=(each,)), requirements())["unclear_bad_payloads"] is Verdict.FAILED


def test_without_files_nothing_is_measured(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(missing={"folder": "version 3 does not load"}))
    assert {said.verdict for _, said in found.values()} == {Verdict.INCONCLUSIVE}


def test_rows_to_ask_are_whole_ones_as_models_take_them(case: Callable[..., Any], tmp_path: Path) -> None:
    at = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in range(4)]
    rows = pl.DataFrame({"late": [0, 1, 0, 1], "seats": [1, None, 3, 4], "at": at, "carrier": list("abcd")})
    file = _payload(case(rows=rows, inputs=["seats", "at", "carrier"]), tmp_path)
    assert file is not None
    found = pd.read_parquet(file)
    assert found["seats"].tolist() == [1, 3, 4] and found["seats"].dtype.kind == "i"
    assert found["at"].dt.tz is None and list(found.columns) == ["seats", "at", "carrier"]
    assert _payload(case(rows=rows), tmp_path) is None


def test_an_empty_folder_blocks(case: Callable[..., Any], judged: Callable[..., Any], folder: Path) -> None:
    found = judged(GATE, case(folder=folder))
    assert {said.verdict for _, said in found.values()} == {Verdict.INCONCLUSIVE}
    assert "no MLmodel file" in found["loads"][1].reason
