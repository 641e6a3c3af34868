# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What MLflow knows of the run that made a version, asked with the rights of whoever evaluates."""

import json
from typing import Any

from boathouse.foundation.names import ModelName
from boathouse.models.artifact_addresses import EVALUATION_PREFIX
from boathouse.models.evaluation.case import RunFacts
from boathouse.models.feature_models import asked


def run_facts(model: ModelName, version: int) -> RunFacts | None:
    """Parameters, every metric's history, tags and the tables that were read; None when no run made the version.

    Raises:
        NotFound, Denied: There is no such version or run, or the principal may not see it.
    """
    import mlflow

    client = mlflow.MlflowClient()
    run_id = asked(lambda: client.get_model_version(str(model), str(version))).run_id
    if not run_id:
        return None
    run = asked(lambda: client.get_run(run_id))
    # What evaluations have logged on the run afterwards is nothing that training has logged.
    names = [name for name in run.data.metrics if not name.startswith(EVALUATION_PREFIX)]
    histories = {name: _history(client, run_id, name) for name in names}
    return RunFacts(
        run_id,
        dict(run.data.params),
        histories,
        dict(run.data.tags),
        tuple(dict.fromkeys(found for each in _datasets(run) if (found := _table(each)) is not None)),
    )


def _history(client: Any, run_id: str, metric: str) -> list[tuple[int, float]]:
    found = asked(lambda: client.get_metric_history(run_id, metric))
    return sorted((int(each.step), float(each.value)) for each in found)


def _datasets(run: Any) -> list[Any]:
    inputs = getattr(run, "inputs", None)
    return [each.dataset for each in inputs.dataset_inputs] if inputs is not None else []


def _table(dataset: Any) -> tuple[str, int] | None:
    """Name and version of the table behind a dataset, where it is one."""
    try:
        source = json.loads(dataset.source)
        return str(source["delta_table_name"]), int(source["delta_table_version"])
    except (KeyError, TypeError, ValueError):
        return None
