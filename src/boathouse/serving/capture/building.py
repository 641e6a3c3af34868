# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""From exchanges to the rows of inference tables: column by column, since there are many exchanges and few forms."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from boathouse.serving.capture.bodies import READING_ERRORS, Rows, rows_of
from boathouse.serving.capture.contexts import KnownEndpoint, KnownEntity
from boathouse.serving.capture.fitting import fitted
from boathouse.serving.capture.layout import PARTITION, TableKind, schema_of
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import KnownModels, ModelFacts
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.runs import plain
from boathouse.serving.endpoints.policy import RungKind

log = logging.getLogger(__name__)

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


class Builder:
    """Makes rows of what was captured of one endpoint."""

    def __init__(self, models: KnownModels, masks: Masks) -> None:
        self._models = models
        self._masks = masks

    def read(self, endpoint: KnownEndpoint, exchanges: Iterable[Exchange]) -> list[Read]:
        """The exchanges, taken apart."""
        found: list[Read] = []
        for exchange in exchanges:
            entity = endpoint.entities.get(exchange.entity_id)
            facts = self._models.facts(entity.folder if entity else None)
            rows, is_unread = None, False
            if exchange.status < ERROR:
                try:
                    rows = rows_of(exchange, facts.names)
                except READING_ERRORS:
                    is_unread = True
            found.append(Read(exchange, entity, facts, rows, is_unread, self._files(exchange, entity, facts)))
        return found

    def _files(self, exchange: Exchange, entity: KnownEntity | None, facts: ModelFacts) -> str | None:
        if entity is None or exchange.rung != RungKind.BASELINE:
            return facts.files
        return self._models.facts(entity.baseline_folder).files

    def sound(self, endpoint: KnownEndpoint, read: Sequence[Read]) -> list[Read]:
        """The same, where one that cannot become rows has none: it shall not keep all others out of the table."""
        found: list[Read] = []
        for each in read:
            try:
                self.columns(TableKind.PREDICTIONS, endpoint, [each]).table(schema_of(TableKind.PREDICTIONS))
                found.append(each)
            except Exception:
                log.exception("Request %s cannot be taken apart.", each.exchange.request_id)
                found.append(replace(each, rows=None, is_unread=True))
        return found

    def columns(self, kind: TableKind, endpoint: KnownEndpoint, read: Sequence[Read]) -> Columns:
        """The rows of some exchanges for one of the endpoint's tables."""
        from boathouse.serving.capture.payload_rows import payload_columns
        from boathouse.serving.capture.prediction_rows import add_predictions

        made = Columns(declared={each.name: each.type for each in schema_of(kind)})
        if kind is TableKind.PAYLOAD:
            made.add(payload_columns(endpoint, read, self._masks), len(read))
        else:
            add_predictions(made, endpoint, read, self._masks)
        return made


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
