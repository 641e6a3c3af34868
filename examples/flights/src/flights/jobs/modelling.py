"""Training: what comes of it is judged by the deployment job, by the rules in ``boathouse.yml``."""

import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import mlflow
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

import boathouse as bh
import flights
from boathouse.features import FeatureEngineeringClient, TrainingSet
from boathouse.features.certificate import Certificate
from boathouse.features.training.leak_signals import LeakReport
from flights.columns import CATEGORIES, FEATURES, NUMBERS
from flights.jobs.arguments import Arguments
from flights.jobs.store import NOT_SEEN, features
from flights.training import PARAMETERS, ROUNDS, Trained, shuffled, train

SOURCE = Path(flights.__file__).parent
SIGNATURE = ModelSignature(
    inputs=Schema([*(ColSpec("string", name) for name in CATEGORIES), *(ColSpec("double", name) for name in NUMBERS)]),
    outputs=Schema([ColSpec("double", "late_probability")]),
)


def train_model() -> None:
    """Learn from what had landed before the evaluation month, and register the result as ``challenger``."""
    arguments = Arguments.read()
    windows = arguments.windows
    # In one order, so that the same data gives the same trees.
    examples = bh.table(arguments.table("examples")).pl().sort("asked_at", "flight_id")
    if arguments.shuffle_labels:
        examples = shuffled(examples)
    training_set = FeatureEngineeringClient().create_training_set(
        df=examples, feature_lookups=features(arguments.schema), label="late", exclude_columns=NOT_SEEN
    )
    seen = training_set.load_df()
    mlflow.autolog(disable=True, silent=True)  # what is worth keeping is logged below, and not a second time
    mlflow.set_experiment(arguments.experiment)
    # Trees grow in one thread: what they learn from is looked into meanwhile. They are kept only if it stands that.
    with mlflow.start_run(run_name=f"until {windows.train_until:%Y-%m-%d}") as run, ThreadPoolExecutor(1) as aside:
        looked_into = aside.submit(_looked_into, training_set)
        trained = train(seen)
        certificate, signals = looked_into.result()
        print(certificate)
        print(signals)
        mlflow.log_params(PARAMETERS | {"rounds": ROUNDS, "train_until": windows.train_until.isoformat()})
        mlflow.log_metrics({"train_rows": trained.rows, "train_late_share": trained.late_share})
        _log_curve(run.info.run_id, trained)
        mlflow.log_text(signals.to_json(), "leak_signals.json")
        _log_importance(trained)
        made = _register(arguments, trained, training_set)
        print(f"{arguments.model} version {made} from {trained.rows:,} flights, run {run.info.run_id}")


def _looked_into(training_set: TrainingSet) -> tuple[Certificate, LeakReport]:
    """The proof that each row holds what was known at its instant, and signs that it holds more."""
    return training_set.certify().require(), training_set.leak_signals()


def _register(arguments: Arguments, trained: Trained, training_set: TrainingSet) -> str:
    with tempfile.TemporaryDirectory() as folder:
        trees, vocabulary = Path(folder, "trees.txt"), Path(folder, "vocabulary.json")
        trained.booster.save_model(trees)
        vocabulary.write_text(json.dumps(trained.vocabulary))
        info = FeatureEngineeringClient().log_model(
            model=str(SOURCE / "delay_model.py"),
            flavor=mlflow.pyfunc,
            training_set=training_set,
            name="model",
            code_paths=[str(SOURCE)],
            artifacts={"trees": str(trees), "vocabulary": str(vocabulary)},
            signature=SIGNATURE,
            input_example=training_set.head(5).select(FEATURES).to_pandas(),
            pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", "lightgbm", "numpy", "pandas")],
            registered_model_name=arguments.model,
        )
    client, made = mlflow.MlflowClient(), str(info.registered_model_version)
    client.set_model_version_tag(arguments.model, made, "train_until", arguments.windows.train_until.isoformat())
    client.set_registered_model_alias(arguments.model, "challenger", made)
    return made


def _log_curve(run_id: str, trained: Trained) -> None:
    now = int(time.time() * 1000)
    curve = [Metric("training_log_loss", loss, now, step) for step, loss in enumerate(trained.losses)]
    mlflow.MlflowClient().log_batch(run_id, metrics=curve)


def _log_importance(trained: Trained) -> None:
    gains = trained.booster.feature_importance("gain")
    order = sorted(zip(FEATURES, gains.tolist(), strict=True), key=lambda pair: -pair[1])
    mlflow.log_dict(dict(order), "importance.json")
