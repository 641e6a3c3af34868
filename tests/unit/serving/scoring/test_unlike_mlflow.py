"""Where we refuse what MLflow would change in silence, take what it refuses for no reason, or say more."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.scoring.payloads import JSON, read_payload

ROW = {"delay": 3.5, "ratio": 0.5, "seats": 180, "gates": 4, "winter": True}


@pytest.fixture(scope="module")
def scorer(mixed_booster: Path, load: Callable[..., Scorer]) -> Scorer:
    return load(mixed_booster)


def ask(scorer: Scorer, *rows: dict[str, Any]) -> Any:
    payload = read_payload(json.dumps({"dataframe_records": rows}).encode(), JSON, most_rows=100)
    return json.loads(scorer.answer(scorer.predict(scorer.read(payload), None)))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("delay", "late", "Column delay, row 1: 'late' is no double."),
        ("delay", [1.0], "Column delay, row 1: [1.0] is no double."),
        ("seats", 1.5, "Column seats, row 1: 1.5 is no long."),
        ("seats", "many", "Column seats, row 1: 'many' is no long."),
        ("gates", 3_000_000_000, "Column gates, row 1: 3000000000 is no integer."),
        ("winter", "perhaps", "Column winter, row 1: 'perhaps' is no boolean."),
        ("winter", 2, "Column winter, row 1: 2 is no boolean."),
    ],
)
def test_a_wrong_value_is_named_with_its_column_its_row_and_the_type(
    scorer: Scorer, column: str, value: Any, said: str
) -> None:
    with pytest.raises(WrongInput) as error:
        ask(scorer, ROW, ROW | {column: value})

    assert str(error.value) == said


def test_null_in_a_whole_number_or_a_boolean_reaches_a_model_that_knows_missing_values(scorer: Scorer) -> None:
    nothing = ask(scorer, ROW | {"seats": None, "gates": None, "winter": None})

    assert len(nothing) == 1
    assert 0 < nothing[0] < 1


def test_a_missing_column_is_named_beside_what_might_be_meant(scorer: Scorer) -> None:
    row = {("dellay" if name == "delay" else name): value for name, value in ROW.items()}

    with pytest.raises(WrongInput, match=r"Column delay is missing.*dellay.*Did you mean dellay\?"):
        ask(scorer, row)


def test_the_text_false_is_false(scorer: Scorer) -> None:
    assert ask(scorer, ROW | {"winter": "false"}) == ask(scorer, ROW | {"winter": False})


def test_whole_numbers_beyond_what_a_float_holds_are_kept_within_their_range(scorer: Scorer) -> None:
    assert len(ask(scorer, ROW | {"seats": 2**53 + 1})) == 1
    with pytest.raises(WrongInput, match="is no long"):
        ask(scorer, ROW | {"seats": 2**63})


def test_no_rows_are_refused(scorer: Scorer) -> None:
    with pytest.raises(WrongInput, match="no rows"):
        ask(scorer)
