"""A run as JSON, with the whole history of its metrics, and a run made anew from that."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from boathouse.models.approval.tagging import is_approval_key
from boathouse.models.archives.nouns import ArchiveDamaged
from boathouse.models.runs import RESERVED_PREFIX, USER_TAG
from boathouse.models.stores import MlflowStores

Json = dict[str, Any]

IMPORTED_FROM = "boathouse.imported_from"
IMPORTED_SIGNER = "boathouse.imported_signer"
IMPORTED_ARCHIVE = "boathouse.imported_archive"
ORIGIN_PREFIX = "origin."
"""Of tags that the other server has written, so that nobody takes them for this one's."""
_LONGEST_KEY = 250
_BATCH = 100
_METRICS_BATCH = 1000
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def run_json(stores: MlflowStores, run_id: str) -> Json:
    """Everything that MLflow knows of a run but its artifacts."""
    run = stores.call(lambda: stores.tracking.get_run(run_id))
    histories = {
        key: [[each.step, each.timestamp, _written(each.value)] for each in _history(stores, run_id, key)]
        for key in sorted(run.data.metrics)
    }
    inputs = run.inputs.dataset_inputs if run.inputs is not None else []
    return {
        "run_id": str(run.info.run_id),
        "name": run.info.run_name,
        "status": str(run.info.status),
        "started_at": run.info.start_time,
        "ended_at": run.info.end_time,
        "parameters": dict(run.data.params),
        "metrics": histories,
        "tags": {str(key): str(value) for key, value in dict(run.data.tags).items()},
        "datasets": sorted([str(each.dataset.name), str(each.dataset.digest)] for each in inputs),
    }


def begin_run(stores: MlflowStores, experiment_id: str, told: Json, tags: Mapping[str, str]) -> str:
    """A run with the name and the time of another, and tags of this server's; its id."""
    from mlflow.entities import RunTag

    given = [RunTag(key, value) for key, value in tags.items()]
    name = told.get("name")
    run = stores.call(
        lambda: stores.tracking.create_run(
            experiment_id,
            tags.get(USER_TAG, ""),
            _instant(told, "started_at"),
            given,
            name if isinstance(name, str) else None,
        )
    )
    return str(run.info.run_id)


def fill_run(stores: MlflowStores, run_id: str, told: Json, tags: Mapping[str, str]) -> None:
    """Give a run the parameters, metrics and tags of another, but for those in ``tags``, and end it."""
    from mlflow.entities import Metric, Param, RunStatus, RunTag

    foreign = renamed_tags(_texts(told, "tags"))
    for part in _parts(list(_texts(told, "parameters").items()), _BATCH):
        params = [Param(key, value) for key, value in part]
        stores.call(lambda: stores.tracking.log_batch(run_id, [], params, []))  # noqa: B023
    for part in _parts(list(_metrics(told)), _METRICS_BATCH):
        values = [Metric(key, value, at, step) for key, step, at, value in part]
        stores.call(lambda: stores.tracking.log_batch(run_id, values, [], []))  # noqa: B023
    for part in _parts([(key, value) for key, value in foreign.items() if key not in tags], _BATCH):
        labels = [RunTag(key, value) for key, value in part]
        stores.call(lambda: stores.tracking.log_batch(run_id, [], [], labels))  # noqa: B023
    status = RunStatus.from_string(str(told.get("status"))) if told.get("status") in _ENDED else RunStatus.FINISHED
    stores.call(lambda: stores.tracking.update_run_info(run_id, status, _instant(told, "ended_at"), None))


def renamed_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as they may stand here: what a server writes about itself gets a name that says that it was another."""
    found: dict[str, str] = {}
    for key, value in tags.items():
        servers = key.startswith(("mlflow.", RESERVED_PREFIX)) or is_approval_key(key)
        name = f"{ORIGIN_PREFIX}{key}" if servers else key
        if key != "mlflow.runName" and len(name) <= _LONGEST_KEY:
            found[name] = value
    return found


_ENDED = ("FINISHED", "FAILED", "KILLED")


def _history(stores: MlflowStores, run_id: str, key: str) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = stores.call(
            lambda: stores.tracking.get_metric_history(run_id, key, max_results=10_000, page_token=token)  # noqa: B023
        )
        yield from page
        token = page.token
        if not token:
            return


def _metrics(told: Json) -> Iterator[tuple[str, int, int, float]]:
    try:
        for key, history in cast(dict[str, Any], told["metrics"]).items():
            for step, at, value in history:
                yield str(key), int(step), int(at), _SPELLED[value] if isinstance(value, str) else float(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged("metrics") from error


def _texts(told: Json, what: str) -> dict[str, str]:
    found = told.get(what)
    if not isinstance(found, dict):
        raise _damaged(what)
    return {str(key): str(value) for key, value in cast(dict[str, Any], found).items()}


def _instant(told: Json, what: str) -> int:
    found = told.get(what)
    return found if isinstance(found, int) else 0


def _damaged(what: str) -> ArchiveDamaged:
    return ArchiveDamaged(f"The {what} of the run in the archive cannot be read.", hint="Export it again.")


def _written(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
