"""Users, groups and service principals by name; what the command line uses."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog.law import Catalog
from boathouse.catalog.repository.identities import Identity
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.principals import PrincipalKind
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import PRINCIPAL, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered


class NewPrincipal(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"name": "carol@example.com", "kind": "user", "display_name": "Carol"}]},
    )

    name: str
    kind: str = PrincipalKind.USER.value
    display_name: str | None = None


def routes(catalog: Catalog) -> APIRouter:
    """Create, list, look, delete, join, leave."""
    router = APIRouter(tags=["Principals"])
    identities = catalog.identities

    @router.get(
        "/whoami",
        summary="The caller, with all groups that count",
        responses=example({"name": "alice", "kind": "user", "groups": ["admins"]}),
    )
    def whoami(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"name": caller.name, "kind": caller.kind.value, "groups": sorted(caller.groups)}

    @router.get(
        "/principals", summary="List principals, of one kind or all", responses=example({"principals": [PRINCIPAL]})
    )
    def list_all(_: Caller, kind: str | None = None) -> JSON:  # pyright: ignore[reportUnusedFunction]
        found = identities.list(_kind(kind) if kind else None)
        return {"principals": [_shown(identity) for identity in found]}

    @router.post("/principals", summary="Create a user, group or service principal", responses=example(PRINCIPAL))
    def create(caller: Caller, body: NewPrincipal) -> JSON:  # pyright: ignore[reportUnusedFunction]
        verbs = {
            PrincipalKind.USER: identities.create_user,
            PrincipalKind.GROUP: identities.create_group,
            PrincipalKind.SERVICE_PRINCIPAL: identities.create_service_principal,
        }
        made = verbs[_kind(body.kind)](caller, body.name, display_name=body.display_name)
        return answered(body, _shown(made))

    @router.get("/principals/{name}", summary="One principal, with groups and members", responses=example(PRINCIPAL))
    def get(_: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        found = identities.get(name)
        shown = {**_shown(found), "groups": [group.name for group in identities.groups_of(found.name)]}
        if found.kind is PrincipalKind.GROUP:
            shown["members"] = [member.name for member in identities.members(found.name)]
        return shown

    @router.delete(
        "/principals/{name}", summary="Delete a principal; what it owns goes to transfer_to", responses=example({})
    )
    def delete(caller: Caller, name: str, transfer_to: str | None = None) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.delete(caller, name, transfer_to=transfer_to)
        return {}

    @router.put("/groups/{group}/members/{member}", summary="Make somebody a member of a group", responses=example({}))
    def add_member(caller: Caller, group: str, member: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.add_member(caller, group, member)
        return {}

    @router.delete("/groups/{group}/members/{member}", summary="End a membership", responses=example({}))
    def remove_member(caller: Caller, group: str, member: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.remove_member(caller, group, member)
        return {}

    return router


def _kind(text: str) -> PrincipalKind:
    try:
        return PrincipalKind(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a kind of principal.", hint=did_you_mean(text, PrincipalKind)) from error


def _shown(identity: Identity) -> dict[str, Any]:
    return {
        "id": identity.id,
        "name": identity.name,
        "kind": identity.kind.value,
        "display_name": identity.display_name,
        "active": identity.active,
        "created_at": identity.created_at,
        "created_by": identity.created_by,
    }
