"""What requirements can say, and what is refused with its place."""

from typing import Any

import pytest
from tests.unit.models.ground import requirements

from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.foundation.spans import NoSpan, parse_span
from boathouse.models.requirements import Requirements

EVALUATION = {"table": "dev.flights.judged", "label": "late"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"objectiv": "x"}, "objectiv: unknown field 'objectiv'. Did you mean objective?"),
        ({"risk_tier": "extreme"}, "risk_tier: Input should be 'low', 'medium' or 'high'"),
        ({"evaluation": {**EVALUATION, "table": "judged"}}, "evaluation.table: 'judged' is not a valid table name"),
        ({"evaluation": {**EVALUATION, "minimum_rows": 0}}, "evaluation.minimum_rows: "),
        ({"slices": [{}]}, "slices[0]: exactly one of column and predicate is needed."),
        ({"slices": [{"column": "a", "predicate": "b"}]}, "slices[0]: exactly one of column and predicate is needed."),
        ({"slices": [{"colum": "a"}]}, "slices[0].colum: unknown field 'colum'. Did you mean column?"),
        ({"approval": {"valid_for": "soon"}}, "approval.valid_for: 'soon' is no span of time."),
        ({"approval": {"count": -1}}, "approval.count: "),
        ({"constraints": {"latency_p99_ms": 0}}, "constraints.latency_p99_ms: "),
        ({"rollout": {"steps": [50, 10]}}, "rollout: steps are shares in percent"),
        ({"owner": " "}, "owner: "),
        (
            {"cost_matrix": {"true_positive": float("nan")}},
            "cost_matrix.true_positive: Input should be a finite",
        ),
        ({"rollout": {"step_minutes": float("inf")}}, "rollout.step_minutes: Input should be a finite number"),
        ({"cost_matrix": {"threshold": 1.5}}, "cost_matrix.threshold: "),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(said: dict[str, Any], problem: str) -> None:
    least = requirements().model_dump(mode="json", exclude_defaults=True)
    with pytest.raises(DoesNotFit) as caught:
        fit(Requirements, {**least, **said}, what="It")
    assert any(problem in str(each) for each in caught.value.problems), [str(each) for each in caught.value.problems]


def test_a_slice_may_be_the_name_of_a_column_alone() -> None:
    assert [each.column for each in requirements(slices=["origin", {"column": "carrier"}]).slices] == [
        "origin",
        "carrier",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1.5h", 5400), ("7d", 604800), (" 4w ", 2419200)]
)
def test_spans_of_time_are_read(text: str, seconds: float) -> None:
    assert parse_span(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-1d", "0s", "0.0000001s", "1 year", "9999999w", "999999999w", "1e3d", "٣d"]
)
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(NoSpan):
        parse_span(text)
