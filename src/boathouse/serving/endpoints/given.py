"""Endpoints as clients send them, in the Databricks shapes, and what they mean here."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import FunctionName, InvalidName, ModelName, SchemaName
from boathouse.foundation.shapes import DoesNotFit, Problem, Shape, Unused
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind, Route, ServedEntity, Wanted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_ALIAS = re.compile(r"(?!-?[0-9]+$)[\w\-]{1,255}")
_WHOLE = 100.0
_CLOSE = 1e-6


class ServedEntityGiven(Shape):
    """One thing that shall answer. ``entity_version`` is a number or an alias; a feature spec has neither."""

    name: str | None = None
    entity_name: str | None = Field(default=None, min_length=1)
    entity_version: str | int | None = None
    entity_alias: str | None = None
    workload_size: Unused = None
    workload_type: Unused = None
    scale_to_zero_enabled: Unused = None
    environment_vars: Unused = None
    instance_profile_arn: Unused = None
    min_provisioned_throughput: Unused = None
    max_provisioned_throughput: Unused = None
    min_provisioned_concurrency: Unused = None
    max_provisioned_concurrency: Unused = None
    provisioned_model_units: Unused = None
    burst_scaling_enabled: Unused = None
    external_model: Any = None
    foundation_model: Any = None

    @model_validator(mode="after")
    def _is_ours(self) -> "ServedEntityGiven":
        if self.external_model is not None or self.foundation_model is not None:
            raise ValueError("only registered models and feature specs are served here, no models of somebody else's.")
        if self.entity_name is None:
            raise ValueError("entity_name is required: the full name of a registered model or of a feature spec.")
        return self


class ServedModelGiven(Shape):
    """The older spelling."""

    name: str | None = None
    model_name: str = Field(min_length=1)
    model_version: str | int | None = None
    workload_size: Unused = None
    workload_type: Unused = None
    scale_to_zero_enabled: Unused = None
    environment_vars: Unused = None
    instance_profile_arn: Unused = None
    min_provisioned_throughput: Unused = None
    max_provisioned_throughput: Unused = None
    min_provisioned_concurrency: Unused = None
    max_provisioned_concurrency: Unused = None
    provisioned_model_units: Unused = None
    burst_scaling_enabled: Unused = None


class RouteGiven(Shape):
    served_entity_name: str | None = None
    served_model_name: str | None = None
    traffic_percentage: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _names_one(self) -> "RouteGiven":
        if not self.served_entity_name and not self.served_model_name:
            raise ValueError("served_entity_name is required.")
        return self

    @property
    def entity(self) -> str:
        return self.served_entity_name or self.served_model_name or ""


class TrafficGiven(Shape):
    routes: list[RouteGiven] = Field(default_factory=list[RouteGiven])


class AutoCaptureGiven(Shape):
    """Without names: the schema of the first entity, and the endpoint's name."""

    catalog_name: str | None = None
    schema_name: str | None = None
    table_name_prefix: str | None = None
    enabled: bool = True


class ConfigGiven(Shape):
    """What an endpoint shall serve."""

    name: Unused = None
    served_entities: list[ServedEntityGiven] | None = None
    served_models: list[ServedModelGiven] | None = None
    traffic_config: TrafficGiven | None = None
    auto_capture_config: AutoCaptureGiven | None = None


class TagGiven(Shape):
    key: str = Field(min_length=1)
    value: str | None = None


class RateLimitGiven(Shape):
    """Requests of one principal in a while."""

    calls: int = Field(ge=1)
    renewal_period: str = "minute"
    key: str = "user"
    principal: Unused = None
    tokens: Unused = None

    @model_validator(mode="after")
    def _is_known(self) -> "RateLimitGiven":
        if self.renewal_period != "minute":
            raise ValueError("renewal_period is minute.")
        if self.key != "user":
            raise ValueError("key is user: a limit holds for each principal; concurrency and queue limit the endpoint.")
        return self


class EndpointGiven(Shape):
    """A new endpoint."""

    name: str
    config: ConfigGiven
    tags: list[TagGiven] = Field(default_factory=list[TagGiven])
    description: str | None = None
    rate_limits: list[RateLimitGiven] | None = None
    route_optimized: Unused = None
    ai_gateway: Unused = None
    budget_policy_id: Unused = None
    usage_policy_id: Unused = None
    email_notifications: Unused = None
    telemetry_config: Unused = None


def endpoint_name(text: str) -> str:
    """
    Raises:
        InvalidInput: No endpoint can be called that.
    """
    if not _NAME.fullmatch(text):
        raise InvalidInput(
            f"{text[:80]!r} is no name for an endpoint.",
            hint="Use 1 to 63 letters, digits, dashes and underscores; the first is a letter or a digit.",
        )
    return text


