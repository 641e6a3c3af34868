"""Tags in the Databricks REST shapes (``entity-tag-assignments``)."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog.column_tags import named
from boathouse.catalog.hierarchy import parse_kind
from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import TableName, split_name
from boathouse.foundation.principals import Principal
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import TAG, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered

COLUMNS = "columns"
"""The type of entities that are columns; their names have four levels."""
_LEVELS = 4


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
    tagged = _Tagged(catalog)

    @router.post("/entity-tag-assignments", summary="Tag a thing", responses=example(TAG))
    def assign(caller: Caller, body: NewTag) -> JSON:  # pyright: ignore[reportUnusedFunction]
        tagged.change(caller, body.entity_type, body.entity_name, {body.tag_key: body.tag_value or ""})
        return answered(body, _tag(body.entity_type, body.entity_name, body.tag_key, body.tag_value or ""))

    @router.get(PATH, summary="The tags of a thing", responses=example({"tag_assignments": [TAG]}))
    def list_all(caller: Caller, entity_type: str, entity_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        tags = tagged.tags(caller, entity_type, entity_name)
        return {"tag_assignments": [_tag(entity_type, entity_name, key, value) for key, value in sorted(tags.items())]}

    @router.get(PATH + "/{tag_key}", summary="One tag of a thing", responses=example(TAG))
    def get(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str
    ) -> JSON:
        return _tag(entity_type, entity_name, tag_key, tagged.value(caller, entity_type, entity_name, tag_key))

    @router.patch(PATH + "/{tag_key}", summary="Give a tag another value", responses=example(TAG))
    def change(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str, body: TagChange
    ) -> JSON:
        tagged.value(caller, entity_type, entity_name, tag_key)
        tagged.change(caller, entity_type, entity_name, {tag_key: body.tag_value or ""})
        return _tag(entity_type, entity_name, tag_key, body.tag_value or "")

    @router.delete(PATH + "/{tag_key}", summary="Take a tag away", responses=example({}))
    def remove(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, entity_type: str, entity_name: str, tag_key: str
    ) -> JSON:
        tagged.value(caller, entity_type, entity_name, tag_key)
        tagged.change(caller, entity_type, entity_name, {}, remove=[tag_key])
        return {}

    return router


class _Tagged:
    """The tags of what a client names by type and name: of a column, or of anything governed."""

    def __init__(self, catalog: Catalog) -> None:
        self._securables = catalog.securables

    def tags(self, caller: Principal, entity_type: str, name: str) -> Mapping[str, str]:
        if entity_type == COLUMNS:
            table, column = _column(name)
            return named(str(table), self._securables.table(caller, table).columns, column).tags
        return self._securables.get(caller, parse_kind(entity_type.removesuffix("s")), name).tags

    def value(self, caller: Principal, entity_type: str, name: str, key: str) -> str:
        tags = self.tags(caller, entity_type, name)
        if key not in tags:
            raise NotFound(f"{name} has no tag {key!r}.", hint=did_you_mean(key, tags))
        return tags[key]

    def change(
        self, caller: Principal, entity_type: str, name: str, tags: Mapping[str, str], *, remove: Sequence[str] = ()
    ) -> None:
        if entity_type == COLUMNS:
            table, column = _column(name)
            self._securables.set_column_tags(caller, table, column, tags, remove=remove)
        else:
            self._securables.set_tags(caller, parse_kind(entity_type.removesuffix("s")), name, tags, remove=remove)


def _column(name: str) -> tuple[TableName, str]:
    """Table and column of a name of four levels; a dot behind the third belongs to the column."""
    parts = split_name(name)
    if len(parts) < _LEVELS:
        raise InvalidInput(f"{name!r} is not the name of a column.", hint="Write catalog.schema.table.column.")
    return TableName(*parts[:3]), ".".join(parts[3:])


def _tag(entity_type: str, entity_name: str, key: str, value: str) -> JSON:
    return {"entity_type": entity_type, "entity_name": entity_name, "tag_key": key, "tag_value": value}
