"""Rows of MLflow's database for what was made elsewhere. MLflow's stores give ids and numbers of their own; what is
imported keeps those it had, so these rows are written through MLflow's tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.models.stores import MlflowStores


def has_run(stores: MlflowStores, run_id: str) -> bool:
    from mlflow.store.tracking.dbmodels.models import SqlRun

    with stores.tracking.ManagedSessionMaker() as session:
        return session.get(SqlRun, run_id) is not None


def has_logged_model(stores: MlflowStores, model_id: str) -> bool:
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel

    with stores.tracking.ManagedSessionMaker() as session:
        return session.get(SqlLoggedModel, model_id) is not None


def has_version(stores: MlflowStores, name: str, version: int) -> bool:
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion

    with stores.registry.ManagedSessionMaker() as session:
        return session.query(SqlModelVersion).filter_by(name=name, version=version).first() is not None


def add_run(
    stores: MlflowStores,
    run: Any,
    experiment_id: str,
    artifact_uri: str,
    history: Sequence[Any],
    tags: Mapping[str, str],
) -> None:
    """A run with all that it has logged, in one transaction."""
    from mlflow.entities import SourceType
    from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag

    run_id, info = run.info.run_id, run.info
    with stores.tracking.ManagedSessionMaker(read_only=False) as session:
        session.add(
            SqlRun(
                run_uuid=run_id,
                name=info.run_name,
                source_type=SourceType.to_string(SourceType.UNKNOWN),
                source_name="",
                entry_point_name="",
                user_id=info.user_id,
                status=info.status,
                start_time=info.start_time,
                end_time=info.end_time,
                source_version="",
                lifecycle_stage=info.lifecycle_stage,
                artifact_uri=artifact_uri,
                experiment_id=int(experiment_id),
            )
        )
        session.flush()
        session.add_all(SqlParam(run_uuid=run_id, key=key, value=value) for key, value in run.data.params.items())
        session.add_all(SqlTag(run_uuid=run_id, key=key, value=value) for key, value in tags.items())
        points = {(each.key, each.timestamp, each.step, repr(each.value)): each for each in history}
        session.add_all(SqlMetric(run_uuid=run_id, **_point(each)) for each in points.values())
        latest: dict[str, Any] = {}
        for each in points.values():
            now = latest.get(each.key)
            if now is None or (each.step, each.timestamp, each.value) >= (now.step, now.timestamp, now.value):
                latest[each.key] = each
        session.add_all(SqlLatestMetric(run_uuid=run_id, **_point(each)) for each in latest.values())


def add_logged_model(
    stores: MlflowStores, model: Any, experiment_id: str, location: str, tags: Mapping[str, str]
) -> None:
    """A logged model with its parameters and tags."""
    from mlflow.store.tracking.dbmodels.models import SqlLoggedModel, SqlLoggedModelParam, SqlLoggedModelTag

    ids = {"model_id": model.model_id, "experiment_id": int(experiment_id)}
    with stores.tracking.ManagedSessionMaker(read_only=False) as session:
        session.add(
            SqlLoggedModel(
                **ids,
                name=model.name,
                artifact_location=location,
                creation_timestamp_ms=model.creation_timestamp,
                last_updated_timestamp_ms=model.last_updated_timestamp,
                status=model.status.to_int(),
                model_type=model.model_type,
                source_run_id=model.source_run_id,
                status_message=model.status_message,
            )
        )
        session.flush()
        session.add_all(SqlLoggedModelParam(**ids, param_key=key, param_value=value) for key, value in model.params.items())  # fmt: skip  # noqa: E501
        session.add_all(SqlLoggedModelTag(**ids, tag_key=key, tag_value=value) for key, value in tags.items())


def add_version(stores: MlflowStores, version: Any, name: str, source: str, tags: Mapping[str, str]) -> None:
    """A model version under the number that it had."""
    from mlflow.store.model_registry.dbmodels.models import SqlModelVersion, SqlModelVersionTag

    number = int(version.version)
    with stores.registry.ManagedSessionMaker(read_only=False) as session:
        session.add(
            SqlModelVersion(
                name=name,
                version=number,
                creation_time=version.creation_timestamp,
                last_updated_time=version.last_updated_timestamp,
                description=version.description,
                user_id=version.user_id,
                current_stage=version.current_stage,
                source=source,
                run_id=version.run_id,
                run_link=version.run_link,
                status=version.status,
                status_message=version.status_message,
            )
        )
        session.flush()
        session.add_all(
            SqlModelVersionTag(name=name, version=number, key=key, value=value) for key, value in tags.items()
        )


def _point(metric: Any) -> dict[str, Any]:
    is_nan = math.isnan(metric.value)
    value = 0.0 if is_nan else max(min(metric.value, 1.7976931348623157e308), -1.7976931348623157e308)
    return {"key": metric.key, "value": value, "timestamp": metric.timestamp, "step": metric.step, "is_nan": is_nan}