def wanted_of(given: ConfigGiven, name: str, *, kept: CaptureTarget | None = None) -> Wanted:
    """What a configuration means.

    Args:
        name: Of the endpoint, after which the inference table is called.
        kept: Where answers are kept so far, for a change that says nothing of it.

    Raises:
        DoesNotFit: It contradicts itself; everything that is wrong is listed.
    """
    problems: list[Problem] = []
    entities = _entities(given, problems)
    routes = _routes(given.traffic_config, entities, problems)
    capture = kept if given.auto_capture_config is None else _capture(given.auto_capture_config, entities, name)
    if problems:
        raise DoesNotFit(f"The configuration of endpoint {name}", problems)
    return Wanted(tuple(entities), routes, capture)


def default_capture(entities: Sequence[ServedEntity], name: str) -> CaptureTarget | None:
    """Where answers are kept when nobody has said where: beside the first model."""
    if not entities:
        return None
    catalog, schema, _ = entities[0].entity.split(".")
    return CaptureTarget(catalog, schema, name.replace("-", "_"))


def requests_per_second(limits: Sequence[RateLimitGiven]) -> float | None:
    """The strictest of the limits."""
    return min((each.calls / 60 for each in limits), default=None)


def _entities(given: ConfigGiven, problems: list[Problem]) -> list[ServedEntity]:
    if given.served_entities is not None and given.served_models is not None:
        problems.append(Problem(("served_models",), "say either served_entities or served_models."))
        return []
    section = "served_models" if given.served_models is not None else "served_entities"
    asked = given.served_entities or [
        ServedEntityGiven(name=each.name, entity_name=each.model_name, entity_version=each.model_version)
        for each in given.served_models or ()
    ]
    if not asked:
        problems.append(Problem((section,), "an endpoint serves at least one entity."))
    found: list[ServedEntity] = []
    for place, each in enumerate(asked):
        try:
            entity = _entity(each)
        except InvalidInput as error:
            problems.append(Problem((section, place), error.message, error.hint))
            continue
        if any(entity.name == other.name for other in found):
            problems.append(Problem((section, place, "name"), f"another entity is named {entity.name!r}."))
        found.append(entity)
    return found


def _entity(given: ServedEntityGiven) -> ServedEntity:
    version, alias = _version(given)
    if version is None and alias is None:
        full_name = str(FunctionName.parse(given.entity_name or ""))
        name = given.name or full_name.rpartition(".")[2]
        return ServedEntity(_entity_name(name), EntityKind.FEATURE_SPEC, full_name)
    full_name = _model(given.entity_name or "")
    name = given.name or f"{full_name.rpartition('.')[2]}-{version if version is not None else alias}"
    return ServedEntity(_entity_name(name), EntityKind.MODEL, full_name, version, alias)


def _version(given: ServedEntityGiven) -> tuple[int | None, str | None]:
    text = "" if given.entity_version is None else str(given.entity_version).strip()
    if text and given.entity_alias:
        raise InvalidInput("entity_version and entity_alias cannot both be said.")
    if text.isdecimal():
        if not 0 < int(text) < 2**31:
            raise InvalidInput(f"{text} is no version: they count from 1.")
        return int(text), None
    alias = given.entity_alias or text or None
    if alias is not None and not _ALIAS.fullmatch(alias):
        raise InvalidInput(f"{alias[:80]!r} is neither a version nor an alias.")
    return None, alias


def _model(text: str) -> str:
    try:
        return str(ModelName.parse(text))
    except InvalidName as error:
        raise InvalidInput(error.message, hint="Write catalog.schema.model.") from error


def _entity_name(text: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,255}", text):
        raise InvalidInput(f"{text[:80]!r} is no name for an entity: letters, digits, dots, dashes and underscores.")
    return text


def _routes(given: TrafficGiven | None, entities: list[ServedEntity], problems: list[Problem]) -> tuple[Route, ...]:
    routes = given.routes if given is not None else []
    if not routes:
        if len(entities) > 1:
            problems.append(Problem(("traffic_config",), "several entities need routes that share the traffic."))
        return tuple(Route(each.name, _WHOLE) for each in entities[:1])
    known = [each.name for each in entities]
    for place, route in enumerate(routes):
        where = ("traffic_config", "routes", place)
        if route.entity not in known:
            problems.append(Problem(where, f"no entity is named {route.entity!r}.", did_you_mean(route.entity, known)))
        if any(route.entity == other.entity for other in routes[:place]):
            problems.append(Problem(where, f"{route.entity!r} has a share already."))
    total = sum(route.traffic_percentage for route in routes)
    if abs(total - _WHOLE) > _CLOSE:
        problems.append(Problem(("traffic_config", "routes"), f"the shares sum to {total:g}, and must sum to 100."))
    return tuple(Route(each.entity, each.traffic_percentage) for each in routes)


def _capture(given: AutoCaptureGiven, entities: list[ServedEntity], name: str) -> CaptureTarget | None:
    default = default_capture(entities, name)
    if default is None and (given.catalog_name is None or given.schema_name is None):
        return None
    catalog = given.catalog_name or (default.catalog if default else "")
    schema = given.schema_name or (default.schema if default else "")
    parsed = SchemaName(catalog, schema)
    prefix = given.table_name_prefix or name.replace("-", "_")
    return CaptureTarget(parsed.catalog, parsed.schema, prefix.lower(), given.enabled)
