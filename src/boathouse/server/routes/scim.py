"""Users, groups and service principals in the SCIM shapes that databricks-sdk uses.

A list goes on until a page is empty: clients add the number of resources to ``startIndex`` and ask again.
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from boathouse.catalog.identities import IdentityChange
from boathouse.catalog.law import Catalog
from boathouse.catalog.repository.identities import Identity
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import PrincipalKind
from boathouse.server.authentication import Caller
from boathouse.server.routes.metastore import WORKSPACE_ID
from boathouse.server.routes.unity_examples import PRINCIPAL_OF_SCIM, SCIM_LIST, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered

_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_FILTER = re.compile(r'(\w+)\s+eq\s+"?([^"]*)"?', re.IGNORECASE)
_MEMBER_PATH = re.compile(r'members\[value\s+eq\s+"?(\d+)"?\]', re.IGNORECASE)
_PAGE = 100

_FOLDERS = {
    "Users": PrincipalKind.USER,
    "Groups": PrincipalKind.GROUP,
    "ServicePrincipals": PrincipalKind.SERVICE_PRINCIPAL,
}


class Resource(Body):
    """A user, group or service principal as a client describes it."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"displayName": "Data Team", "members": [{"value": "2"}]}]}
    )

    user_name: str | None = Field(None, alias="userName")
    display_name: str | None = Field(None, alias="displayName")
    application_id: str | None = Field(None, alias="applicationId")
    active: bool | None = None
    members: list[dict[str, Any]] | None = None


class Operation(Body):
    op: str
    path: str | None = None
    value: Any = None


class Patch(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"Operations": [{"op": "add", "path": "members", "value": [{"value": "2"}]}]}]},
    )

    operations: list[Operation] = Field(alias="Operations")


def routes(catalog: Catalog) -> APIRouter:
    """The three kinds of principals, alike."""
    router = APIRouter(tags=["SCIM: users, groups, service principals"])
    identities = catalog.identities

    @router.get("/Me", summary="Who the caller is", responses=example(PRINCIPAL_OF_SCIM))
    def me(caller: Caller, response: Response) -> JSON:  # pyright: ignore[reportUnusedFunction]
        response.headers["X-Databricks-Org-Id"] = str(WORKSPACE_ID)
        return _shown(catalog, identities.get(caller.name), as_user=True)

    for folder, kind in _FOLDERS.items():
        _add_routes(router, catalog, folder, kind)
    return router


def _add_routes(router: APIRouter, catalog: Catalog, folder: str, kind: PrincipalKind) -> None:
    identities, noun = catalog.identities, kind.value.replace("_", " ")

    @router.get(f"/{folder}", summary=f"List the {noun}s", name=f"list {noun}s", responses=example(SCIM_LIST))
    def list_all(  # pyright: ignore[reportUnusedFunction]
        _: Caller,
        filter: str | None = None,
        start_index: Annotated[int, Query(alias="startIndex")] = 1,
        count: int = _PAGE,
    ) -> JSON:
        found = [identity for identity in identities.list(kind) if _matches(filter, identity)]
        return _page(found, start_index, count, lambda identity: _shown(catalog, identity))

    @router.post(
        f"/{folder}",
        summary=f"Create a {noun}",
        name=f"create {noun}",
        status_code=201,
        responses=example(PRINCIPAL_OF_SCIM, 201),
    )
    def create(caller: Caller, body: Resource) -> JSON:  # pyright: ignore[reportUnusedFunction]
        made = _create(catalog, caller, kind, body)
        return answered(body, _shown(catalog, made))

    @router.get(f"/{folder}/{{id}}", summary=f"One {noun}", name=f"get {noun}", responses=example(PRINCIPAL_OF_SCIM))
    def get(_: Caller, id: int) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _shown(catalog, identities.get_by_id(kind, id))

    @router.patch(
        f"/{folder}/{{id}}", summary=f"Change a {noun}", name=f"patch {noun}", responses=example(PRINCIPAL_OF_SCIM)
    )
    def patch(caller: Caller, id: int, body: Patch) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identity = identities.get_by_id(kind, id)
        for operation in body.operations:
            _apply(catalog, caller, identity, operation)
        return _shown(catalog, identities.get_by_id(kind, id))

    @router.put(
        f"/{folder}/{{id}}", summary=f"Replace a {noun}", name=f"put {noun}", responses=example(PRINCIPAL_OF_SCIM)
    )
    def put(caller: Caller, id: int, body: Resource) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identity = identities.get_by_id(kind, id)
        change = _change_of(kind, body.display_name, body.active)
        identities.update(caller, identity.name, change)
        if kind is PrincipalKind.GROUP:
            _set_members(catalog, caller, identity.name, body.members or [])
        return answered(body, _shown(catalog, identities.get_by_id(kind, id)))

    @router.delete(f"/{folder}/{{id}}", summary=f"Delete a {noun}", name=f"delete {noun}", responses=example({}))
    def delete(caller: Caller, id: int) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.delete(caller, identities.get_by_id(kind, id).name)
        return {}


def _create(catalog: Catalog, caller: Caller, kind: PrincipalKind, body: Resource) -> Identity:
    identities = catalog.identities
    match kind:
        case PrincipalKind.USER:
            made = identities.create_user(caller, _needed(body.user_name, "userName"), display_name=body.display_name)
        case PrincipalKind.GROUP:
            made = identities.create_group(caller, _needed(body.display_name, "displayName"))
            _set_members(catalog, caller, made.name, body.members or [])
        case PrincipalKind.SERVICE_PRINCIPAL:
            name = _needed(body.application_id or body.display_name, "displayName")
            made = identities.create_service_principal(caller, name, display_name=body.display_name)
    if body.active is False:
        made = identities.update(caller, made.name, IdentityChange(active=False))
    return made


