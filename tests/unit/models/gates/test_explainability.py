"""Can it be said why a model answers as it does? With real models, as MLflow saves and loads them."""

import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from boathouse.models.evaluation.pyfunc_scorer import PyfuncScorer
from boathouse.models.evaluation.running import run_gate
from boathouse.models.evidence import Verdict
from boathouse.models.gates.explainability import GATE, PICTURE_FILE, SUMMARY_FILE
from boathouse.models.gates.explaining.explained import NotExplained
from boathouse.models.gates.explaining.explaining import explain_itself, explain_model
from boathouse.models.gates.explaining.permutation import explain_by_permutation
from boathouse.models.gates.explaining.recording import recorded
from boathouse.models.gates.policy import EnabledGate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import lightgbm
    import mlflow.lightgbm
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

pytestmark = pytest.mark.filterwarnings("ignore")

DICE = np.random.default_rng(0)
COUNT = 300
ROWS = pd.DataFrame(
    {
        "temp": DICE.normal(size=COUNT),
        "wind": DICE.normal(size=COUNT),
        "seats": DICE.integers(1, 9, COUNT),
        "carrier": DICE.choice(["AA", "UA", "B6"], COUNT),
    }
)
LATE = (ROWS.temp * 2 + (ROWS.carrier == "AA") + DICE.normal(size=COUNT) > 0).astype(int)
NUMBERS = ["temp", "wind", "seats"]
FRAME = pl.from_pandas(ROWS).with_columns(late=pl.Series(LATE))


@pytest.fixture(autouse=True)
def _pure_spark_client(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def make(model: Any, flavor: Any = mlflow.sklearn, columns: list[str] = NUMBERS) -> Path:
        options = {"serialization_format": "cloudpickle"} if flavor is mlflow.sklearn else {}
        signature = infer_signature(ROWS[columns], np.zeros(1))
        flavor.save_model(model, tmp_path / "saved", signature=signature, pip_requirements=[], **options)
        return tmp_path / "saved"

    return make


@pytest.fixture
def looked(case: Callable[..., Any], judged: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """What the gate says of a saved model."""

    def look(folder: Path, **settings: Any) -> Any:
        there = case(rows=FRAME, folder=folder, scorer=PyfuncScorer(folder, "late, version 3"), scratch=tmp_path)
        return judged(GATE, there, **settings)

    return look


def boosted(columns: list[str] = NUMBERS) -> Any:
    return lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(ROWS[columns], LATE), 15)


def test_trees_explain_themselves_and_leave_a_summary_and_a_picture(
    save: Callable[..., Path], looked: Callable[..., Any], tmp_path: Path
) -> None:
    found = looked(save(boosted(), mlflow.lightgbm))
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}
    details = found["explained_rows"][0].details
    assert details["method"] == "native of LightGBM" and details["features"][0]["feature"] == "temp"
    assert details["features"][0]["direction"] > 0.8
    summary = json.loads((tmp_path / SUMMARY_FILE).read_text())
    assert sum(each["share"] for each in summary["features"]) == pytest.approx(1)
    assert (tmp_path / PICTURE_FILE).read_bytes().startswith(b"\x89PNG")


def test_a_version_that_gave_no_answers_is_not_explained(
    save: Callable[..., Path], case: Callable[..., Any], requirements: Callable[..., Any]
) -> None:
    folder, settings = save(boosted(), mlflow.lightgbm), GATE.settings()
    without_wind = FRAME.drop("wind")
    there = case(rows=without_wind, folder=folder, scorer=PyfuncScorer(folder, "late, version 3"))
    there = replace(there, missing={"candidate": "it takes wind, which the rows do not have"})

    found = run_gate(there, EnabledGate(GATE, settings, tuple(GATE.rules(requirements(), settings)), True))

    assert {each.problem for each in found} == {"candidate: it takes wind, which the rows do not have"}


def test_a_linear_model_is_explained_exactly(save: Callable[..., Path]) -> None:
    fitted = LinearRegression().fit(ROWS[NUMBERS], LATE)
    found = explain_itself(save(fitted), FRAME, NUMBERS)
    assert found is not None and found.error < 1e-9
    middle = ROWS[NUMBERS].to_numpy(float).mean(axis=0)
    assert found.values[:, :, 0] == pytest.approx((ROWS[NUMBERS].to_numpy(float) - middle) * fitted.coef_)
    assert found.raw[:, 0] == pytest.approx(fitted.predict(ROWS[NUMBERS]))


def test_a_pipeline_is_explained_by_what_its_last_step_takes(save: Callable[..., Path]) -> None:
    steps = make_column_transformer((OneHotEncoder(), ["carrier"]), (StandardScaler(), NUMBERS))
    fitted = make_pipeline(steps, LogisticRegression()).fit(ROWS, LATE)
    found = explain_itself(save(fitted, columns=list(ROWS)), FRAME, list(ROWS))
    assert found is not None and found.error < 1e-9
    assert found.raw[:, 0] == pytest.approx(fitted.decision_function(ROWS))
    assert "onehotencoder__carrier_AA" in found.names


