"""What is called how in Redis. All keys of a table share a hash tag, and so lie on one node of a cluster."""

import json
from dataclasses import dataclass
from typing import Any

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.rows.layout import schema_from_json, schema_to_json

TABLES = b"boathouse:online-tables"
"""A set of names."""


@dataclass(frozen=True, slots=True)
class Names:
    """The keys of one online table."""

    table: str

    @property
    def base(self) -> bytes:
        return b"boathouse:{" + self.table.encode() + b"}:"

    @property
    def current(self) -> bytes:
        """The generation that readers see; read together with the rows."""
        return self.base + b"current"

    @property
    def state(self) -> bytes:
        """What is known of that generation, as JSON."""
        return self.base + b"state"

    @property
    def lock(self) -> bytes:
        return self.base + b"lock"

    @property
    def generations(self) -> bytes:
        """A set of all generations that may have rows."""
        return self.base + b"generations"

    def rows(self, generation: bytes) -> bytes:
        """What the keys of a generation's rows begin with."""
        return self.base + generation + b":"

    def pattern(self, generation: bytes) -> bytes:
        """All rows of a generation, for SCAN."""
        text = self.rows(generation)
        return b"".join(b"\\" + bytes([each]) if each in b"*?[]\\^-" else bytes([each]) for each in text) + b"*"


@dataclass(frozen=True, slots=True)
class State:
    """A committed generation."""

    generation: bytes
    schema: OnlineSchema
    meta: dict[str, Any]
    count: int
    commit: str
    """Another one for each commit."""

    def to_json(self) -> str:
        return json.dumps({
            "generation": self.generation.decode(), "schema": schema_to_json(self.schema), "meta": self.meta,
            "count": self.count, "commit": self.commit,
        })  # fmt: skip

    @classmethod
    def from_json(cls, text: bytes) -> "State":
        data = json.loads(text)
        return cls(
            data["generation"].encode(), schema_from_json(data["schema"]), data["meta"], data["count"], data["commit"]
        )
