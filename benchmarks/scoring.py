"""From the body of a request to the body of its answer, in process: ours, MLflow's, and the library's bare predict.

    python benchmarks/scoring.py

All three answer the same rows, and their answers are compared first. Bare is the library's predict over an array that
is there already; ours and MLflow's begin with JSON and end with JSON. One thread; the best of several rounds, taken in
turns so that a noisy moment hits all of them.
"""

import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from table import section

from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.proofs import differs
from boathouse.serving.scoring.scorers import NativeScorer
from boathouse.serving.snapshot.nouns import LiveEntity

COLUMNS, TREES, SIZES = 20, 200, (1, 100, 10_000)
ROUNDS, ROUND_SECONDS = 5, 0.3
GOAL_US = 60
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Work = Callable[[], Any]


def main() -> None:
    """Begin anew with one thread, which libraries look at when they are loaded."""
    variables = os.environ | dict.fromkeys(ONE_THREAD, "1")
    sys.exit(subprocess.run([sys.executable, __file__, "measure"], env=variables, check=False).returncode)


def measure() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    chance = np.random.default_rng(1)
    frame = pd.DataFrame(chance.normal(size=(20_000, COLUMNS)), columns=[f"f{each}" for each in range(COLUMNS)])
    labels = (frame["f0"] + frame["f1"] * chance.normal(size=len(frame)) > 0).astype(int)
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as name:
        for flavour in (lightgbm_booster, xgboost_booster, sklearn_pipeline, onnx_model):
            rows += measured(Path(name), flavour.__name__.replace("_", " "), frame, *flavour(frame, labels))
    note = (
        f"Microseconds. Goal: a row of LightGBM in less than {GOAL_US}. Bare begins with an array and ends with one; "
        "of LightGBM it has `Booster.predict`, beside which ours uses the function for single rows."
    )
    title = f"Scoring in process: {COLUMNS} columns of doubles, {TREES} trees"
    print(section(title, ("model", "rows", "bare", "ours", "MLflow", "MLflow / ours"), rows, note))


def lightgbm_booster(frame: pd.DataFrame, labels: Any) -> tuple[Any, Any, Callable[[Any], Any], dict[str, Any]]:
    import lightgbm
    import mlflow.lightgbm

    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(frame, labels), TREES)
    return mlflow.lightgbm, booster, lambda matrix: booster.predict(matrix, num_threads=1), {}


def xgboost_booster(frame: pd.DataFrame, labels: Any) -> tuple[Any, Any, Callable[[Any], Any], dict[str, Any]]:
    import mlflow.xgboost
    import xgboost

    parameters = {"objective": "binary:logistic", "nthread": 1}
    booster = xgboost.train(parameters, xgboost.DMatrix(frame, labels), TREES)
    return mlflow.xgboost, booster, lambda matrix: booster.inplace_predict(matrix, validate_features=False), {}


def sklearn_pipeline(frame: pd.DataFrame, labels: Any) -> tuple[Any, Any, Callable[[Any], Any], dict[str, Any]]:
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, labels)
    bare = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame.to_numpy(), labels)
    return mlflow.sklearn, model, bare.predict_proba, {"pyfunc_predict_fn": "predict_proba"}


def onnx_model(frame: pd.DataFrame, labels: Any) -> tuple[Any, Any, Callable[[Any], Any], dict[str, Any]]:
    import mlflow.onnx
    import onnxruntime
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier

    values = frame.to_numpy(dtype=np.float32)
    forest = RandomForestClassifier(50, max_depth=8, random_state=0).fit(values, labels)
    model = to_onnx(forest, values[:1], options={"zipmap": False})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def bare(matrix: Any) -> Any:
        found = session.run(None, {session.get_inputs()[0].name: matrix.astype(np.float32)})
        return dict(zip(("label", "probabilities"), found, strict=True))

    signature = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, COLUMNS))]))
    return mlflow.onnx, model, bare, {"signature": signature, "input_example": values[:3]}


def measured(
    folder: Path, title: str, frame: pd.DataFrame, flavor: Any, model: Any, bare: Callable[[Any], Any], more: Any
) -> list[tuple[str, ...]]:
    import mlflow.pyfunc

    path = folder / title.replace(" ", "-")
    given = {"signature": doubles(frame), "input_example": frame[:3], "pip_requirements": ["mlflow"]} | more
    names = {"mlflow.lightgbm": "lgb_model", "mlflow.xgboost": "xgb_model", "mlflow.sklearn": "sk_model"}
    flavor.save_model(path=str(path), **{names.get(flavor.__name__, "onnx_model"): model}, **given)
    entity = LiveEntity("id", title, EntityKind.MODEL, f"bench.models.{path.name}", 1, str(path))
    scorer = load_scorer(entity, Limits(), scratch=folder / "scratch")
    if not isinstance(scorer, NativeScorer):
        sys.exit(f"{title} is not scored in process.")
    theirs = mlflow.pyfunc.load_model(str(path))
    found: list[tuple[str, ...]] = []
    for size in SIZES:
        matrix = np.ascontiguousarray(frame.to_numpy()[:size])
        body = json.dumps({"dataframe_split": {"columns": list(frame.columns), "data": matrix.tolist()}}).encode()

        def ours(body: bytes = body, size: int = size) -> bytes:
            payload = read_payload(body, JSON, most_rows=size)
            return scorer.answer(scorer.predict(scorer.read(payload), None))

        works: list[Work] = [lambda matrix=matrix: bare(matrix), ours, lambda body=body: in_mlflow(theirs, body)]
        require_equal(title, *(work() for work in works))
        times = best_of(works)
        cells = [f"{each * 1e6:,.1f}" if each < 1e-3 else f"{each * 1e6:,.0f}" for each in times]
        found.append((title, f"{size:,}", *cells, f"{times[2] / times[1]:.1f}"))
        print(*found[-1], file=sys.stderr)
    return found


def doubles(frame: pd.DataFrame) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    return ModelSignature(Schema([ColSpec(DataType.double, name) for name in frame.columns]))


def in_mlflow(model: Any, body: bytes) -> str:
    """What ``mlflow models serve`` does with a body."""
    from mlflow.pyfunc.scoring_server import infer_and_parse_data, predictions_to_json

    data = infer_and_parse_data(json.loads(body), model.metadata.get_input_schema())
    written = io.StringIO()
    predictions_to_json(model.predict(data), written)
    return written.getvalue()


def require_equal(title: str, bare: Any, ours: bytes, theirs: str) -> None:
    expected = json.loads(theirs)["predictions"]
    plain = {name: each.tolist() for name, each in bare.items()} if isinstance(bare, dict) else bare.tolist()
    for who, answer in (("ours", json.loads(ours)), ("bare", plain)):
        if (difference := differs(expected, answer)) is not None:
            sys.exit(f"{title}: {who} answers otherwise than MLflow: {difference}")


def best_of(works: list[Work]) -> list[float]:
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for place, work in enumerate(works):
            count, began = 0, time.perf_counter()
            while (passed := time.perf_counter() - began) < ROUND_SECONDS or count < 3:
                work()
                count += 1
            best[place] = min(best[place], passed / count)
    return best


if __name__ == "__main__":
    measure() if "measure" in sys.argv else main()
