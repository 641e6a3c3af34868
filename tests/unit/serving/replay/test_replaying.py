"""Answers of real models, captured and answered again."""

import shutil
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from boathouse.catalog import Function, Language, Parameter, Securable, SecurableKind
from boathouse.catalog.definitions import definition_digest, function_json
from boathouse.foundation.errors import NotFound
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import digest_of, environment
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.replay.comparing import differences
from boathouse.serving.replay.nouns import Captured, Verdict
from boathouse.serving.replay.replaying import Replayer, Sources
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.payloads import read_payload
from boathouse.serving.snapshot.nouns import LiveEntity

RULE = "main.flights.rule"


def rule(body: str) -> Function:
    parameters = (Parameter("a", "DOUBLE"), Parameter("b", "DOUBLE"))
    return Function(Securable("", SecurableKind.FUNCTION, RULE, owner="ann"), Language.SQL, parameters, "DOUBLE", body)


def ruled(body: str) -> str:
    """What the data plane tells of the function with this body."""
    return orjson.dumps({"function": RULE, "definition": definition_digest(function_json(rule(body)))}).decode()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import lightgbm
    import mlflow
    import numpy as np
    import pandas as pd

    inputs = pd.DataFrame(np.random.default_rng(7).uniform(0, 1, (400, 2)), columns=["a", "b"])
    data: Any = lightgbm.Dataset(inputs, 2 * inputs["a"] + inputs["b"])
    model: Any = lightgbm.train(
        {"objective": "regression", "num_leaves": 15, "verbose": -1, "num_threads": 1}, data, 20
    )
    made = Path(tmp_path_factory.mktemp("models")) / "linear"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        signature = mlflow.models.infer_signature(inputs, model.predict(inputs))
        mlflow.lightgbm.save_model(model, made, signature=signature, input_example=inputs.head(3))
    return made


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("scratch"))


@pytest.fixture(scope="session")
def captured(folder: Path, scratch: Path) -> Captured:
    body = orjson.dumps({"dataframe_split": {"columns": ["b", "a"], "data": [[0.1, 0.7], [0.333333333, 0.2]]}})
    entity = LiveEntity("e", "delays", EntityKind.MODEL, "main.flights.delays", 3, str(folder))
    scorer = load_scorer(entity, Limits(), scratch=scratch)
    answer = scorer.answer(scorer.predict(scorer.read(read_payload(body, "application/json", most_rows=10)), None))
    scorer.close()
    return Captured(
        request_id="r",
        endpoint="delays",
        request_time=datetime(2026, 1, 1, tzinfo=UTC),
        status=200,
        content_type="application/json",
        request=body.decode(),
        response='{"predictions": ' + answer.decode() + "}",
        features=None,
        model="main.flights.delays",
        version=3,
        model_files=digest_of(folder),
        environment=environment(),
        route="primary",
        rung=None,
    )


@pytest.fixture
def replayer(folder: Path, scratch: Path, tmp_path: Path) -> Iterator[Replayer]:
    @contextmanager
    def fetch(uri: str) -> Generator[Path]:
        assert uri == "models:/main.flights.delays/3"
        yield Path(shutil.copytree(folder, tmp_path / "fetched"))

    @contextmanager
    def baseline(model: str, version: int) -> Generator[Path]:
        assert (model, version) == ("main.flights.delays", 4)
        yield Path(shutil.copytree(folder, tmp_path / "baseline"))

    def function(name: str) -> Function:
        if name != RULE:
            raise NotFound(f"Function {name} was not found.")
        return rule("a + b")

    with Replayer(Sources(fetch, baseline, function), scratch) as made:
        yield made


def test_the_same_model_gives_the_same_answer(replayer: Replayer, captured: Captured) -> None:
    found = replayer.replay(captured)
    assert found.verdict is Verdict.EQUAL and found.notes == () and found.differences == ()


def test_an_answer_that_differs_in_its_last_digit_differs(replayer: Replayer, captured: Captured) -> None:
    import math

    predictions = orjson.loads(captured.response or "")["predictions"]
    predictions[1] = math.nextafter(predictions[1], 2)
    found = replayer.replay(replace(captured, response=orjson.dumps({"predictions": predictions}).decode()))
    assert found.verdict is Verdict.DIFFERS and found.differing == 1
    assert found.differences[0].output == "row 1" and 0 < (found.differences[0].apart or 0) < 1e-12


def test_features_are_those_that_were_read_then(replayer: Replayer, captured: Captured) -> None:
    """What was read stands; what the caller has sent beside it does not count."""
    rows = [{"values": {"a": 0.7}, "event": {"a": None}}, {"values": {"a": 0.2}, "event": {}}]
    request = orjson.dumps({"dataframe_records": [{"b": 0.1}, {"b": 0.333333333}]}).decode()
    found = replayer.replay(replace(captured, request=request, features=orjson.dumps(rows).decode()))
    assert found.verdict is Verdict.EQUAL
    rows[0]["values"]["a"] = 0.1
    found = replayer.replay(replace(captured, request=request, features=orjson.dumps(rows).decode()))
    assert found.verdict is Verdict.DIFFERS and found.differences[0].output == "row 0"