def _needed(value: str | None, field: str) -> str:
    if not value:
        raise InvalidInput(f"The field {field} is required.")
    return value


def _apply(catalog: Catalog, caller: Caller, identity: Identity, operation: Operation) -> None:
    """One operation of a SCIM PATCH."""
    op, path, value = operation.op.lower(), operation.path or "", operation.value
    if path.startswith("members") or (isinstance(value, dict) and "members" in value):
        _change_members(catalog, caller, identity.name, op, path, value)
        return
    fields: dict[str, Any] = value if isinstance(value, dict) else {path: value}
    unknown = sorted(fields.keys() - {"displayName", "active"})
    if op not in ("add", "replace") or unknown:
        what = ", ".join(unknown) or path
        raise InvalidInput(f"This cannot be patched: {op} {what}.", hint="displayName, active and members can.")
    change = _change_of(identity.kind, fields.get("displayName"), fields.get("active"))
    catalog.identities.update(caller, identity.name, change)


def _change_of(kind: PrincipalKind, display_name: str | None, active: Any) -> IdentityChange:
    """A group's displayName is its name; for others it is only shown."""
    is_active = active.lower() == "true" if isinstance(active, str) else active
    if kind is PrincipalKind.GROUP:
        return IdentityChange(active=is_active, new_name=display_name)
    return IdentityChange(active=is_active, display_name=display_name)


def _change_members(catalog: Catalog, caller: Caller, group: str, op: str, path: str, value: Any) -> None:
    listed = value.get("members") if isinstance(value, dict) else value
    by_path = _MEMBER_PATH.fullmatch(path)
    ids = [by_path[1]] if by_path else [str(member.get("value")) for member in listed or []]
    if op == "replace":
        _set_members(catalog, caller, group, [{"value": id} for id in ids])
        return
    change = {"add": catalog.identities.add_member, "remove": catalog.identities.remove_member}.get(op)
    if change is None:
        raise InvalidInput(f"There is no operation {op!r}.", hint="Use add, remove or replace.")
    for member in _by_ids(catalog, ids):
        change(caller, group, member.name)


def _set_members(catalog: Catalog, caller: Caller, group: str, members: Sequence[dict[str, Any]]) -> None:
    wanted = {each.name for each in _by_ids(catalog, [str(member.get("value")) for member in members])}
    present = {each.name for each in catalog.identities.members(group)}
    for name in sorted(wanted - present):
        catalog.identities.add_member(caller, group, name)
    for name in sorted(present - wanted):
        catalog.identities.remove_member(caller, group, name)


def _by_ids(catalog: Catalog, ids: Sequence[str]) -> list[Identity]:
    known = {str(identity.id): identity for identity in catalog.identities.list()}
    if missing := [id for id in ids if id not in known]:
        raise InvalidInput(f"There is no principal with the id {', '.join(missing)}.")
    return [known[id] for id in ids]


def _matches(filter: str | None, identity: Identity) -> bool:
    if not filter:
        return True
    match = _FILTER.fullmatch(filter.strip())
    if match is None:
        raise InvalidInput(f"The filter {filter!r} is not understood.", hint='Write: userName eq "alice@example.com"')
    attribute, wanted = match[1].lower(), match[2].casefold()
    values = {
        "username": identity.name,
        "displayname": identity.name
        if identity.kind is PrincipalKind.GROUP
        else identity.display_name or identity.name,
        "applicationid": identity.name,
        "id": str(identity.id),
    }
    if attribute not in values:
        raise InvalidInput(f"Principals cannot be filtered by {match[1]!r}.")
    return values[attribute].casefold() == wanted


def _page(found: Sequence[Identity], start: int, count: int, shown: Callable[[Identity], JSON]) -> JSON:
    first = max(start, 1) - 1
    page = found[first : first + max(count, 0)]
    return {
        "schemas": [_LIST],
        "totalResults": len(found),
        "startIndex": first + 1,
        "itemsPerPage": len(page),
        "Resources": [shown(identity) for identity in page],
    }


def _shown(catalog: Catalog, identity: Identity, *, as_user: bool = False) -> JSON:
    groups = [
        {"display": group.name, "value": str(group.id), "type": "direct"}
        for group in catalog.identities.groups_of(identity.name)
    ]
    common: JSON = {"id": str(identity.id), "active": identity.active, "groups": groups}
    match identity.kind:
        case PrincipalKind.GROUP:
            members = [
                {"display": member.name, "value": str(member.id), "$ref": f"{_folder_of(member.kind)}/{member.id}"}
                for member in catalog.identities.members(identity.name)
            ]
            own: JSON = {"schemas": [f"{_SCHEMA}Group"], "displayName": identity.name, "members": members}
        case PrincipalKind.SERVICE_PRINCIPAL:
            own = {
                "schemas": [f"{_SCHEMA}ServicePrincipal"],
                "applicationId": identity.name,
                "displayName": identity.display_name or identity.name,
            }
            if as_user:
                own["userName"] = identity.name
        case PrincipalKind.USER:
            own = {
                "schemas": [f"{_SCHEMA}User"],
                "userName": identity.name,
                "displayName": identity.display_name or identity.name,
                "emails": [{"type": "work", "value": identity.name, "primary": True}],
            }
    return {**common, **own}


def _folder_of(kind: PrincipalKind) -> str:
    return next(folder for folder, its_kind in _FOLDERS.items() if its_kind is kind)
