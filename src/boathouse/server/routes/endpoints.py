"""Endpoints in the shapes of the Databricks serving API: ``/api/2.0/serving-endpoints``, and their permissions. What
Databricks has no call for is below ``/api/boathouse/v1/endpoints``.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import Shape, fit
from boathouse.server.authentication import Caller
from boathouse.server.routes.job_shapes import Given, example, ignored
from boathouse.serving.answering.states import read_workers
from boathouse.serving.endpoints import wire
from boathouse.serving.endpoints.capturing import with_default_capture
from boathouse.serving.endpoints.given import ConfigGiven, EndpointGiven, RateLimitGiven, TagGiven, wanted_of
from boathouse.serving.endpoints.logs import lines_about
from boathouse.serving.endpoints.nouns import Endpoint
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.service import Endpoints, NewEndpoint, with_rate_limits

_CONFIG: dict[str, Any] = {
    "served_entities": [{"entity_name": "prod.flights.delay", "entity_version": "champion"}],
}
_NEW: dict[str, Any] = {"name": "delays", "config": _CONFIG, "tags": [{"key": "team", "value": "flights"}]}
_FOUND: dict[str, Any] = {
    "id": "7c0a...",
    "name": "delays",
    "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
    "config": {"config_version": 1, **_CONFIG},
}


class TagsGiven(Shape):
    add_tags: list[TagGiven] = []
    delete_tags: list[str] = []


class RateLimitsGiven(Shape):
    rate_limits: list[RateLimitGiven] | None = None


class AccessGiven(Shape):
    user_name: str | None = None
    group_name: str | None = None
    service_principal_name: str | None = None
    permission_level: str


class PermissionsGiven(Shape):
    access_control_list: list[AccessGiven] = []


class DescriptionGiven(Shape):
    description: str | None = None


def routes(endpoints: Endpoints, home: Home) -> APIRouter:
    """The routes of endpoints; asking them is the data plane's."""
    router = APIRouter(tags=["serving"])
    router.include_router(_definitions(endpoints, home), prefix="/api/2.0/serving-endpoints")
    router.include_router(_permissions(endpoints), prefix="/api/2.0/permissions/serving-endpoints")
    router.include_router(_ours(endpoints), prefix="/api/boathouse/v1/endpoints")
    return router


def _shown(endpoints: Endpoints, home: Home) -> Callable[[Principal, Sequence[Endpoint]], list[Given]]:
    def shown(caller: Principal, found: Sequence[Endpoint]) -> list[Given]:
        url, workers = (home.running() or {}).get("serving_url"), read_workers(home)

        def one(endpoint: Endpoint) -> Given:
            asked = f"{url}/serving-endpoints/{endpoint.name}/invocations" if url else None
            level = endpoints.access.level(caller, endpoint.name)
            now = endpoints.situation(endpoint, workers, is_data_plane_here=url is not None)
            return wire.endpoint_json(endpoint, now, level=level, url=asked)

        return [one(each) for each in found]

    return shown


