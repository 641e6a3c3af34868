"""What the recorder has to know of an endpoint, also when it has changed or gone before its exchanges are moved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from boathouse.serving.endpoints.nouns import CaptureTarget
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """One that answers."""

    entity_id: str
    name: str
    entity: str
    version: int | None
    folder: str | None
    baseline_folder: str | None = None


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """What an endpoint was when an exchange was written."""

    endpoint_id: str
    name: str
    owner: str
    """With whose rights its tables are written."""
    target: CaptureTarget | None
    longest_body: int = 1 << 20
    masked_columns: frozenset[str] = frozenset()
    entities: Mapping[str, KnownEntity] = field(default_factory=dict[str, KnownEntity])
    """By entity id."""

    @classmethod
    def of(cls, endpoint: LiveEndpoint) -> "KnownEndpoint":
        rules = endpoint.policy.capture
        return cls(
            endpoint_id=endpoint.endpoint_id,
            name=endpoint.name,
            owner=endpoint.owner,
            target=endpoint.capture,
            longest_body=rules.longest_body,
            masked_columns=endpoint.masked_columns | frozenset(rules.mask_columns),
            entities={each.entity_id: _known(each) for each in endpoint.entities},
        )

    def to_bytes(self) -> bytes:
        target = self.target
        content: dict[str, Any] = {
            "endpoint_id": self.endpoint_id,
            "name": self.name,
            "owner": self.owner,
            "target": target and [target.catalog, target.schema, target.prefix, target.is_enabled],
            "longest_body": self.longest_body,
            "masked_columns": sorted(self.masked_columns),
            "entities": [
                [each.entity_id, each.name, each.entity, each.version, each.folder, each.baseline_folder]
                for each in self.entities.values()
            ],
        }
        return orjson.dumps(content)

    @classmethod
    def from_bytes(cls, text: bytes | memoryview) -> "KnownEndpoint":
        content = orjson.loads(text)
        entities = [KnownEntity(*each) for each in content["entities"]]
        return cls(
            endpoint_id=content["endpoint_id"],
            name=content["name"],
            owner=content["owner"],
            target=CaptureTarget(*content["target"]) if content["target"] else None,
            longest_body=content["longest_body"],
            masked_columns=frozenset(content["masked_columns"]),
            entities={each.entity_id: each for each in entities},
        )


def _known(entity: LiveEntity) -> KnownEntity:
    return KnownEntity(
        entity.entity_id, entity.name, entity.entity, entity.version, entity.folder, entity.baseline_folder
    )
