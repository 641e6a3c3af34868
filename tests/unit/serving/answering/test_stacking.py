"""Requests that wait for the same slow model, asked as one."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from boathouse.serving.answering.stacking import MOST_ROWS, Stack, joined, kind_of, parted
from boathouse.serving.scoring.messages import Message
from boathouse.serving.scoring.nouns import ModelAway, ScoringFailed


@dataclass
class Slow:
    """A model whose calls cost the same for one row as for many."""

    does: Callable[[Any], Any] = field(default=lambda rows: rows[:, 0] * 2)
    sizes: list[int] = field(default_factory=list[int])
    seconds: float = 0.0
    """What its calls have taken, on a clock of its own."""
    cost: Callable[[int], float] = field(default=lambda rows: 1.0)
    is_fast: bool = False
    required: tuple[str, ...] = ()

    def read(self, payload: Any) -> Any:
        return payload

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        time.sleep(0.004)  # so that others gather meanwhile
        self.seconds += self.cost(len(arrays))
        self.sizes.append(len(arrays))
        return self.does(arrays)

    def answer(self, predictions: Any) -> bytes:
        return repr(np.asarray(predictions).tolist()).encode()

    def close(self) -> None:
        pass


def stack_of(model: Slow) -> Stack:
    return Stack(model, name="slow", now=lambda: model.seconds)


def ask_all(stack: Stack, requests: Sequence[Any]) -> list[Any]:
    def ask(rows: Any) -> Any:
        try:
            return stack.predict(rows, None, len(rows))
        except ArithmeticError as error:
            return error

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(ask, requests))


def test_everybody_gets_their_own_answers_by_fewer_calls() -> None:
    model = Slow()
    stack = stack_of(model)
    requests = [np.arange(1 + at % 3, dtype=float).reshape(-1, 1) + at for at in range(300)]
    found = ask_all(stack, requests)
    assert all((answers == 2 * rows[:, 0]).all() for rows, answers in zip(requests, found, strict=True))
    assert not stack.is_off
    assert stack.stacked > 100
    assert len(model.sizes) < 200


def test_frames_are_stacked_too_and_keep_their_index() -> None:
    stack = stack_of(Slow(lambda frame: frame["a"] + 1))
    requests = [pd.DataFrame({"a": [at, at + 1], "b": ["x", None]}) for at in range(200)]
    found = ask_all(stack, requests)
    assert all(answers.tolist() == [at + 1, at + 2] for at, answers in enumerate(found))
    assert all(list(answers.index) == [0, 1] for answers in found)
    assert stack.stacked > 0


def test_a_model_that_looks_at_all_its_rows_is_asked_by_each_alone() -> None:
    stack = stack_of(Slow(lambda rows: rows[:, 0] - rows[:, 0].mean()))
    found = ask_all(stack, [np.full((1, 1), float(at)) for at in range(100)])
    assert all(answers.tolist() == [0.0] for answers in found)
    assert stack.is_off


def test_who_sends_what_the_model_refuses_spoils_nothing_for_others() -> None:
    def picky(rows: Any) -> Any:
        if (rows < 0).any():
            raise ArithmeticError("negative")
        return rows[:, 0]

    stack = stack_of(Slow(picky))
    requests = [np.full((1, 1), -1.0 if at % 10 == 9 else float(at)) for at in range(200)]
    found = ask_all(stack, requests)
    assert [isinstance(each, ArithmeticError) for each in found] == [at % 10 == 9 for at in range(200)]


def test_a_model_that_gains_nothing_is_not_stacked() -> None:
    stack = stack_of(Slow(cost=float))
    ask_all(stack, [np.ones((1, 1)) for _ in range(150)])
    assert stack.is_off


def test_large_requests_and_those_with_params_go_alone() -> None:
    model = Slow()
    stack = stack_of(model)
    stack.predict(np.ones((MOST_ROWS, 1)), None, MOST_ROWS)
    stack.predict(np.ones((1, 1)), {"quantile": 0.5}, 1)
    assert model.sizes == [MOST_ROWS, 1]


def test_different_kinds_are_not_joined() -> None:
    one, two = np.ones((1, 2)), np.ones((1, 3))
    assert kind_of(one) != kind_of(two) != kind_of(one.astype("float32"))
    assert kind_of(pd.DataFrame({"a": pd.Categorical(["x"])})) is None
    assert kind_of([1]) is None
    stack = stack_of(Slow(lambda rows: rows.sum(axis=1)))
    found = ask_all(stack, [one, two] * 50)
    assert [answers.tolist() for answers in found] == [[2.0], [3.0]] * 50


@dataclass
class Apart(Slow):
    """A model in a process of its own: messages go in, the JSON of their predictions comes out."""

    is_gone: bool = False

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        time.sleep(0.004)
        if self.is_gone:
            self.is_gone = False
            raise ModelAway("it is being started again")
        table = arrays.content
        self.seconds += 1.0
        self.sizes.append(table.num_rows)
        values = table.column("a").to_pylist()
        if -1 in values:
            self.is_gone = True
            raise ScoringFailed("the model's process ended with code 3")
        return json.dumps([value * 2 for value in values]).encode()

    def answer(self, predictions: Any) -> bytes:
        return predictions


def message(*values: float) -> Message:
    return Message("table", pa.table({"a": list(values)}))


def ask_apart(stack: Stack, requests: Sequence[Message]) -> list[Any]:
    def ask(sent: Message) -> Any:
        try:
            return stack.predict(sent, None, sent.content.num_rows)
        except ScoringFailed as error:
            return error

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(ask, requests))


def test_messages_to_a_process_travel_as_one_and_come_back_as_if_each_had_gone_alone() -> None:
    model = Apart()
    stack = stack_of(model)
    requests = [message(*(at + step / 3 for step in range(1 + at % 3))) for at in range(300)]
    found = ask_apart(stack, requests)
    expected = [json.dumps([value * 2 for value in each.content["a"].to_pylist()]).encode() for each in requests]
    assert found == expected
    assert stack.stacked > 100
    assert len(model.sizes) < 200


def test_who_ends_the_process_is_found_out_when_asking_again() -> None:
    stack = stack_of(Apart())
    assert ask_apart(stack, [message(float(at)) for at in range(100)])[7] == b"[14.0]"
    while not isinstance(found := ask_apart(stack, [message(1.0), message(-1.0)] * 8)[1], ModelAway):
        assert "ended with code 3" in str(found)
    alone = [each for each in ask_apart(stack, [message(-1.0), message(1.0)] * 8) if isinstance(each, ScoringFailed)]
    assert any("ended with code 3" in str(each) for each in alone)


def test_messages_of_different_kinds_do_not_travel_as_one() -> None:
    whole, half = message(1), message(1.5)
    assert kind_of(whole) != kind_of(half)
    assert kind_of(Message("table", pa.table({"a": [1.5]}), nulls=("a",))) != kind_of(half)
    assert kind_of(Message("inputs", b"[1]")) is None
    assert parted(b'[1.5, "x", null]', [1, 2]) == [b"[1.5]", b'["x", null]']
    assert parted(b'{"a": [1]}', [1]) is None
    assert parted(b"[1, 2]", [1]) is None


FOUR = [np.arange(4), [0, 1, 2, 3], pd.Series([0, 1, 2, 3]), np.arange(4).reshape(-1, 1)]


@pytest.mark.parametrize("predictions", FOUR)
def test_predictions_are_parted_by_rows(predictions: Any) -> None:
    parts = parted(predictions, [1, 0, 3])
    assert parts is not None
    assert [np.asarray(part).ravel().tolist() for part in parts] == [[0], [], [1, 2, 3]]
    assert parted(predictions, [1, 1]) is None
    assert parted({"a": 1}, [1]) is None


def test_joining_keeps_the_order() -> None:
    assert joined([np.array([[1.0]]), np.array([[2.0]])]).tolist() == [[1.0], [2.0]]
