"""Endpoints as the Databricks API shows them, with what is ours beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.foundation.principals import PrincipalKind
from boathouse.serving.endpoints.access import DESCRIPTIONS, LEVELS
from boathouse.serving.endpoints.nouns import (
    CaptureTarget,
    Endpoint,
    EndpointConfig,
    EntityKind,
    ReadyState,
    ServedEntity,
    Standing,
)
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.progress import ConfigUpdate, Progress, Situation
from boathouse.serving.endpoints.repository import policy_document
from boathouse.serving.endpoints.service import Moment

Json = dict[str, Any]
_FIELDS = {PrincipalKind.USER: "user_name", PrincipalKind.GROUP: "group_name"}


def endpoint_json(endpoint: Endpoint, now: Situation, *, level: str | None = None, url: str | None = None) -> Json:
    """An endpoint; ``why``, ``policy_revision``, ``origin`` and the versions that answer are ours. While another
    configuration is on its way, ``config`` is the one that answers and ``pending_config`` the other."""
    shown: Json = {
        "id": endpoint.endpoint_id,
        "name": endpoint.name,
        "creator": endpoint.creator,
        "creation_timestamp": endpoint.created_at,
        "last_updated_timestamp": endpoint.changed_at,
        "state": {"ready": now.progress.ready.value, "config_update": now.progress.update.value},
        "config": config_json(now.answering, now),
        "tags": tags_json(endpoint.tags),
        "description": endpoint.description or "",
        "route_optimized": False,
    }
    if level is not None:
        shown["permission_level"] = level
    if url is not None:
        shown["endpoint_url"] = url
    if now.progress.update is not ConfigUpdate.NOT_UPDATING:
        shown["pending_config"] = config_json(endpoint.config, now) | {"start_time": endpoint.config.created_at}
    if now.progress.why:
        shown["why"] = now.progress.why
    if endpoint.policy_revision is not None:
        shown["policy_revision"] = endpoint.policy_revision
    if endpoint.origin:
        shown["origin"] = endpoint.origin
    if now.standing is not None:
        shown["answering"] = answering_json(now.standing)
    return shown


def config_json(config: EndpointConfig, now: Situation | None = None) -> Json:
    entities = [_entity_json(each, config, now) for each in config.entities]
    shown: Json = {
        "config_version": config.version,
        "served_entities": entities,
        "served_models": [_model_json(each) for each in entities],
        "traffic_config": {
            "routes": [
                {
                    "served_model_name": route.entity,
                    "served_entity_name": route.entity,
                    "traffic_percentage": _number(route.percent),
                }
                for route in config.routes
            ]
        },
    }
    if config.reason:
        shown["reason"] = config.reason
    if config.capture is not None:
        shown["auto_capture_config"] = capture_json(config.capture)
    return shown


def capture_json(capture: CaptureTarget) -> Json:
    return {
        "catalog_name": capture.catalog,
        "schema_name": capture.schema,
        "table_name_prefix": capture.prefix,
        "enabled": capture.is_enabled,
        "state": {"payload_table": {"name": f"{capture.prefix}_payload"}},
    }


def answering_json(standing: Standing) -> Json:
    """Which versions answer, with which share, and since when."""
    entities = {each.entity_id: each for each in standing.entities}
    return {
        "since": standing.since,
        "config_version": standing.config_version,
        "policy_revision": standing.policy_revision,
        "state": standing.state.value,
        "why": standing.why,
        "routes": [
            {
                "served_entity_id": route.entity_id,
                "served_entity_name": entities[route.entity_id].name,
                "entity_name": entities[route.entity_id].entity,
                "entity_version": entities[route.entity_id].version,
                "traffic_percentage": _number(route.percent),
                "role": route.role,
            }
            for route in standing.routes
        ],
    }


def moment_json(moment: Moment) -> Json:
    """An endpoint as it was."""
    return {
        "id": moment.endpoint_id,
        "name": moment.name,
        "config": config_json(moment.config),
        "configured_at": moment.config.created_at,
        "configured_by": moment.config.created_by,
        "policy": policy_json(moment.policy),
        "answering": answering_json(moment.standing) if moment.standing is not None else None,
    }


def policy_json(policy: EndpointPolicy) -> Json:
    return policy_document(policy)


def tags_json(tags: Mapping[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def permissions_json(endpoint: Endpoint, levels: Mapping[str, str], kinds: Mapping[str, PrincipalKind]) -> Json:
    entries: list[Json] = []
    for who, level in sorted(levels.items()):
        field = _FIELDS.get(kinds[who], "service_principal_name")
        entries.append(
            {field: who, "all_permissions": [{"permission_level": level, "inherited": False}], "display_name": who}
        )
    return {
        "object_id": f"/serving-endpoints/{endpoint.endpoint_id}",
        "object_type": "serving-endpoint",
        "access_control_list": entries,
    }


def levels_json() -> Json:
    return {
        "permission_levels": [{"permission_level": level, "description": f"{DESCRIPTIONS[level]}."} for level in LEVELS]
    }


def _entity_json(served: ServedEntity, config: EndpointConfig, now: Situation | None) -> Json:
    standing = now.standing if now is not None else None
    is_its = standing is not None and standing.config_version == config.version
    version = _answering_version(served, standing) if is_its else None
    shown: Json = {
        "name": served.name,
        "entity_name": served.entity,
        "creator": config.created_by,
        "creation_timestamp": config.created_at,
    }
    if now is not None:
        shown["state"] = _deployment(served, config, now.progress)
    if served.kind is EntityKind.FEATURE_SPEC:
        shown["feature_spec_name"] = served.entity
    if version is not None:
        shown["entity_version"] = str(version)
    elif served.version is not None:
        shown["entity_version"] = str(served.version)
    if served.alias is not None:
        shown["entity_alias"] = served.alias
        shown.setdefault("entity_version", served.alias)
    return shown


def _model_json(entity: Json) -> Json:
    """The older spelling."""
    kept = {key: value for key, value in entity.items() if not key.startswith("entity_")}
    found = {**kept, "model_name": entity["entity_name"]}
    if "entity_version" in entity:
        found["model_version"] = entity["entity_version"]
    return found


def _answering_version(served: ServedEntity, standing: Standing | None) -> int | None:
    if standing is None:
        return None
    answering = [route.entity_id for route in standing.routes if route.role != "canary"]
    found = [each for each in standing.entities if each.name == served.name and each.entity_id in answering]
    return found[0].version if found else None


def _deployment(served: ServedEntity, config: EndpointConfig, progress: Progress) -> Json:
    failure = progress.lacking.get(served.name)
    if progress.ready is ReadyState.READY and progress.answering_version == config.version:
        deployment = "DEPLOYMENT_READY"
    else:
        deployment = "DEPLOYMENT_CREATING" if failure is None else "DEPLOYMENT_FAILED"
    return {"deployment": deployment, "deployment_state_message": failure or progress.why or ""}


def _number(percent: float) -> int | float:
    return int(percent) if percent == int(percent) else percent


def history_json(standings: Sequence[Standing]) -> Json:
    return {"history": [answering_json(each) for each in standings]}
