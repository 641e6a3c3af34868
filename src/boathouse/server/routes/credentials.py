"""Temporary credentials. Local storage needs none: the answer is an empty object, and the question is the place where
the law is asked and the handing out is remembered."""

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.server.routes.unity_shapes import JSON, Body

_WRITES = {
    "READ": False,
    "READ_WRITE": True,
    "READ_VOLUME": False,
    "WRITE_VOLUME": True,
    "PATH_READ": False,
    "PATH_READ_WRITE": True,
    "PATH_CREATE_TABLE": True,
}


class TableAccess(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"table_id": "5f3e2afc-b8ff-4a06-92c8-ee12cfdaf508", "operation": "READ"}]},
    )

    table_id: str
    operation: str = "READ"


class VolumeAccess(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"volume_id": "e06d6449-5692-42fa-882b-ab7c2988996c", "operation": "READ_VOLUME"}]
        },
    )

    volume_id: str
    operation: str = "READ_VOLUME"


class PathAccess(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"url": "file:///data/trips", "operation": "PATH_READ"}]}
    )

    url: str
    operation: str = "PATH_READ"


def routes(catalog: Catalog) -> APIRouter:
    """One question per kind of place."""
    router = APIRouter(tags=["Unity Catalog: temporary credentials"])
    handouts = catalog.handouts

    @router.post(
        "/temporary-table-credentials", summary="Leave to read or write a table's files", responses=example({})
    )
    def for_table(caller: Caller, body: TableAccess) -> JSON:  # pyright: ignore[reportUnusedFunction]
        handouts.table(caller, body.table_id, write=_writes(body.operation))
        return {}

    @router.post(
        "/temporary-volume-credentials", summary="Leave to read or write a volume's files", responses=example({})
    )
    def for_volume(caller: Caller, body: VolumeAccess) -> JSON:  # pyright: ignore[reportUnusedFunction]
        handouts.volume(caller, body.volume_id, write=_writes(body.operation))
        return {}

    @router.post("/temporary-path-credentials", summary="Leave to use a path", responses=example({}))
    def for_path(caller: Caller, body: PathAccess) -> JSON:  # pyright: ignore[reportUnusedFunction]
        handouts.path(caller, body.url, write=_writes(body.operation))
        return {}

    return router


def _writes(operation: str) -> bool:
    if operation not in _WRITES:
        raise InvalidInput(f"There is no operation {operation!r}.", hint=f"Use one of: {', '.join(_WRITES)}.")
    return _WRITES[operation]
