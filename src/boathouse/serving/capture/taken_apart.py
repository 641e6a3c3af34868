# pyright: reportUnknownParameterType=false
"""Exchanges, taken apart, and the columns that they become: what both inference tables are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from boathouse.serving.capture.bodies import Rows
from boathouse.serving.capture.contexts import KnownEndpoint, KnownEntity
from boathouse.serving.capture.fitting import fitted
from boathouse.serving.capture.layout import PARTITION
from boathouse.serving.capture.model_facts import ModelFacts
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.runs import plain

ERROR = 400
"""Statuses from here on are those of requests that were not answered."""
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(slots=True)
class Columns:
    """Columns that grow, also by names that come later."""

    count: int = 0
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """By name a list, or what was added first as it is."""
    declared: dict[str, pa.DataType] = field(default_factory=dict[str, pa.DataType])

    def add(self, rows: Mapping[str, Any], count: int) -> None:
        if not self.count:
            self.values, self.count = dict(rows), count
            return
        for name in self.values.keys() | rows.keys():
            before = self.values.get(name, [None] * self.count)
            more = rows.get(name, [None] * count)
            self.values[name] = [*plain(before), *plain(more)]
        self.count += count

    def table(self, schema: pa.Schema) -> pa.Table:
        """As it goes into a table with this schema."""
        return fitted(self.values, schema, self.declared)


@dataclass(frozen=True, slots=True)
class Read:
    """An exchange, taken apart."""

    exchange: Exchange
    entity: KnownEntity | None
    facts: ModelFacts
    rows: Rows | None
    """None: there is no answer with rows."""
    is_unread: bool
    """Whether there should be one, and it could not be taken apart."""
    files: str | None = None
    """A digest of the files of the model that answered."""


def common_columns(endpoint: KnownEndpoint, read: Sequence[Read]) -> dict[str, list[Any]]:
    """What both tables say of each request."""
    exchanges = [each.exchange for each in read]
    return {
        PARTITION: [each.received_at_us // _MICROSECONDS_PER_DAY for each in exchanges],
        "databricks_request_id": [each.request_id for each in exchanges],
        "client_request_id": [each.client_request_id for each in exchanges],
        "request_time": [each.received_at_us for each in exchanges],
        "sampling_fraction": [each.sampling_fraction for each in exchanges],
        "requester": [each.principal for each in exchanges],
        "endpoint_name": [endpoint.name] * len(exchanges),
        "served_entity_id": [each.entity_id or None for each in exchanges],
        "model_name": [each.entity.entity if each.entity else None for each in read],
        "model_version": [each.version for each in exchanges],
        "route": [each.role for each in exchanges],
        "fallback_rung": [each.rung for each in exchanges],
        "device": [each.device for each in exchanges],
        "arrived_at": [each.arrived_at_us for each in exchanges],
    }
