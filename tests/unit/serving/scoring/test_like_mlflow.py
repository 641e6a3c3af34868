"""What MLflow's server accepts is accepted, with the same answers; what it refuses is refused. The exceptions are in
``docs/reference/invocations.md``, and each has a test in ``test_unlike_mlflow.py``."""

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.proofs import differs
from boathouse.serving.scoring.scorers import NativeScorer

REFUSED = "refused"

reals = st.one_of(
    st.floats(-1e6, 1e6, width=32),
    st.integers(-1000, 1000),
    st.booleans(),
    st.none(),
    st.sampled_from([math.nan, math.inf, -math.inf, "1.5", "-3", 1e300, 1e-300]),
)
wrong_reals = st.sampled_from(["late", "", [1.0], {"a": 1}])
wholes = st.one_of(st.integers(-1000, 1000), st.integers(0, 9).map(float), st.integers(0, 99).map(str), st.booleans())
wrong_wholes = st.sampled_from(["late", "1.5x", [1], {"a": 1}])
truths = st.one_of(st.booleans(), st.sampled_from([0, 1]))
COLUMNS = [reals, reals, wholes, wholes, truths]
WRONG = [wrong_reals, wrong_reals, wrong_wholes, wrong_wholes, st.sampled_from([{"a": 1}])]


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, list[list[Any]], list[str]]:
    """A format, rows, and the names of their columns."""
    names = ["delay", "ratio", "seats", "gates", "winter"]
    rows = [[draw(values) for values in COLUMNS] for _ in range(draw(st.integers(1, 4)))]
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, 3))
        rows[draw(st.integers(0, len(rows) - 1))][place] = draw(WRONG[place])
    columns = list(range(5))
    if draw(st.booleans()):
        columns = draw(st.permutations(columns))
    if draw(st.integers(0, 4)) == 0:
        columns = columns[:-1]
    rows = [[row[place] for place in columns] for row in rows]
    found = [names[place] for place in columns]
    if draw(st.integers(0, 3)) == 0:
        found, rows = [*found, "extra"], [[*row, "anything"] for row in rows]
    return draw(st.sampled_from(["dataframe_split", "dataframe_records", "inputs", "instances"])), rows, found


def as_body(form: str, rows: list[list[Any]], names: list[str]) -> bytes:
    records = [dict(zip(names, row, strict=True)) for row in rows]
    values: Any = {
        "dataframe_split": {"columns": names, "data": rows},
        "dataframe_records": records,
        "instances": records,
        "inputs": {name: [row[place] for row in rows] for place, name in enumerate(names)},
    }[form]
    return json.dumps({form: values}).encode()


def ours(scorer: Scorer, body: bytes) -> Any:
    try:
        payload = read_payload(body, JSON, most_rows=100)
        return json.loads(scorer.answer(scorer.predict(scorer.read(payload), payload.params)))
    except InvalidInput:
        return REFUSED


def theirs(model: Any, body: bytes) -> Any:
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    try:
        data = infer_and_parse_data(json.loads(body), model.metadata.get_input_schema())
        return model.predict(data).tolist()
    except Exception:  # noqa: BLE001 - MLflow raises many kinds
        return REFUSED


@pytest.fixture(scope="module")
def asked(mixed_booster: Path, load: Callable[..., Scorer]) -> tuple[Scorer, Any]:
    import mlflow.pyfunc

    logging.getLogger("mlflow.models.utils").setLevel(logging.ERROR)  # it tells of each column too many
    scorer = load(mixed_booster)
    assert isinstance(scorer, NativeScorer)
    return scorer, mlflow.pyfunc.load_model(str(mixed_booster))


@pytest.fixture(scope="module")
def asked_by_name(
    models: ModuleType, load: Callable[..., Scorer], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Scorer, Any]:
    """A pipeline that goes by names and texts: it is given a frame."""
    import mlflow.pyfunc
    import mlflow.sklearn

    pipeline, frame = models.texts_pipeline()
    folder = tmp_path_factory.mktemp("models") / "texts"
    signature = models.signature_for(frame, optional=("tail",))
    more = {"signature": signature, "pyfunc_predict_fn": "predict_proba", "skops_trusted_types": ["numpy.dtype"]}
    models.save(folder, mlflow.sklearn, pipeline, frame[:3], **more)
    scorer = load(folder)
    assert isinstance(scorer, NativeScorer)
    return scorer, mlflow.pyfunc.load_model(str(folder))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies())
def test_any_body_is_accepted_or_refused_as_in_mlflow_with_the_same_answers(
    asked: tuple[Scorer, Any], body: tuple[str, list[list[Any]], list[str]]
) -> None:
    scorer, model = asked
    text = as_body(*body)

    expected, found = theirs(model, text), ours(scorer, text)

    assert differs(expected, found) is None, text


texts = st.one_of(st.sampled_from(["UA", "DL", "AA"]), st.text(max_size=3), st.none())


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(texts, st.one_of(st.floats(-50, 50), st.none()), texts), min_size=1, max_size=4),
    st.sampled_from(["dataframe_split", "dataframe_records"]),
)
def test_texts_and_missing_values_reach_a_model_as_in_mlflow(
    asked_by_name: tuple[Scorer, Any], rows: list[tuple[Any, ...]], form: str
) -> None:
    scorer, model = asked_by_name
    text = as_body(form, [list(row) for row in rows], ["carrier", "delay", "tail"])

    assert differs(theirs(model, text), ours(scorer, text)) is None, text
