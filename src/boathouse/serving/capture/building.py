# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""From exchanges to the rows of inference tables."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from boathouse.serving.capture.bodies import READING_ERRORS, Rows, rows_of
from boathouse.serving.capture.contexts import KnownEndpoint, KnownEntity
from boathouse.serving.capture.fitting import fitted
from boathouse.serving.capture.layout import (
    FEATURE,
    FEATURE_TIME,
    IN,
    NOT_MASKABLE,
    NOT_READABLE,
    OUT,
    PARTITION,
    REQUEST_TOO_LONG,
    RESPONSE_TOO_LONG,
    TableKind,
    schema_of,
)
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import KnownModels, ModelFacts, environment
from boathouse.serving.capture.nouns import Exchange

_ERROR = 400


@dataclass(slots=True)
class Columns:
    """Columns that grow, also by names that come later."""

    count: int = 0
    values: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    declared: dict[str, pa.DataType] = field(default_factory=dict[str, pa.DataType])

    def add(self, rows: Mapping[str, Sequence[Any]], count: int) -> None:
        for name, more in rows.items():
            column = self.values.get(name)
            if column is None:
                column = self.values[name] = [None] * self.count
            column.extend(more)
        self.count += count
        for column in self.values.values():
            if len(column) < self.count:
                column.extend([None] * (self.count - len(column)))

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
            rows, unread = self._rows(exchange, facts)
            found.append(Read(exchange, entity, facts, rows, unread))
        return found

    def columns(self, kind: TableKind, endpoint: KnownEndpoint, read: Iterable[Read]) -> Columns:
        """The rows of some exchanges for one of the endpoint's tables."""
        made = Columns(declared={each.name: each.type for each in schema_of(kind)})
        for each in read:
            if kind is TableKind.PAYLOAD:
                made.add(self._payload(endpoint, each), 1)
            elif each.rows is not None and each.rows.count:
                made.add(self._predictions(endpoint, each, each.rows), each.rows.count)
                self._declare(made, each.facts, each.rows)
        return made

    def _rows(self, exchange: Exchange, facts: ModelFacts) -> tuple[Rows | None, bool]:
        """The rows of an exchange, and whether it could not be taken apart."""
        if exchange.status >= _ERROR:
            return None, False
        try:
            return rows_of(exchange, facts.names), False
        except READING_ERRORS:
            return None, True

    def _payload(self, endpoint: KnownEndpoint, read: Read) -> dict[str, list[Any]]:
        exchange, rows = read.exchange, read.rows
        codes = [*exchange.error_codes, *([NOT_READABLE] if read.is_unread else [])]
        request, response = self._texts(endpoint, exchange, codes)
        features = exchange.features
        if features is not None and endpoint.masked_columns:
            features = self._masks.body(b'{"rows":' + features + b"}", endpoint.masked_columns)
            features = None if features is None else features.removeprefix(b'{"rows":').removesuffix(b"}")
        row = {
            **_common(endpoint, read.entity, exchange),
            "status_code": exchange.status,
            "execution_duration_ms": exchange.duration_us // 1_000,
            "request": request,
            "response": response,
            "logging_error_codes": codes,
            "execution_duration_us": exchange.duration_us,
            "endpoint_config_version": exchange.config_version,
            "model_files": read.facts.files,
            "environment": environment() if read.facts.files else None,
            "fallback_reason": exchange.why,
            "content_type": exchange.content_type,
            "row_count": None if rows is None else rows.count,
            "features": None if features is None else features.decode("utf-8", "replace"),
            "masked_columns": sorted(endpoint.masked_columns),
        }
        return {name: [value] for name, value in row.items()}

    def _texts(self, endpoint: KnownEndpoint, exchange: Exchange, codes: list[str]) -> tuple[str | None, str | None]:
        """Request and answer as they are kept; why something is missing is added to the codes."""
        request: bytes | None = exchange.request
        response: bytes | None = exchange.response
        if len(exchange.request) > endpoint.longest_body:
            request = None
            codes.append(REQUEST_TOO_LONG)
        if len(exchange.response) > endpoint.longest_body:
            response = None
            codes.append(RESPONSE_TOO_LONG)
        if endpoint.masked_columns:
            request, response = self._masked(endpoint, exchange, request, response, codes)
        return (
            None if request is None else _text(request, exchange.content_type),
            None if response is None else response.decode("utf-8", "replace"),
        )

    def _masked(
        self,
        endpoint: KnownEndpoint,
        exchange: Exchange,
        request: bytes | None,
        response: bytes | None,
        codes: list[str],
    ) -> tuple[bytes | None, bytes | None]:
        wanted = endpoint.masked_columns
        if request:
            is_json = exchange.content_type.startswith("application/json")
            request = self._masks.body(request, wanted) if is_json else None
            if request is None:
                codes.append(NOT_MASKABLE)
        if response and exchange.status >= _ERROR:
            response = None  # a message may quote what was sent
            codes.append(NOT_MASKABLE)
        elif response:
            response = self._masks.body(response, wanted) or response
        return request, response

    def _predictions(self, endpoint: KnownEndpoint, read: Read, rows: Rows) -> dict[str, Sequence[Any]]:
        said = _common(endpoint, read.entity, read.exchange)
        common = {name: [value] * rows.count for name, value in said.items()}
        values: dict[str, Sequence[Any]] = {**common, "row_number": range(rows.count)}
        for column, given in rows.columns.items():
            is_masked = rows.names[column] in endpoint.masked_columns and not column.startswith(FEATURE_TIME)
            values[column] = [self._masks.of(value) for value in given] if is_masked else given
        return values

    def _declare(self, made: Columns, facts: ModelFacts, rows: Rows) -> None:
        """Give new columns the types that the model declares; whole numbers beside its inputs are keys."""
        for column, name in rows.names.items():
            if column in made.declared:
                continue
            if column.startswith(FEATURE_TIME):
                made.declared[column] = pa.timestamp("us", "UTC")
            elif column.startswith((IN, FEATURE)) and not column.startswith(OUT):
                if name in facts.types:
                    made.declared[column] = facts.types[name]
                elif facts.has_signature and all(type(value) in (int, type(None)) for value in rows.columns[column]):
                    made.declared[column] = pa.int64()


def _common(endpoint: KnownEndpoint, entity: KnownEntity | None, exchange: Exchange) -> dict[str, Any]:
    received = datetime.fromtimestamp(exchange.received_at_us // 1_000_000, UTC)
    received = received.replace(microsecond=exchange.received_at_us % 1_000_000)
    return {
        PARTITION: received.date(),
        "databricks_request_id": exchange.request_id,
        "client_request_id": exchange.client_request_id,
        "request_time": received,
        "sampling_fraction": exchange.sampling_fraction,
        "requester": exchange.principal,
        "endpoint_name": endpoint.name,
        "served_entity_id": exchange.entity_id or None,
        "model_name": entity.entity if entity else None,
        "model_version": exchange.version,
        "route": exchange.role,
        "fallback_rung": exchange.rung,
    }


def _text(body: bytes, content_type: str) -> str:
    """A body as text; what is none, in base64."""
    if content_type.startswith(("application/json", "text/")) or not content_type:
        return body.decode("utf-8", "replace")
    return base64.b64encode(body).decode()
