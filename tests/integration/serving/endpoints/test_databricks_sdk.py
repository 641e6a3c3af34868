"""Endpoints through the unmodified Databricks SDK, answered by a real data plane."""

from collections.abc import Callable

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.serving import (
    EndpointCoreConfigInput,
    EndpointTag,
    RateLimit,
    RateLimitKey,
    RateLimitRenewalPeriod,
    Route,
    ServedEntityInput,
    ServingEndpointAccessControlRequest,
    ServingEndpointPermissionLevel,
    TrafficConfig,
)

pytestmark = pytest.mark.server

AddVersion = Callable[..., int]
WaitUntil = Callable[[Callable[[], object]], object]


def config(model: str, version: str = "champion", name: str | None = None) -> EndpointCoreConfigInput:
    entity = ServedEntityInput(entity_name=model, entity_version=version, name=name, scale_to_zero_enabled=True)
    return EndpointCoreConfigInput(name=model, served_entities=[entity])


def asked(workspace: WorkspaceClient, name: str, x: float) -> object:
    return workspace.serving_endpoints.query(name, dataframe_records=[{"x": x}]).predictions


def test_an_endpoint_is_made_asked_changed_and_deleted(
    workspace: WorkspaceClient, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model, 1.0, alias="champion")
    made = workspace.serving_endpoints.create_and_wait(name, config=config(model))
    assert made.state is not None and made.state.ready is not None and made.state.ready.value == "READY"
    assert [each.name for each in workspace.serving_endpoints.list()].count(name) == 1

    answer = wait_until(lambda: _answer(workspace, name, 2.0))
    assert answer == pytest.approx([3.0])

    second = add_version(model, 10.0)
    changed = workspace.serving_endpoints.update_config_and_wait(
        name,
        served_entities=[
            ServedEntityInput(entity_name=model, entity_version="1", name="old"),
            ServedEntityInput(entity_name=model, entity_version=str(second), name="new"),
        ],
        traffic_config=TrafficConfig(
            routes=[
                Route(served_entity_name="old", traffic_percentage=0),
                Route(served_entity_name="new", traffic_percentage=100),
            ]
        ),
    )
    assert changed.config is not None and changed.config.config_version == 2
    wait_until(lambda: _answer(workspace, name, 2.0) == pytest.approx([12.0]))
    found = workspace.serving_endpoints.query(name, dataframe_records=[{"x": 1.0}])
    assert found.served_model_name == "new"

    workspace.serving_endpoints.delete(name)
    with pytest.raises(NotFound):
        workspace.serving_endpoints.get(name)
    wait_until(lambda: _is_gone(workspace, name))


def test_an_endpoint_follows_its_alias(
    workspace: WorkspaceClient, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model, 1.0, alias="champion")
    workspace.serving_endpoints.create_and_wait(name, config=config(model))
    wait_until(lambda: _answer(workspace, name, 0.0) == pytest.approx([1.0]))
    add_version(model, 5.0, alias="champion")
    wait_until(lambda: _answer(workspace, name, 0.0) == pytest.approx([5.0]))


def test_tags_limits_permissions_and_logs(workspace: WorkspaceClient, wait_until: WaitUntil, name: str) -> None:
    api = workspace.serving_endpoints
    made = api.create(name, config=config(f"dev.served.later_{name.replace('-', '_')}")).response
    tags = api.patch(name, add_tags=[EndpointTag("team", "flights"), EndpointTag("gone", "1")])
    assert {each.key for each in tags.tags or ()} == {"team", "gone"}
    tags = api.patch(name, delete_tags=["gone"])
    assert [(each.key, each.value) for each in tags.tags or ()] == [("team", "flights")]
    limit = RateLimit(calls=600, key=RateLimitKey.USER, renewal_period=RateLimitRenewalPeriod.MINUTE)
    assert api.put(name, rate_limits=[limit]).rate_limits == [limit]
    wanted = ServingEndpointAccessControlRequest(
        group_name="account users", permission_level=ServingEndpointPermissionLevel.CAN_QUERY
    )
    assert made.id is not None
    api.update_permissions(made.id, access_control_list=[wanted])
    levels = {
        (each.group_name or each.user_name): each.all_permissions[0].permission_level
        for each in api.get_permissions(made.id).access_control_list or ()
        if each.all_permissions
    }
    assert levels["account users"] is ServingEndpointPermissionLevel.CAN_QUERY
    assert ServingEndpointPermissionLevel.CAN_MANAGE in levels.values()
    api.set_permissions(made.id, access_control_list=[])
    assert "account users" not in [each.group_name for each in api.get_permissions(made.id).access_control_list or ()]
    found = {each.permission_level for each in api.get_permission_levels(made.id).permission_levels or ()}
    assert found == set(ServingEndpointPermissionLevel)
    wait_until(lambda: "There is no registered model" in api.build_logs(name, _entity(made)).logs)
    assert isinstance(api.logs(name, _entity(made)).logs, str)


def test_openapi_and_metrics_come_from_the_data_plane(
    workspace: WorkspaceClient, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model, 1.0, alias="champion")
    workspace.serving_endpoints.create_and_wait(name, config=config(model))
    wait_until(lambda: _answer(workspace, name, 0.0))
    described = workspace.serving_endpoints.get_open_api(name).contents
    assert described is not None and b"/invocations" in described.read()
    metrics = workspace.serving_endpoints.export_metrics(name).contents
    assert metrics is not None and name.encode() in metrics.read()


def _entity(endpoint: object) -> str:
    return str(endpoint.config.served_entities[0].name)  # type: ignore[attr-defined]


def _answer(workspace: WorkspaceClient, name: str, x: float) -> object:
    try:
        return asked(workspace, name, x)
    except DatabricksError:  # not there yet
        return None


def _is_gone(workspace: WorkspaceClient, name: str) -> bool:
    try:
        asked(workspace, name, 1.0)
    except NotFound:
        return True
    return False
