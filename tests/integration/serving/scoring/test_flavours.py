"""Each flavour answers as in MLflow, from every kind of body, and natively where that is promised."""

import importlib.util
import json
import logging
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.models.serving_check import Interpreter
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.flavours.native import NotNative
from boathouse.serving.scoring.flavours.skops_files import load_skops
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.scoring.payloads import CSV, JSON, read_payload
from boathouse.serving.scoring.proofs import Proof, Proofs, differs, key_of
from boathouse.serving.scoring.provisional import ProvisionalScorer
from boathouse.serving.scoring.remote import IsolatedScorer
from boathouse.serving.scoring.scorers import NativeScorer
from boathouse.serving.snapshot.nouns import LiveEntity

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def models() -> ModuleType:
    file = Path(__file__).parents[3] / "unit" / "serving" / "scoring" / "models.py"
    spec = importlib.util.spec_from_file_location("scoring_flavour_models", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def entity(folder: Path, model: str | None = None) -> LiveEntity:
    return LiveEntity("id", "model", EntityKind.MODEL, model or f"dev.flights.{folder.name}", 1, str(folder))


def answer(scorer: Scorer, body: bytes, content_type: str = JSON) -> Any:
    payload = read_payload(body, content_type, most_rows=1000)
    return json.loads(scorer.answer(scorer.predict(scorer.read(payload), payload.params)))


def in_mlflow(folder: Path, body: bytes) -> Any:
    import io

    import mlflow.pyfunc
    from mlflow.pyfunc.scoring_server import infer_and_parse_data, predictions_to_json

    model = mlflow.pyfunc.load_model(str(folder))
    written = io.StringIO()
    data = infer_and_parse_data(json.loads(body), model.metadata.get_input_schema())
    predictions_to_json(model.predict(data), written)
    return json.loads(written.getvalue())["predictions"]


def build(kind: str, models: ModuleType, folder: Path) -> Path:
    import lightgbm
    import mlflow.lightgbm
    import mlflow.onnx
    import mlflow.sklearn
    import mlflow.xgboost
    import xgboost
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = models.doubles_frame()
    labels = models.label(frame)
    three = labels + (frame["f2"].to_numpy() > 0)
    words = np.array(["early", "late", "never"])[three]
    histogram_trees = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
    trusted = {"skops_trusted_types": ["sklearn.tree._tree.Tree", histogram_trees]}
    signature = {"signature": models.signature_for(frame)}

    def boosted(parameters: dict[str, Any], target: Any) -> Any:
        return lightgbm.train(parameters | {"verbose": -1, "num_threads": 1}, lightgbm.Dataset(frame, target), 10)

    flavor, model, more = {
        "booster": lambda: (mlflow.lightgbm, boosted({"objective": "binary"}, labels), {}),
        "multiclass booster": lambda: (
            mlflow.lightgbm, boosted({"objective": "multiclass", "num_class": 3}, three), {}),
        "LGBMClassifier": lambda: (
            mlflow.lightgbm, lightgbm.LGBMClassifier(n_estimators=9, verbose=-1).fit(frame, labels), {}),
        "LGBMClassifier of words": lambda: (
            mlflow.lightgbm, lightgbm.LGBMClassifier(n_estimators=9, verbose=-1).fit(frame, words), {}),
        "LGBMRegressor": lambda: (
            mlflow.lightgbm, lightgbm.LGBMRegressor(n_estimators=9, verbose=-1).fit(frame, frame["f0"]), {}),
        "xgboost booster": lambda: (
            mlflow.xgboost, xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(frame, labels), 9), {}),
        "XGBClassifier": lambda: (mlflow.xgboost, xgboost.XGBClassifier(n_estimators=9).fit(frame, three), {}),
        "XGBRegressor": lambda: (mlflow.xgboost, xgboost.XGBRegressor(n_estimators=9).fit(frame, frame["f0"]), {}),
        "pipeline": lambda: (
            mlflow.sklearn, make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, words), {}),
        "probabilities": lambda: (
            mlflow.sklearn, LogisticRegression().fit(frame, three), {"pyfunc_predict_fn": "predict_proba"}),
        "forest": lambda: (mlflow.sklearn, RandomForestClassifier(9, n_jobs=-1).fit(frame, labels), trusted),
        "histograms": lambda: (
            mlflow.sklearn, HistGradientBoostingRegressor(max_iter=9).fit(frame, frame["f0"]), trusted),
    }[kind]()  # fmt: skip
    return models.save(folder, flavor, model, frame[:3], **signature, **more)