def _definitions(endpoints: Endpoints, home: Home) -> APIRouter:
    router = APIRouter()
    shown = _shown(endpoints, home)

    @router.post("", summary="Create an endpoint", responses=example(_FOUND))
    def create(caller: Caller, body: Annotated[Given, Body(examples=[_NEW])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(EndpointGiven, body, what="The endpoint")
        wanted = wanted_of(given.config, given.name)
        if given.config.auto_capture_config is None:
            wanted = with_default_capture(wanted, given.name, endpoints.may_capture(caller))
        new = NewEndpoint(
            name=given.name,
            wanted=wanted,
            description=given.description,
            tags={each.key: each.value or "" for each in given.tags},
            policy=with_rate_limits(None, given.rate_limits) if given.rate_limits else None,
        )
        return {**shown(caller, [endpoints.create(caller, new)])[0], **ignored(given)}

    @router.get("", summary="List the endpoints you may see", responses=example({"endpoints": [_FOUND]}))
    def list_endpoints(caller: Caller) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"endpoints": shown(caller, endpoints.list(caller))}

    @router.get("/{name}", summary="Show an endpoint", responses=example(_FOUND))
    def get(caller: Caller, name: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        return shown(caller, [endpoints.get(caller, name)])[0]

    @router.delete("/{name}", summary="Delete an endpoint", responses=example({}))
    def delete(caller: Caller, name: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        endpoints.delete(caller, name)
        return {}

    @router.put("/{name}/config", summary="Serve something else", responses=example(_FOUND))
    def update_config(caller: Caller, name: str, body: Annotated[Given, Body(examples=[_CONFIG])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(ConfigGiven, body, what="The configuration")
        kept = endpoints.get(caller, name).config.capture
        changed = endpoints.update_config(caller, name, wanted_of(given, name, kept=kept))
        return {**shown(caller, [changed])[0], **ignored(given)}

    @router.patch("/{name}/tags", summary="Add, change and remove tags", responses=example({"tags": _NEW["tags"]}))
    def tags(caller: Caller, name: str, body: Annotated[Given, Body(examples=[{"add_tags": _NEW["tags"]}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(TagsGiven, body, what="The tags")
        added = {each.key: each.value or "" for each in given.add_tags}
        changed = endpoints.set_tags(caller, name, added, remove=given.delete_tags)
        return {"tags": wire.tags_json(changed.tags)}

    limits = [{"calls": 600, "key": "user", "renewal_period": "minute"}]

    @router.put("/{name}/rate-limits", summary="Limit the requests of each principal", responses=example({}))
    def rate_limits(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: str, body: Annotated[Given, Body(examples=[{"rate_limits": limits}])]
    ) -> Given:
        given = fit(RateLimitsGiven, body, what="The limits")
        policy = with_rate_limits(endpoints.policy(caller, name), given.rate_limits or [])
        endpoints.put_policy(caller, name, policy)
        return {"rate_limits": [each.model_dump(exclude_none=True) for each in given.rate_limits or ()]}

    @router.get("/{name}/served-models/{entity}/logs", summary="What the data plane says of an entity",
                responses=example({"logs": ""}))  # fmt: skip
    def logs(caller: Caller, name: str, entity: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        found = endpoints.get(caller, name)
        return {"logs": lines_about(home, found, entity)}

    @router.get("/{name}/served-models/{entity}/build-logs", summary="Whether an entity is there, and since when",
                responses=example({"logs": ""}))  # fmt: skip
    def build_logs(caller: Caller, name: str, entity: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"logs": endpoints.standings_text(caller, name, entity)}

    return router


def _permissions(endpoints: Endpoints) -> APIRouter:
    router = APIRouter()

    def shown(caller: Principal, endpoint: Endpoint) -> Given:
        levels = endpoints.access.permissions(caller, endpoint.name)
        return wire.permissions_json(endpoint, levels, {who: endpoints.access.kind_of(who) for who in levels})

    def change(caller: Principal, endpoint_id: str, body: Given, *, only: bool) -> Given:
        given = fit(PermissionsGiven, body, what="The permissions")
        endpoint = endpoints.by_id(caller, endpoint_id)
        levels = {_who(each): each.permission_level for each in given.access_control_list}
        endpoints.access.change_permissions(caller, endpoint.name, levels, only=only)
        return shown(caller, endpoint)

    @router.get("/{endpoint_id}", summary="Who may do what with an endpoint")
    def get(caller: Caller, endpoint_id: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        return shown(caller, endpoints.by_id(caller, endpoint_id))

    @router.get("/{endpoint_id}/permissionLevels", summary="What can be given on an endpoint")
    def levels(caller: Caller, endpoint_id: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        endpoints.by_id(caller, endpoint_id)
        return wire.levels_json()

    asked = {"access_control_list": [{"group_name": "pilots", "permission_level": "CAN_QUERY"}]}

    @router.put("/{endpoint_id}", summary="Replace what was given on an endpoint")
    def put(caller: Caller, endpoint_id: str, body: Annotated[Given, Body(examples=[asked])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        return change(caller, endpoint_id, body, only=True)

    @router.patch("/{endpoint_id}", summary="Give more on an endpoint")
    def patch(caller: Caller, endpoint_id: str, body: Annotated[Given, Body(examples=[asked])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        return change(caller, endpoint_id, body, only=False)

    return router


def _ours(endpoints: Endpoints) -> APIRouter:
    router = APIRouter()

    @router.get("/{name}", summary="An endpoint as it was at an instant, or is")
    def at(caller: Caller, name: str, at: datetime | None = None) -> Given:  # pyright: ignore[reportUnusedFunction]
        return wire.moment_json(
            endpoints.at(caller, name, None if at is None else epoch_ms(at if at.tzinfo else at.replace(tzinfo=UTC)))
        )

    @router.get("/{name}/history", summary="Which versions answered when, newest first")
    def history(caller: Caller, name: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        return wire.history_json(endpoints.history(caller, name))

    @router.patch("/{name}", summary="Describe an endpoint")
    def describe(
        caller: Caller, name: str, body: Annotated[Given, Body(examples=[{"description": "Delays"}])]
    ) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(DescriptionGiven, body, what="The description")
        return {"description": endpoints.describe(caller, name, given.description).description or ""}

    @router.get("/{name}/policy", summary="How an endpoint changes, falls, and is limited")
    def policy(caller: Caller, name: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        return _policy(endpoints, caller, name)

    told = {"fallback": [{"kind": "previous"}, {"kind": "constant", "value": 0.2}]}

    @router.put("/{name}/policy", summary="Put another policy in force")
    def put_policy(caller: Caller, name: str, body: Annotated[Given, Body(examples=[told])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        endpoints.put_policy(caller, name, fit(EndpointPolicy, body, what="The policy"))
        return _policy(endpoints, caller, name)

    @router.delete("/{name}/policy", summary="Let the defaults hold again")
    def withdraw(caller: Caller, name: str) -> Given:  # pyright: ignore[reportUnusedFunction]
        endpoints.put_policy(caller, name, None)
        return {}

    return router


def _policy(endpoints: Endpoints, caller: Principal, name: str) -> Given:
    found = endpoints.get(caller, name)
    return {"revision": found.policy_revision, "policy": wire.policy_json(endpoints.policy(caller, name))}


def _who(given: AccessGiven) -> str:
    named = [each for each in (given.user_name, given.group_name, given.service_principal_name) if each]
    if len(named) != 1:
        raise InvalidInput("Exactly one of user_name, group_name and service_principal_name is needed.")
    return named[0]
