# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""From exchanges to the rows of inference tables: column by column, since there are many exchanges and few forms."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from boathouse.serving.capture.bodies import READING_ERRORS, rows_of
from boathouse.serving.capture.contexts import KnownEndpoint, KnownEntity
from boathouse.serving.capture.layout import TableKind, schema_of
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import KnownModels, ModelFacts
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.payload_rows import payload_columns
from boathouse.serving.capture.prediction_rows import add_predictions
from boathouse.serving.capture.taken_apart import ERROR, Columns, Read
from boathouse.serving.endpoints.policy import RungKind

log = logging.getLogger(__name__)


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
        made = Columns(declared={each.name: each.type for each in schema_of(kind)})
        if kind is TableKind.PAYLOAD:
            made.add(payload_columns(endpoint, read, self._masks), len(read))
        else:
            add_predictions(made, endpoint, read, self._masks)
        return made
