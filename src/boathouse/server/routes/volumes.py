"""Volumes in the Unity Catalog REST shapes."""

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog import SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import SchemaName, VolumeName
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import VOLUME, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered, paged, volume_info

KIND = SecurableKind.VOLUME


class NewVolume(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"name": "raw", "catalog_name": "prod", "schema_name": "flights", "volume_type": "MANAGED"}]
        },
    )

    name: str
    catalog_name: str
    schema_name: str
    volume_type: str = "MANAGED"
    storage_location: str | None = None
    comment: str | None = None


class VolumeChange(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"comment": "As it came."}]})

    new_name: str | None = None
    comment: str | None = None
    owner: str | None = None


def routes(catalog: Catalog) -> APIRouter:
    """Create, look, list, change, drop."""
    router = APIRouter(tags=["Unity Catalog: volumes"])
    securables = catalog.securables

    @router.post(
        "/volumes", summary="Create a managed volume, or register an external folder", responses=example(VOLUME)
    )
    def create(caller: Caller, body: NewVolume) -> JSON:  # pyright: ignore[reportUnusedFunction]
        external = body.volume_type.upper() == "EXTERNAL"
        if external != bool(body.storage_location):
            raise InvalidInput(
                f"A volume of type {body.volume_type} {'needs a' if external else 'takes no'} storage_location.",
                hint="MANAGED volumes lie in Boathouse's home, EXTERNAL ones where storage_location says.",
            )
        name = VolumeName(body.catalog_name, body.schema_name, body.name)
        made = securables.create_volume(
            caller, name, comment=body.comment, storage_location=body.storage_location or None
        )
        return answered(body, volume_info(made, securables.root().id))

    @router.get(
        "/volumes",
        summary="List the volumes of a schema that the caller may know of",
        responses=example({"volumes": [VOLUME]}),
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        catalog_name: str,
        schema_name: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> JSON:
        root = securables.root().id
        return paged(
            securables.volumes(caller, SchemaName(catalog_name, schema_name)),
            lambda each: each.securable.full_name,
            key="volumes",
            shown=lambda each: volume_info(each, root),
            max_results=max_results,
            page_token=page_token,
        )

    @router.get("/volumes/{full_name}", summary="One volume", responses=example(VOLUME))
    def get(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        volume = securables.volume(caller, VolumeName.parse(full_name))
        catalog.handouts.told(caller, [volume])
        return volume_info(volume, securables.root().id)

    @router.patch("/volumes/{full_name}", summary="Change a volume's name, owner or comment", responses=example(VOLUME))
    def update(caller: Caller, full_name: str, body: VolumeChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        changed = securables.update(
            caller, KIND, full_name, comment=body.comment, owner=body.owner, new_name=body.new_name
        )
        volume = securables.volume(caller, VolumeName.parse(changed.full_name))
        return answered(body, volume_info(volume, securables.root().id))

    @router.delete(
        "/volumes/{full_name}", summary="Drop a volume; its name is free, its files stay", responses=example({})
    )
    def drop(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        securables.drop(caller, KIND, full_name)
        return {}

    return router
