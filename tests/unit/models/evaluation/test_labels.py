"""What became of the rows: what is no outcome is refused, never taken for the other class."""

import polars as pl
import pytest

from boathouse.models.evaluation.labels import BadLabel, label_numbers
from boathouse.models.requirements.requirements import Problem


@pytest.mark.parametrize(
    ("problem", "positive", "classes"),
    [
        (Problem.BINARY, None, ()),
        (Problem.BINARY, "1", ()),
        (Problem.MULTICLASS, None, ("0", "1", "nan")),
        (Problem.REGRESSION, None, ()),
    ],
)
def test_nan_is_no_outcome_of_any_problem(problem: Problem, positive: str | None, classes: tuple[str, ...]) -> None:
    label = pl.Series("late", [0.0, 1.0, float("nan")])

    with pytest.raises(BadLabel, match=r"late has 1 values like NaN.*Write NULL"):
        label_numbers(label, problem, positive, classes)


@pytest.mark.parametrize("problem", list(Problem))
def test_a_list_is_no_outcome(problem: Problem) -> None:
    with pytest.raises(BadLabel, match="one value per row is needed"):
        label_numbers(pl.Series("late", [[0], [1]]), problem, None, ("[0]", "[1]"))


def test_whatever_is_not_positive_is_negative_where_the_positive_label_is_named() -> None:
    label = pl.Series("rating", ["good", "bad", "ugly", "bad"])

    assert label_numbers(label, Problem.BINARY, "bad").tolist() == [0.0, 1.0, 0.0, 1.0]