NATIVE = [
    "booster", "multiclass booster", "LGBMClassifier", "LGBMClassifier of words", "LGBMRegressor", "xgboost booster",
    "XGBClassifier", "XGBRegressor", "pipeline", "probabilities", "forest", "histograms",
]  # fmt: skip


@pytest.mark.parametrize("kind", NATIVE)
def test_a_models_own_library_answers_as_mlflow_does(
    kind: str, models: ModuleType, scratch: Path, tmp_path: Path
) -> None:
    folder = build(kind, models, tmp_path / kind.replace(" ", "-"))
    frame = models.doubles_frame(60)
    split = {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}
    body = json.dumps({"dataframe_split": split}).encode()

    scorer = load_scorer(entity(folder), Limits(), scratch=scratch)

    assert isinstance(scorer, NativeScorer)
    expected = in_mlflow(folder, body)
    assert differs(expected, answer(scorer, body)) is None
    for row in range(3):
        one = json.dumps({"dataframe_split": split | {"data": split["data"][row : row + 1]}}).encode()
        assert differs(expected[row : row + 1], answer(scorer, one)) is None
    assert differs(expected, answer(scorer, frame.to_csv(index=False).encode(), CSV)) is None


def test_an_onnx_model_is_asked_with_tensors_or_with_columns(models: ModuleType, scratch: Path, tmp_path: Path) -> None:
    import mlflow.onnx
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    frame = models.doubles_frame()
    values = frame.to_numpy(dtype=np.float32)
    model = to_onnx(LogisticRegression().fit(values, models.label(frame)), values[:1], options={"zipmap": False})
    tensor = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 5))]))
    by_tensor = models.save(tmp_path / "tensor", mlflow.onnx, model, values[:3], signature=tensor)
    rows = values[:20].tolist()
    body = json.dumps({"inputs": rows}).encode()

    scorer = load_scorer(entity(by_tensor), Limits(), scratch=scratch)

    assert isinstance(scorer, NativeScorer)
    assert differs(in_mlflow(by_tensor, body), answer(scorer, body)) is None
    split = json.dumps({"dataframe_split": {"columns": list(frame.columns), "data": rows}}).encode()
    assert differs(in_mlflow(by_tensor, split), answer(scorer, split)) is None
    with pytest.raises(WrongInput, match=r"has the shape \(1, 2\); the model wants \(any, 5\)"):
        answer(scorer, b'{"inputs": [[1, 2]]}')
    with pytest.raises(WrongInput, match=r"\[0\]\[1\]: 'x' is no float32"):
        answer(scorer, b'{"inputs": [[1, "x", 1, 1, 1]]}')


def pickled(models: ModuleType, scratch: Path, tmp_path: Path) -> IsolatedScorer:
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression

    frame = models.doubles_frame()
    model = LogisticRegression().fit(frame, models.label(frame))
    more = {"signature": models.signature_for(frame), "serialization_format": "pickle"}
    folder = models.save(tmp_path / "pickled", mlflow.sklearn, model, frame[:3], **more)
    scorer = load_scorer(entity(folder), Limits(), scratch=scratch)
    assert isinstance(scorer, IsolatedScorer)
    return scorer


def test_a_pickle_is_opened_in_a_process_of_its_own(models: ModuleType, scratch: Path, tmp_path: Path) -> None:
    scorer = pickled(models, scratch, tmp_path)

    try:
        body = (tmp_path / "pickled" / "serving_input_example.json").read_bytes()
        assert answer(scorer, body) == in_mlflow(tmp_path / "pickled", body)
    finally:
        scorer.close()


def test_a_model_of_another_environment_answers_there(models: ModuleType, scratch: Path, tmp_path: Path) -> None:
    folder = build("booster", models, tmp_path / "elsewhere")
    elsewhere = Interpreter(Path(sys.executable), "another")

    scorer = load_scorer(entity(folder), Limits(), scratch=scratch, find=lambda _: elsewhere)

    try:
        assert isinstance(scorer, IsolatedScorer)
        body = (folder / "serving_input_example.json").read_bytes()
        assert differs(in_mlflow(folder, body), answer(scorer, body)) is None
    finally:
        scorer.close()


