"""Tags in the Databricks REST shapes (``entity-tag-assignments``)."""

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog import SecurableKind
from boathouse.catalog.hierarchy import parse_kind
from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import TAG, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered


class NewTag(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"entity_type": "tables", "entity_name": "prod.flights.weather", "tag_key": "pii", "tag_value": "no"}
            ]
        },
    )

    entity_type: str
    entity_name: str
    tag_key: str
    tag_value: str | None = None


class TagChange(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"tag_value": "yes"}]})

    tag_value: str | None = None


PATH = "/entity-tag-assignments/{entity_type}/{entity_name}/tags"


def routes(catalog: Catalog) -> APIRouter:
    """Tag, look, change, take away."""
    router = APIRouter(tags=["Unity Catalog: tags"])
    securables = catalog.securables

    @router.post("/entity-tag-assignments", summary="Tag a thing", responses=example(TAG))
    def assign(caller: Caller, body: NewTag) -> JSON:  # pyright: ignore[reportUnusedFunction]
        kind = _kind(body.entity_type)
        securables.set_tags(caller, kind, body.entity_name, {body.tag_key: body.tag_value or ""})
        return answered(body, _tag(body.entity_type, body.entity_name, body.tag_key, body.tag_value or ""))

    @router.get(PATH, summary="The tags of a thing", responses=example({"tag_assignments": [TAG]}))
    def list_all(caller: Caller, entity_type: str, entity_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        tags = securables.get(caller, _kind(entity_type), entity_name).tags
        return {"tag_assignments": [_tag(entity_type, entity_name, key, value) for key, value in sorted(tags.items())]}

    @router.get(PATH + "/{tag_key}", summary="One tag of a thing", responses=example(TAG))
    def get(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str
    ) -> JSON:
        return _tag(entity_type, entity_name, tag_key, _value(catalog, caller, entity_type, entity_name, tag_key))

    @router.patch(PATH + "/{tag_key}", summary="Give a tag another value", responses=example(TAG))
    def change(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str, body: TagChange
    ) -> JSON:
        _value(catalog, caller, entity_type, entity_name, tag_key)
        securables.set_tags(caller, _kind(entity_type), entity_name, {tag_key: body.tag_value or ""})
        return _tag(entity_type, entity_name, tag_key, body.tag_value or "")

    @router.delete(PATH + "/{tag_key}", summary="Take a tag away", responses=example({}))
    def remove(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str
    ) -> JSON:
        _value(catalog, caller, entity_type, entity_name, tag_key)
        securables.set_tags(caller, _kind(entity_type), entity_name, {}, remove=[tag_key])
        return {}

    return router


def _value(catalog: Catalog, caller: Caller, entity_type: str, entity_name: str, tag_key: str) -> str:
    tags = catalog.securables.get(caller, _kind(entity_type), entity_name).tags
    if tag_key not in tags:
        raise NotFound(f"{entity_name} has no tag {tag_key!r}.", hint=did_you_mean(tag_key, tags))
    return tags[tag_key]


def _kind(entity_type: str) -> SecurableKind:
    if entity_type == "columns":
        raise InvalidInput("Columns cannot be tagged yet.", hint="Tag the table.")
    return parse_kind(entity_type.removesuffix("s"))


def _tag(entity_type: str, entity_name: str, key: str, value: str) -> JSON:
    return {"entity_type": entity_type, "entity_name": entity_name, "tag_key": key, "tag_value": value}
