"""Shows an evaluation on the MLflow run of its version: numbers as metrics, pictures and tables as artifacts."""

import json
import logging
import math
import re
from pathlib import Path

from boathouse.models.deployment.evaluated import Evaluated, summary
from boathouse.models.evaluation.run_facts import EVALUATION_PREFIX

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


def log_card(name: str, version: int, page: bytes) -> bool:
    """Keep the card as it was at a promotion with the version's run; whether that could be done."""
    import mlflow
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    try:
        run_id = client.get_model_version(name, str(version)).run_id
        if not run_id:
            return False
        client.log_text(run_id, page.decode(), f"{EVALUATION_PREFIX}card-{version}.html")
    except MlflowException as error:
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