def test_a_model_that_would_answer_otherwise_here_is_left_to_mlflow(
    models: ModuleType, scratch: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = build("booster", models, tmp_path / "other")
    proofs = Proofs(scratch / "proofs")
    with proofs.only_one(key := key_of(read_model_folder(folder))):
        proofs.keep(key, Proof(False, "its input example: [0] is 1 instead of 0"))

    with caplog.at_level(logging.WARNING):
        scorer = load_scorer(entity(folder), Limits(), scratch=scratch)

    try:
        assert isinstance(scorer, IsolatedScorer)
        assert "[0] is 1 instead of 0" in caplog.text
        body = (folder / "serving_input_example.json").read_bytes()
        assert differs(in_mlflow(folder, body), answer(scorer, body)) is None
    finally:
        scorer.close()


def test_a_new_version_of_a_proven_kind_answers_at_once_and_is_proven_afterwards(
    models: ModuleType, scratch: Path, tmp_path: Path
) -> None:
    first = build("booster", models, tmp_path / "first")
    load_scorer(entity(first, "dev.flights.learning"), Limits(), scratch=scratch).close()
    second = tmp_path / "second"
    shutil.copytree(first, second)
    with (second / "model.lgb").open("a") as file:
        file.write("\n")
    body = (second / "serving_input_example.json").read_bytes()

    scorer = load_scorer(entity(second, "dev.flights.learning"), Limits(), scratch=scratch)

    try:
        assert isinstance(scorer, ProvisionalScorer)
        assert scorer.is_fast
        assert differs(in_mlflow(second, body), answer(scorer, body)) is None
        proofs, key = Proofs(scratch / "proofs"), key_of(read_model_folder(second))
        assert eventually(lambda: proofs.known(key) is not None)
        assert isinstance(load_scorer(entity(second, "dev.flights.learning"), Limits(), scratch=scratch), NativeScorer)
    finally:
        scorer.close()


def test_a_damaged_file_ends_no_process_of_ours(models: ModuleType, scratch: Path, tmp_path: Path) -> None:
    good = build("booster", models, tmp_path / "good")
    load_scorer(entity(good, "dev.flights.failing"), Limits(), scratch=scratch).close()
    damaged = tmp_path / "damaged"
    shutil.copytree(good, damaged)
    learnt = (good / "model.lgb").read_text()
    (damaged / "model.lgb").write_text(learnt.replace("left_child=", "left_child= 7 7 7"))

    with pytest.raises(Unavailable, match="cannot be served"):  # LightGBM aborts the process that opens it
        load_scorer(entity(damaged, "dev.flights.failing"), Limits(), scratch=scratch)


def test_a_version_that_turns_out_to_answer_otherwise_goes_into_a_process_of_its_own(
    models: ModuleType, scratch: Path, tmp_path: Path
) -> None:
    folder = build("booster", models, tmp_path / "turning")
    native = load_scorer(entity(folder), Limits(), scratch=scratch)
    isolated = pickled(models, scratch, tmp_path)
    assert isinstance(native, NativeScorer)
    body = (folder / "serving_input_example.json").read_bytes()
    payload = read_payload(body, JSON, most_rows=10)
    is_known = threading.Event()

    def settle() -> IsolatedScorer:
        is_known.wait()
        return isolated

    scorer = ProvisionalScorer(native, settle, name="turning")
    before = scorer.read(payload)
    assert answer(scorer, body) == answer(native, body)
    is_known.set()

    try:
        assert eventually(lambda: answer(scorer, body) == answer(isolated, body))
        assert not scorer.is_fast
        assert scorer.answer(scorer.predict(before, None)) == native.answer(native.predict(native.read(payload), None))
    finally:
        scorer.close()
    assert isolated.pid is None


def test_a_file_that_names_types_of_its_own_is_not_opened_here(tmp_path: Path) -> None:
    from pathlib import PurePosixPath

    from skops import io

    file = tmp_path / "model.skops"
    io.dump({"a": PurePosixPath("/tmp")}, file)

    with pytest.raises(NotNative, match="PosixPath"):
        load_skops(file)


def eventually(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