def test_several_classes_have_a_value_each(save: Callable[..., Path]) -> None:
    fitted = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(ROWS[NUMBERS], ROWS.carrier)
    found = explain_itself(save(fitted, mlflow.lightgbm), FRAME, NUMBERS)
    assert found is not None and found.values.shape == (COUNT, 3, 3) and found.error < 1e-9


class Wrapper(mlflow.pyfunc.PythonModel):
    """Encodes by itself, and asks trees that it keeps."""

    def __init__(self, trees: Any) -> None:
        self.trees = trees

    def predict(self, context, model_input, params=None):
        coded = model_input.assign(carrier=model_input.carrier.map({"AA": 0, "UA": 1, "B6": 2}))
        return self.trees.predict(coded.to_numpy(float))


def wrapped() -> Wrapper:
    coded = ROWS.assign(carrier=ROWS.carrier.map({"AA": 0, "UA": 1, "B6": 2}))
    data = lightgbm.Dataset(coded.to_numpy(float), LATE, feature_name=list(ROWS))
    return Wrapper(lightgbm.train({"objective": "binary", "verbose": -1}, data, 15))


def test_a_wrapper_is_explained_by_the_trees_inside_and_stays_as_it_was(
    looked: Callable[..., Any], tmp_path: Path
) -> None:
    mlflow.pyfunc.save_model(
        tmp_path / "saved", python_model=wrapped(), signature=infer_signature(ROWS, np.zeros(1)), pip_requirements=[]
    )
    found = looked(tmp_path / "saved")
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}
    assert {each["feature"] for each in found["explained_rows"][0].details["features"]} == set(ROWS)


def test_a_model_that_its_code_makes_is_explained_by_the_trees_inside(
    looked: Callable[..., Any], tmp_path: Path
) -> None:
    trees, code = tmp_path / "trees.txt", tmp_path / "model_code.py"
    wrapped().trees.save_model(trees)
    code.write_text(CODE)
    mlflow.pyfunc.save_model(
        tmp_path / "saved", python_model=str(code), artifacts={"trees": str(trees)},
        signature=infer_signature(ROWS, np.zeros(1)), pip_requirements=[],
    )  # fmt: skip
    found = looked(tmp_path / "saved")
    assert found["explained_rows"][1].verdict is Verdict.PASSED
    assert found["explained_rows"][0].details["method"] == "native of LightGBM"


CODE = """
import lightgbm
import mlflow


class Kept(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.trees = lightgbm.Booster(model_file=context.artifacts["trees"])

    def predict(self, context, model_input, params=None):
        coded = model_input.assign(carrier=model_input.carrier.map({"AA": 0, "UA": 1, "B6": 2}))
        return self.trees.predict(coded.to_numpy(float))


mlflow.models.set_model(Kept())
"""


def test_a_wrapper_that_asks_twice_is_not_explained_by_its_trees() -> None:
    wrapper = wrapped()
    trees = wrapper.trees
    with pytest.raises(NotExplained, match="asked 2 times"):
        recorded(wrapper, "trees", lambda: [wrapper.predict(None, ROWS), wrapper.predict(None, ROWS)])
    assert wrapper.trees is trees


def test_another_model_is_explained_from_the_outside_where_shap_is_there(
    save: Callable[..., Path], looked: Callable[..., Any]
) -> None:
    pytest.importorskip("shap")
    steps = make_column_transformer((OneHotEncoder(), ["carrier"]), (StandardScaler(), NUMBERS))
    fitted = make_pipeline(steps, KNeighborsClassifier()).fit(ROWS, LATE)
    found = looked(save(fitted, columns=list(ROWS)), rows_from_outside=20, background_rows=10, minimum_rows=20)
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}
    assert found["explained_rows"][0].details["features"][0]["feature"] == "temp"


def test_values_from_the_outside_are_those_of_a_model_that_adds_up() -> None:
    pytest.importorskip("shap")
    rows, background = FRAME[:10].select(NUMBERS), FRAME[10:60].select(NUMBERS)
    weights = np.array([2.0, -1.0, 0.5])
    found = explain_by_permutation(lambda frame: frame.to_numpy() @ weights, rows, background)
    expected = (rows.to_numpy() - background.to_numpy().mean(axis=0)) * weights
    assert found.values[:, :, 0] == pytest.approx(expected, abs=1e-6)


def test_without_shap_it_says_what_to_install(
    save: Callable[..., Path], looked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None)
    found = looked(save(KNeighborsClassifier().fit(ROWS[NUMBERS], LATE)))
    said = found["explained_rows"][1]
    assert said.verdict is Verdict.INCONCLUSIVE and said.blocks and "pip install 'boathouse[explain]'" in said.reason


def test_one_input_that_explains_nearly_everything_fails_where_that_is_asked(
    save: Callable[..., Path], looked: Callable[..., Any]
) -> None:
    found = looked(save(boosted(), mlflow.lightgbm), maximum_share=0.3)
    assert found["largest_share"][1].verdict is Verdict.FAILED


def test_a_model_that_is_neither_is_left_to_the_outside() -> None:
    assert explain_model(KNeighborsClassifier().fit(ROWS[NUMBERS], LATE), ROWS[NUMBERS]) is None
