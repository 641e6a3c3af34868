"""Secrets in the shapes of Databricks: ``/api/2.0/secrets``. What it has no call for is below ``/api/boathouse/v1``."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, SecretStr

from boathouse.catalog.law import Catalog
from boathouse.catalog.secrets import AclItem, AclPermission, InvalidSecret
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.server.routes.unity_shapes import JSON, Body, answered

EVERYBODY = "users"
"""The one principal that Databricks accepts as ``initial_manage_principal``."""
OUR_BACKEND = "DATABRICKS"
"""What clients know as the kind of scope whose values the platform keeps itself."""


class NewScope(Body):
    scope: str
    initial_manage_principal: str | None = None
    scope_backend_type: str | None = None
    backend_azure_keyvault: Any = None


class ScopeGiven(Body):
    scope: str


class SecretGiven(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"scope": "prod", "key": "warehouse", "string_value": "..."}]}
    )

    scope: str
    key: str
    string_value: SecretStr | None = None
    bytes_value: SecretStr | None = None

    def value(self) -> bytes:
        """
        Raises:
            InvalidInput: Not exactly one value is there; the message holds none.
        """
        if (self.string_value is None) == (self.bytes_value is None):
            raise InvalidInput("Exactly one of string_value and bytes_value is needed.")
        if self.string_value is not None:
            try:
                return self.string_value.get_secret_value().encode()
            except UnicodeEncodeError:
                raise InvalidSecret("string_value is not valid Unicode.", hint="Send bytes_value.") from None
        assert self.bytes_value is not None
        try:
            return base64.b64decode(self.bytes_value.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidSecret("bytes_value is not base64.") from None


class KeyGiven(Body):
    scope: str
    key: str


class AclGiven(Body):
    scope: str
    principal: str
    permission: str


class AclNamed(Body):
    scope: str
    principal: str


Text = Annotated[str, Query()]


def routes(catalog: Catalog) -> APIRouter:
    """Scopes, secrets, permissions, and the key."""
    router = APIRouter(tags=["secrets"])
    api = APIRouter(prefix="/api/2.0/secrets")
    _scopes(api, catalog)
    _secrets(api, catalog)
    _permissions(api, catalog)
    router.include_router(api)

    @router.post(
        "/api/boathouse/v1/secrets/rotate-key",
        summary="Encrypt every secret anew under a new key",
        responses=example({"secrets": 12}),
    )
    def rotate_key(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"secrets": catalog.secrets.rotate_key(caller)}

    return router


def _scopes(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/scopes/create", summary="Create a scope", responses=example({}))
    def create(caller: Caller, body: NewScope) -> JSON:  # pyright: ignore[reportUnusedFunction]
        if body.backend_azure_keyvault or body.scope_backend_type not in (None, OUR_BACKEND):
            raise InvalidInput("Scopes are kept by Boathouse itself; other backends are not supported.")
        if body.initial_manage_principal not in (None, "", EVERYBODY):
            raise InvalidInput(f"initial_manage_principal can only be {EVERYBODY!r}.", hint="Use acls/put afterwards.")
        catalog.secrets.create(caller, body.scope, everyone_manages=body.initial_manage_principal == EVERYBODY)
        return answered(body, {})

    @router.post("/scopes/delete", summary="Delete a scope and erase its secrets", responses=example({}))
    def delete(caller: Caller, body: ScopeGiven) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.secrets.delete(caller, body.scope)
        return answered(body, {})

    @router.get(
        "/scopes/list",
        summary="List the scopes you may know of",
        responses=example({"scopes": [{"name": "prod", "backend_type": OUR_BACKEND}]}),
    )
    def scopes(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"scopes": [{"name": name, "backend_type": OUR_BACKEND} for name in catalog.secrets.names(caller)]}


def _secrets(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/put", summary="Write a secret", responses=example({}))
    def put(caller: Caller, body: SecretGiven) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.secrets.put(caller, body.scope, body.key, body.value())
        return answered(body, {})

    @router.get(
        "/get", summary="The value of a secret, in base64", responses=example({"key": "warehouse", "value": "Li4u"})
    )
    def get(caller: Caller, scope: Text, key: Text) -> JSON:  # pyright: ignore[reportUnusedFunction]
        value = catalog.secrets.get(caller, scope, key)
        return {"key": key, "value": base64.b64encode(value).decode()}

    @router.get(
        "/list",
        summary="List the secrets of a scope, without their values",
        responses=example({"secrets": [{"key": "warehouse", "last_updated_timestamp": 1767225600000}]}),
    )
    def list_secrets(caller: Caller, scope: Text) -> JSON:  # pyright: ignore[reportUnusedFunction]
        found = catalog.secrets.list(caller, scope)
        return {"secrets": [{"key": each.key, "last_updated_timestamp": each.updated_at} for each in found]}

    @router.post("/delete", summary="Erase a secret", responses=example({}))
    def delete(caller: Caller, body: KeyGiven) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.secrets.remove(caller, body.scope, body.key)
        return answered(body, {})


def _permissions(router: APIRouter, catalog: Catalog) -> None:
    item: JSON = {"principal": "bob", "permission": "READ"}

    @router.post("/acls/put", summary="Give a principal a permission on a scope", responses=example({}))
    def put(caller: Caller, body: AclGiven) -> JSON:  # pyright: ignore[reportUnusedFunction]
        permission = AclPermission.parse(body.permission)
        catalog.secrets.put_acl(caller, body.scope, body.principal, permission)
        return answered(body, {})

    @router.post("/acls/delete", summary="Take a principal's permission away", responses=example({}))
    def delete(caller: Caller, body: AclNamed) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.secrets.delete_acl(caller, body.scope, body.principal)
        return answered(body, {})

    @router.get("/acls/get", summary="A principal's permission on a scope", responses=example(item))
    def get(caller: Caller, scope: Text, principal: Text) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return _shown(catalog.secrets.acl(caller, scope, principal))

    @router.get("/acls/list", summary="Everybody's permission on a scope", responses=example({"items": [item]}))
    def acls(caller: Caller, scope: Text) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"items": [_shown(each) for each in catalog.secrets.acls(caller, scope)]}


def _shown(item: AclItem) -> JSON:
    return {"principal": item.principal, "permission": item.permission.value}
