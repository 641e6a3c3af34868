"""``mlflow.models.evaluate`` over the same rows: one contender of ``gates.py``.

python gates_mlflow.py PLAN RESULT
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import pandas as pd
import sklearn.impute
import sklearn.linear_model
import sklearn.metrics  # noqa: F401
from measured import measured


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    plt.switch_backend("agg")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("gates", artifact_location=Path(folder, "artifacts").as_uri())
        mlflow.set_experiment("gates")

        def evaluate(rows: pd.DataFrame) -> dict[str, float]:
            with mlflow.start_run():
                found = mlflow.models.evaluate(
                    plan["models"]["2"],
                    rows[[*plan["features"], plan["label"]]],
                    targets=plan["label"],
                    model_type="classifier",
                    evaluators="default",
                    evaluator_config={"log_explainer": False, "log_model_explainability": False},
                )
            return {name: float(value) for name, value in found.metrics.items()}

        def work() -> dict[str, object]:
            rows = pd.read_parquet(plan["parquet"])
            found: dict[str, object] = {"metrics": evaluate(rows)}
            if plan["slices"]:
                for value in plan["slices"]:
                    evaluate(rows[rows[plan["slice"]] == value])
            return found

        Path(sys.argv[2]).write_text(json.dumps(measured(work)))


if __name__ == "__main__":
    main()
