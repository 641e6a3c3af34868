"""All gates of tier high on a million rows beside ``mlflow.models.evaluate``, each in a process of its own.

    python benchmarks/gates.py [--rows 1000000] [--model logistic|lightgbm] [--with-slices]

Metrics are compared first. SHAP and the serving check are left out on both sides. Seconds are those of reading the
rows, predicting and measuring, without imports.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from table import section

from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse, running_boathouse

PEERS = Path(__file__).parent / "peers"
ROWS, FEATURES, SLICES, TRAINING_ROWS = 1_000_000, 20, 10, 100_000
GOAL = 5
MODELS = {"logistic": "logistic regression", "lightgbm": "LightGBM with 100 trees"}
NAMES = {
    "log_loss": "log_loss",
    "auc": "roc_auc",
    "accuracy": "accuracy_score",
    "f1": "f1_score",
    "precision": "precision_score",
    "recall": "recall_score",
}
"""Our metrics by MLflow's names; its precision_recall_auc is the trapezoids' area, which average precision is not."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--with-slices", action="store_true", help="ask MLflow of each slice, too, which takes long")
    parser.add_argument("--model", choices=MODELS, default="logistic")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_boathouse(Path(name)) as server:
        folder = Path(name)
        plan = prepare(folder, server, given.rows, given.model)
        ours = run("gates_ours.py", plan, folder, server)
        print(json.dumps({name: each for name, each in ours.items() if name != "metrics"}), file=sys.stderr)
        mlflow = run("gates_mlflow.py", {**plan, "slices": []}, folder, server)
        print(json.dumps(mlflow["cost"]), file=sys.stderr)
        sliced = run("gates_mlflow.py", plan, folder, server) if given.with_slices else None
    require_equal(ours["metrics"], mlflow["metrics"])
    print(report(given.rows, MODELS[given.model], ours, mlflow, sliced))


def prepare(folder: Path, server: LocalBoathouse, rows: int, kind: str) -> dict[str, Any]:
    """Rows as a governed table and as Parquet, and two models: the champion has seen half of the features."""
    frame, training = make_rows(rows, seed=1), make_rows(TRAINING_ROWS, seed=2)
    session = connected_session(Connection(server.url, server.token))
    session.sql("CREATE SCHEMA IF NOT EXISTS dev.bench")
    session.write_table("dev.bench.judged", frame)
    session.write_table("dev.bench.seen", training)
    frame.write_parquet(folder / "judged.parquet")
    features = [f"f{number}" for number in range(FEATURES)]
    return {
        "model": "dev.bench.gated",
        "models": {
            "1": fitted(folder / "champion", training, features[: FEATURES // 2], kind),
            "2": fitted(folder / "candidate", training, features, kind),
        },
        "features": features,
        "label": "label",
        "slice": "region",
        "slices": sorted(frame["region"].unique()),
        "parquet": str(folder / "judged.parquet"),
        "requirements": {
            "objective": "Measure the gates.",
            "decision": "Whether they are fast enough.",
            "owner": "bench",
            "success": {"metric": "seconds", "proxy": "log_loss"},
            "risk_tier": "high",
            "evaluation": {
                "table": "dev.bench.judged",
                "training_table": "dev.bench.seen",
                "label": "label",
                "keys": ["row"],
            },
            "slices": ["region"],
            "cost_matrix": {"true_positive": 20, "false_positive": -10, "false_negative": -30},
            "gates": {
                "fairness": {"attributes": ["region"]},
                "point_in_time": {"without_features": True, "reason": "The rows bring all columns."},
            },
        },
    }


def make_rows(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    values = random.normal(0, 1, (rows, FEATURES))
    weights = np.random.default_rng(0).normal(0, 0.5, FEATURES)
    logit = values @ weights + 0.5 * values[:, 0] * values[:, 1] - 1
    columns = {f"f{number}": values[:, number] for number in range(FEATURES)}
    return pl.DataFrame(
        {
            "row": np.arange(rows) + seed * 10**9,
            **columns,
            "region": np.char.add("r", random.integers(0, SLICES, rows).astype(str)),
            "label": (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64),
        }
    )


def fitted(place: Path, training: pl.DataFrame, features: list[str], kind: str) -> str:
    """A classifier by the scikit-learn flavour: the one that MLflow asks for probabilities when it evaluates."""
    import mlflow.sklearn
    from mlflow.models import infer_signature

    sample = training.select(features).to_pandas()
    model = _classifier(kind).fit(sample, training["label"].to_numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = infer_signature(sample.head(), model.predict(sample.head()))
        mlflow.sklearn.save_model(
            model, place, signature=signature, pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
        )
    return str(place)


def _classifier(kind: str) -> Any:
    if kind == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=100, num_leaves=31, verbose=-1, random_state=0)
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1000))


def run(script: str, plan: dict[str, Any], folder: Path, server: LocalBoathouse) -> dict[str, Any]:
    """Run a contender in a process of its own; what it found, and what it cost."""
    asked, result = folder / "plan.json", folder / "result.json"
    asked.write_text(json.dumps(plan))
    environment = {**os.environ, **server.environment(), "PYTHONPATH": str(PEERS)}
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, PEERS / script, asked, result], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    cost = next(json.loads(line) for line in reversed(done.stdout.splitlines()) if line.startswith('{"seconds"'))
    return {**json.loads(result.read_text()), "cost": cost}


def require_equal(ours: dict[str, float], theirs: dict[str, float]) -> None:
    for own, name in NAMES.items():
        if not np.isclose(ours[own], theirs[name], rtol=1e-9):
            sys.exit(f"{own} is {ours[own]}, and MLflow says {theirs[name]}.")


def report(rows: int, model: str, ours: dict[str, Any], mlflow: dict[str, Any], sliced: dict[str, Any] | None) -> str:
    base = ours["cost"]["seconds"]
    lines = [
        (f"Boathouse: all gates of tier high, {SLICES} slices, champion and candidate, 1,000 replicates", ours, ""),
        ("`mlflow.models.evaluate`, candidate alone, all rows", mlflow, f"at least {GOAL} times"),
    ]
    if sliced is not None:
        lines.append((f"`mlflow.models.evaluate`, candidate alone, all rows and each of {SLICES} slices", sliced, ""))
    table = [
        [
            name,
            f"{each['cost']['seconds']:.1f}",
            f"{each['cost']['cpu_seconds']:.1f}",
            f"{each['cost']['peak_gb']:.1f}",
            f"{each['cost']['seconds'] / base:.1f}",
            f"{each['cost']['cpu_seconds'] / ours['cost']['cpu_seconds']:.1f}",
            goal,
        ]
        for name, each, goal in lines
    ]
    slowest = sorted(ours["seconds"].items(), key=lambda each: -each[1])[:8]
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest)
    note = (
        f"Equal first: {', '.join(NAMES)}. Without SHAP and serving checks on both sides. Ours gave "
        f"{ours['measurements']} measurements with their verdicts ({_counted(ours['verdicts'])}); intervals by the "
        f"paired bootstrap. Processor seconds of ours: {parts}. Load {os.getloadavg()[0]:.1f}."
    )
    header = ["", "seconds", "processor seconds", "peak GB", "times ours", "times ours, processor", "goal"]
    return section(f"Gates: {rows:,} rows, {FEATURES} features, {model}", header, table, note)


def _counted(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())


if __name__ == "__main__":
    main()
