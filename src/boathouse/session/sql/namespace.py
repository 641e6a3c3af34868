"""What a name with fewer than three parts means: the catalog and schema that ``USE`` has chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName, InvalidName, SchemaName, TableName, ThreeLevelName, VolumeName

Named = TypeVar("Named", bound=ThreeLevelName)
Parts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Namespace:
    """The current catalog and schema of a session; neither is set at the beginning."""

    catalog: str | None = None
    schema: str | None = None

    def table(self, parts: Parts) -> TableName:
        return self._three(parts, TableName)

    def volume(self, parts: Parts) -> VolumeName:
        return self._three(parts, VolumeName)

    def function(self, parts: Parts) -> FunctionName:
        return self._three(parts, FunctionName)

    def schema_name(self, parts: Parts) -> SchemaName:
        match len(parts):
            case 2:
                return SchemaName(parts[0], parts[1])
            case 1:
                return SchemaName(self._catalog(parts), parts[0])
            case _:
                raise InvalidName(f"{'.'.join(parts)!r} is not a schema name.", hint="Write it as catalog.schema.")

    def using_catalog(self, catalog: str) -> "Namespace":
        return Namespace(catalog, "default")

    def using_schema(self, name: SchemaName) -> "Namespace":
        return replace(self, catalog=name.catalog, schema=name.schema)

    def _three(self, parts: Parts, kind: type[Named]) -> Named:
        match len(parts):
            case 3:
                return kind(parts[0], parts[1], parts[2])
            case 2:
                return kind(self._catalog(parts), parts[0], parts[1])
            case 1 if self.schema is not None:
                return kind(self._catalog(parts), self.schema, parts[0])
            case _:
                raise InvalidInput(
                    f"{'.'.join(parts)!r} does not say which {kind.noun} is meant.",
                    hint="Write catalog.schema.name, or choose with USE CATALOG and USE SCHEMA.",
                )

    def _catalog(self, parts: Parts) -> str:
        if self.catalog is None:
            raise InvalidInput(
                f"{'.'.join(parts)!r} does not say which catalog is meant.",
                hint="Write the catalog first, or choose one with USE CATALOG.",
            )
        return self.catalog
