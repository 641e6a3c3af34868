"""Whatever shape a model answers in, metrics get the one that the problem asks for."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.models.evaluation.scoring import BLOCK_ROWS, AskedScorer
from boathouse.models.evaluation.statistics import NotAnswers
from boathouse.models.requirements import Problem


class Says:
    """A version that always says the same, as far as rows are there."""

    inputs = ("x",)
    folder = None

    def __init__(self, said: Any, classes: tuple[str, ...] | None = None, *, names: bool = False) -> None:
        self.said = np.array(said)
        self.classes = classes
        self.gives_classes = names
        self.asked: list[int] = []

    def prepared(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame

    def __call__(self, frame: pl.DataFrame) -> Any:
        self.asked.append(len(frame))
        return np.resize(self.said, (len(frame), *self.said.shape[1:]))


def asked(says: Says, problem: Problem, rows: int = 2, **more: Any) -> list[Any]:
    scorer = AskedScorer(says, problem, more.get("positive"))
    scorer.classes, scorer.unnamed = more.get("classes", ()), more.get("unnamed", ())
    return scorer(pl.DataFrame({"x": np.zeros(rows)})).tolist()


def test_two_classes_become_the_chance_of_the_positive_one() -> None:
    assert asked(Says([[0.3, 0.7], [0.9, 0.1]], ("0", "1")), Problem.BINARY) == [0.7, 0.1]
    assert asked(Says([[0.3, 0.7]], ("late", "on time")), Problem.BINARY, positive="late") == [0.3, 0.3]
    assert asked(Says([[0.3, 0.7]]), Problem.BINARY) == [0.7, 0.7]
    assert asked(Says([[0.4], [0.5]]), Problem.BINARY) == [0.4, 0.5]
    assert asked(Says(["late", "early"], names=True), Problem.BINARY, positive="late") == [1.0, 0.0]
    assert asked(Says([True, False], names=True), Problem.BINARY) == [1.0, 0.0]


def test_many_classes_stand_where_everybody_has_them() -> None:
    classes = ("a", "b", "c")
    assert asked(Says([[0.9, 0.1]], ("c", "a")), Problem.MULTICLASS, classes=classes)[0] == [0.1, 0.0, 0.9]
    told = asked(Says([[0.2, 0.8]]), Problem.MULTICLASS, classes=classes, unnamed=("b", "c"))
    assert told[0] == [0.0, 0.2, 0.8]
    assert asked(Says(["c", "a"], names=True), Problem.MULTICLASS, classes=classes) == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("says", "problem", "told"),
    [
        (Says([[0.1, 0.2, 0.7]]), Problem.BINARY, "two classes are asked for"),
        (Says([["a", "b"]]), Problem.REGRESSION, "one number per row"),
        (Says([0.4]), Problem.MULTICLASS, "a probability for each class"),
        (Says([[0.5, 0.5]]), Problem.MULTICLASS, "does not say of which classes"),
        (Says(["x"], names=True), Problem.MULTICLASS, "names the class x"),
    ],
)
def test_answers_of_another_kind_are_refused(says: Says, problem: Problem, told: str) -> None:
    with pytest.raises(NotAnswers, match=told):
        asked(says, problem, classes=("a", "b", "c"), unnamed=("a", "b", "c"))


def test_a_model_is_asked_in_blocks() -> None:
    says = Says([0.5])
    assert len(asked(says, Problem.BINARY, rows=BLOCK_ROWS + 1)) == BLOCK_ROWS + 1
    assert says.asked == [BLOCK_ROWS, 1]
    assert asked(says, Problem.BINARY, rows=0) == []
