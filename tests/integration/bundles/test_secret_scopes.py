"""Secret scopes in a bundle: made, shared, adopted, and never emptied by accident."""

from typing import Any

import pytest

from boathouse.bundles.desired import Place
from boathouse.catalog.secrets import AclPermission
from boathouse.foundation.errors import InvalidInput

PROD = Place("flights", "prod")


def scope(**more: Any) -> dict[str, dict[str, Any]]:
    return {"secret_scopes.main": {"name": "Flights", **more}}


def test_a_scope_is_made_and_shared(rooms: Any) -> None:
    rooms.user("bob")
    wanted = scope(permissions=[{"user_name": "bob", "level": "READ"}])

    report = rooms.deployments.apply(rooms.ada, rooms.desired(wanted))

    assert rooms.actions(report) == {"secret_scopes.main": "create"}
    assert rooms.catalog.secrets.acl(rooms.ada, "flights", "bob").permission is AclPermission.READ
    assert rooms.deployments.plan(rooms.ada, rooms.desired(wanted)).steps == ()


def test_a_permission_follows_the_bundle(rooms: Any) -> None:
    rooms.user("bob")
    rooms.deployments.apply(rooms.ada, rooms.desired(scope(permissions=[{"user_name": "bob", "level": "READ"}])))

    rooms.deployments.apply(rooms.ada, rooms.desired(scope(permissions=[{"user_name": "bob", "level": "WRITE"}])))
    assert rooms.catalog.secrets.acl(rooms.ada, "flights", "bob").permission is AclPermission.WRITE

    rooms.deployments.apply(rooms.ada, rooms.desired(scope()))
    assert [each.principal for each in rooms.catalog.secrets.acls(rooms.ada, "flights")] == ["ada"]


def test_a_scope_that_is_there_is_adopted_with_its_secrets(rooms: Any) -> None:
    rooms.catalog.secrets.create(rooms.ada, "flights")
    rooms.catalog.secrets.put(rooms.ada, "flights", "k", b"v")

    rooms.deployments.apply(rooms.ada, rooms.desired(scope()))

    assert rooms.catalog.secrets.get(rooms.ada, "flights", "k") == b"v"


def test_a_scope_with_secrets_stays_unless_it_is_named(rooms: Any) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired(scope()))
    rooms.catalog.secrets.put(rooms.ada, "flights", "k", b"v")

    rooms.deployments.apply(rooms.ada, rooms.desired({}))

    assert rooms.catalog.secrets.get(rooms.ada, "flights", "k") == b"v"


def test_an_empty_scope_goes_with_the_bundle(rooms: Any) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired(scope()))

    rooms.deployments.apply(rooms.ada, rooms.desired({}))

    assert rooms.catalog.secrets.names(rooms.ada) == []


@pytest.mark.parametrize("wrong", [{"name": "a b"}, {"backend_type": "AZURE_KEYVAULT"}, {"value": "x"}])
def test_what_is_no_scope_is_refused(rooms: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        rooms.deployments.apply(rooms.ada, rooms.desired(scope(**wrong)))
