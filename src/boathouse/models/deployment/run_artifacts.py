"""Shows an evaluation on the MLflow run of its version: numbers as metrics, pictures and tables as artifacts."""

import json
import logging
import math
import re
from pathlib import Path
from urllib.parse import quote

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.rest import RestClient
from boathouse.models.artifact_addresses import EVALUATION_PREFIX, FILES, artifact_path
from boathouse.models.deployment.evaluated import Evaluated, summary

log = logging.getLogger(__name__)
_NO_NAME = re.compile(r"[^\w\-. :/]")


def log_evaluation(done: Evaluated, scratch: Path) -> bool:
    """Log what an evaluation has found; whether that could be done. Evidence is what counts: this only shows it."""
    if done.mlflow_run is None:
        return False
    import mlflow
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException
    from mlflow.utils.time import get_current_time_millis

    client = mlflow.MlflowClient()
    now = get_current_time_millis()
    folder = f"{EVALUATION_PREFIX}{done.evaluation.evaluation_id}"
    try:
        metrics = [Metric(name, value, now, 0) for name, value in numbers(done).items()]
        if metrics:
            client.log_batch(done.mlflow_run, metrics=metrics)
        (scratch / "evidence.json").write_text(json.dumps(_shown(done), indent=2, ensure_ascii=False))
        client.log_artifacts(done.mlflow_run, str(scratch), folder)
    except MlflowException as error:
        log.warning("The evaluation could not be shown on run %s: %s", done.mlflow_run, error)
        return False
    return True


def log_card(client: RestClient, name: str, version: int, page: bytes) -> bool:
    """Keep the card as it was at a promotion with the version's run; whether that could be done.

    By MLflow's REST: its client takes seconds to import, and this is all that a task of a promotion would use it for.
    """
    try:
        found = client.get("/api/2.0/mlflow/model-versions/get", name=name, version=str(version))["model_version"]
        if not (run_id := found.get("run_id")):
            return False
        run = client.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]
        if (folder := artifact_path(run["info"]["artifact_uri"])) is None:
            return False
        path = quote(f"{folder}/{EVALUATION_PREFIX}card-{version}.html")
        client.send("PUT", f"{FILES}/artifacts/{path}", content=page)
    except BoathouseError as error:
        log.warning("The card of version %d of %s could not be kept with its run: %s", version, name, error)
        return False
    return True


def numbers(done: Evaluated) -> dict[str, float]:
    """The values over all rows, by name."""
    return {
        f"{EVALUATION_PREFIX}{_NO_NAME.sub('_', f'{each.gate}/{each.metric}')}": each.value
        for each in done.measurements
        if each.slice is None and each.value is not None and math.isfinite(each.value)
    }


def _shown(done: Evaluated) -> dict[str, object]:
    return {"evaluation_id": done.evaluation.evaluation_id, "evidence": summary(done.evidence)}