def test_changed_files_and_libraries_are_named(replayer: Replayer, captured: Captured) -> None:
    found = replayer.replay(replace(captured, model_files="other", environment="python==2.7 numpy==1.0"))
    assert found.verdict is Verdict.EQUAL
    assert found.notes[0] == "the files of the model have changed since"
    assert "numpy==1.0" in found.notes[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": 429}, "got 429"),
        ({"rung": "constant"}, "rung constant, and what that was is not in the table"),
        ({"rung": "rules"}, "rung rules, and what that was is not in the table"),
        ({"rung": "rules", "rung_details": '{"function": "a.b.gone", "definition": ""}'}, "a.b.gone was not found"),
        ({"rung": "rules", "rung_details": ruled("a + b"), "features": '[{"values": {}}]'}, "not those of the request"),
        ({"rung": "rules", "rung_details": ruled("a + b"), "request": "oh"}, "cannot be read"),
        ({"model": None, "version": None}, "feature spec"),
        ({"request": None, "error_codes": ("MAX_REQUEST_SIZE_EXCEEDED",)}, "request was too long"),
        ({"response": None, "error_codes": ("MAX_RESPONSE_SIZE_EXCEEDED",)}, "answer was too long"),
        ({"request": None, "error_codes": ("NOT_MASKABLE",), "masked": ("a", "b")}, "masked: a, b"),
        ({"request": f'{{"inputs": {{"a": "{Masks(b"k").of(1)}"}}}}', "masked": ("a",)}, "masked: a"),
        ({"request": None}, "not in the table any more"),
        ({"request": '{"inputs": {"a": [1.0]}}'}, "does not answer any more"),
        ({"features": '[{"values": {}}]'}, "not those of the request's rows"),
        ({"response": "oh"}, "no JSON"),
    ],
)
def test_what_cannot_be_replayed_says_why(
    replayer: Replayer, captured: Captured, changes: dict[str, Any], reason: str
) -> None:
    found = replayer.replay(replace(captured, **changes))
    assert found.verdict is Verdict.IMPOSSIBLE
    assert found.reason is not None and reason in found.reason


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.2, Verdict.EQUAL), ([1, "x"], Verdict.EQUAL), (0.3, Verdict.DIFFERS)]
)
def test_a_constant_comes_out_again(replayer: Replayer, captured: Captured, value: Any, verdict: Verdict) -> None:
    then = 0.2 if value == 0.3 else value
    response = orjson.dumps({"predictions": [then, then]}).decode()
    given = {"rung": "constant", "rung_details": orjson.dumps({"value": value}).decode(), "response": response}
    found = replayer.replay(replace(captured, model=None, version=None, **given))
    assert (found.verdict, found.rung, found.notes) == (verdict, "constant", ())
    masked = replace(captured, request=None, error_codes=("NOT_MASKABLE",), rows=2, **given)
    assert replayer.replay(masked).verdict is verdict


def test_what_a_rule_said_comes_out_again_with_the_features_of_then(replayer: Replayer, captured: Captured) -> None:
    given = {"rung": "rules", "rung_details": ruled("a + b"), "response": '{"predictions": [1.0, 0.75]}'}
    request = '{"dataframe_split": {"columns": ["a", "b"], "data": [[0.75, 0.25], [0.5, 0.25]]}}'
    asked = replace(captured, model=None, version=None, request=request, **given)
    found = replayer.replay(asked)
    assert (found.verdict, found.rung, found.notes) == (Verdict.EQUAL, "rules", ())
    features = orjson.dumps([{"values": {"b": value}, "event": {"b": None}} for value in (0.0, 1.0)]).decode()
    found = replayer.replay(replace(asked, features=features))
    assert [(each.then, each.now) for each in found.differences] == [("1.0", "0.75"), ("0.75", "1.5")]


def test_a_rule_that_is_another_one_now_is_named(replayer: Replayer, captured: Captured) -> None:
    given = {"rung": "rules", "rung_details": ruled("a - b"), "response": '{"predictions": [0.5]}'}
    request = '{"dataframe_records": [{"a": 0.75, "b": 0.25}]}'
    found = replayer.replay(replace(captured, model=None, version=None, request=request, **given))
    assert found.verdict is Verdict.DIFFERS
    assert found.notes == (f"the function {RULE} is another one than then",)


def test_the_baseline_of_a_run_answers_again_without_features(replayer: Replayer, captured: Captured) -> None:
    found = replayer.replay(replace(captured, version=4, rung="baseline", features='[{"values": {"mean": 1}}]'))
    assert (found.verdict, found.rung, found.version, found.notes) == (Verdict.EQUAL, "baseline", 4, ())
    again = replayer.replay(replace(captured, version=4, rung="baseline", model_files="other"))
    assert again.notes == ("the files of the model have changed since",)


def test_a_version_that_is_gone_is_named_once_for_all_its_requests(captured: Captured) -> None:
    asked: list[str] = []

    @contextmanager
    def fetch(uri: str) -> Generator[Path]:
        asked.append(uri)
        raise NotFound("It was retired.")
        yield Path()

    with Replayer(Sources(fetch)) as made:
        reasons = [made.replay(captured).reason for _ in range(3)]
    assert len(asked) == 1
    assert reasons == ["Version 3 of main.flights.delays cannot be loaded: It was retired."] * 3


def test_answers_are_compared_output_by_output() -> None:
    then = [{"p": 0.5, "label": "a"}, [1.0, 2.0], None, "x"]
    now = [{"p": 0.5, "label": "b", "more": 1}, [1.0, 2.5], None, "x"]
    found = [(each.output, each.then, each.now) for each in differences(then, now)]
    assert found == [("row 0, label", "'a'", "'b'"), ("row 0, more", "nothing", "1"), ("row 1, 1", "2.0", "2.5")]
    assert [each.output for each in differences([1, 2], [1])] == ["rows"]
    assert list(differences(then, then)) == []
