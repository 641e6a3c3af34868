"""Grants in the Unity Catalog REST shapes, in either of the two spellings of privileges.

Databricks clients write ``USE_CATALOG``, open-source ones ``USE CATALOG``; each refuses or drops the other's form, and
the open-source client refuses an answer with a privilege that it does not know.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.grants import Grant, GrantChange
from boathouse.catalog.hierarchy import parse_kind
from boathouse.catalog.law import Catalog
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import ASSIGNMENTS, EFFECTIVE, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered

_OPEN_SOURCE_PRIVILEGES = frozenset(
    {
        Privilege.CREATE_CATALOG,
        Privilege.USE_CATALOG,
        Privilege.CREATE_SCHEMA,
        Privilege.USE_SCHEMA,
        Privilege.CREATE_TABLE,
        Privilege.SELECT,
        Privilege.MODIFY,
        Privilege.CREATE_FUNCTION,
        Privilege.EXECUTE,
        Privilege.CREATE_VOLUME,
        Privilege.READ_VOLUME,
        Privilege.CREATE_MODEL,
        Privilege.CREATE_EXTERNAL_TABLE,
        Privilege.CREATE_EXTERNAL_VOLUME,
    }
)
"""What the open-source client knows."""

UserAgent = Annotated[str, Header()]


class Change(BaseModel):
    principal: str
    add: list[str] = Field(default_factory=list)
    remove: list[str] = Field(default_factory=list)


class Changes(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"changes": [{"principal": "Data Team", "add": ["SELECT"], "remove": ["MODIFY"]}]}]
        },
    )

    changes: list[Change]


def routes(catalog: Catalog) -> APIRouter:
    """See and change who may do what."""
    router = APIRouter(tags=["Unity Catalog: grants"])
    grants = catalog.grants

    @router.get(
        "/permissions/{securable_type}/{full_name}",
        summary="What was granted on a thing itself",
        responses=example(ASSIGNMENTS),
    )
    def direct(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        securable_type: str,
        full_name: str,
        principal: str | None = None,
        user_agent: UserAgent = "",
    ) -> JSON:
        found = grants.direct(caller, parse_kind(securable_type), full_name, grantee=principal)
        return _assignments(found, user_agent)

    @router.patch(
        "/permissions/{securable_type}/{full_name}",
        summary="Grant and revoke, all or nothing",
        responses=example(ASSIGNMENTS),
    )
    def change(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, securable_type: str, full_name: str, body: Changes, user_agent: UserAgent = ""
    ) -> JSON:
        kind = parse_kind(securable_type)
        wanted = [GrantChange(each.principal, _parsed(each.add), _parsed(each.remove)) for each in body.changes]
        grants.change(caller, kind, full_name, wanted)
        return answered(body, _assignments(grants.direct(caller, kind, full_name), user_agent))

    @router.get(
        "/effective-permissions/{securable_type}/{full_name}",
        summary="What holds on a thing, and from where",
        responses=example(EFFECTIVE),
    )
    def effective(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        securable_type: str,
        full_name: str,
        principal: str | None = None,
        user_agent: UserAgent = "",
    ) -> JSON:
        kind = parse_kind(securable_type)
        found = grants.effective(caller, kind, full_name, grantee=principal)
        return {
            "privilege_assignments": [
                {"principal": grantee, "privileges": [_with_origin(grant, kind, user_agent) for grant in held]}
                for grantee, held in _by_grantee(_known_to(user_agent, found))
            ]
        }

    return router


def _assignments(found: Iterable[Grant], user_agent: str) -> JSON:
    return {
        "privilege_assignments": [
            {"principal": grantee, "privileges": [_spelled(grant.privilege, user_agent) for grant in held]}
            for grantee, held in _by_grantee(_known_to(user_agent, found))
        ]
    }


def _with_origin(grant: Grant, kind: SecurableKind, user_agent: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"privilege": _spelled(grant.privilege, user_agent)}
    if grant.kind is not kind:
        shown |= {"inherited_from_type": grant.kind.value.upper(), "inherited_from_name": grant.full_name}
    return shown


def _by_grantee(found: Iterable[Grant]) -> list[tuple[str, list[Grant]]]:
    held: dict[str, list[Grant]] = {}
    for grant in found:
        held.setdefault(grant.grantee, []).append(grant)
    return sorted(held.items())


def _is_open_source(user_agent: str) -> bool:
    return user_agent.startswith("OpenAPI-Generator/")


def _known_to(user_agent: str, found: Iterable[Grant]) -> list[Grant]:
    hidden = _is_open_source(user_agent)
    return [grant for grant in found if not hidden or grant.privilege in _OPEN_SOURCE_PRIVILEGES]


def _spelled(privilege: Privilege, user_agent: str) -> str:
    return privilege.in_words if _is_open_source(user_agent) else privilege.value


def _parsed(privileges: Sequence[str]) -> frozenset[Privilege]:
    return frozenset(Privilege.parse(text) for text in privileges)
