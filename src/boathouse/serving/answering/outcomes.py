"""What came of asking, as it is kept in the journal."""

from dataclasses import dataclass
from typing import Any

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.answering.requests import Answer, Asked, Headers
from boathouse.serving.answering.ways import Way
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.fallback.ladder import Fallen
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint


@dataclass(slots=True)
class Outcome:
    """An answer of a way, or of a rung below it."""

    way: Way
    payload: Payload
    body: bytes
    predictions: Any = None
    features: bytes | None = None
    fallen: Fallen | None = None

    @property
    def headers(self) -> Headers:
        """Who has answered."""
        if self.fallen is None:
            return self.way.headers
        entity = self.fallen.entity
        if entity is None:
            shown = self.fallen.rung
        else:
            shown = entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"
        return [("x-fallback", self.fallen.rung), ("x-served-by", shown)]


@dataclass(slots=True)
class Progress:
    """How far a request has come in its thread, for whoever waits for it until the deadline."""

    payload: Payload | None = None
    way: Way | None = None


class Failed(Exception):
    """Carries an error out of a thread, with the way on which it happened."""

    def __init__(self, way: Way | None, error: BoathouseError) -> None:
        self.way = way
        self.error = error
        super().__init__(str(error))


class NotBegun(TimeoutError):
    """The deadline has come while a request was waiting for others: nobody can say that the model is slow."""


def answered(endpoint: LiveEndpoint, asked: Asked, outcome: Outcome, seconds: float) -> Exchange:
    """The exchange of an answer with status 200."""
    fallen, way = outcome.fallen, outcome.way
    entity = way.entity if fallen is None else fallen.entity
    return Exchange(
        asked.request_id, endpoint.endpoint_id, endpoint.config_version, "" if entity is None else entity.entity_id,
        None if entity is None else entity.version, way.role if fallen is None else "fallback", asked.principal,
        asked.received_at_us, int(seconds * 1e6), 200, asked.content_type, asked.body, outcome.body,
        None if fallen is None else fallen.rung, None if fallen is None else fallen.why,
        asked.client_request_id or outcome.payload.client_request_id, outcome.features,
        rung_details=None if fallen is None else fallen.details,
    )  # fmt: skip


def refused(
    endpoint: LiveEndpoint, asked: Asked, way: Way | None, answer: Answer, error: BoathouseError, seconds: float
) -> Exchange:
    """The exchange of an answer that tells of an error."""
    entity = way.entity if way is not None else None
    return Exchange(
        asked.request_id, endpoint.endpoint_id, endpoint.config_version, "" if entity is None else entity.entity_id,
        None if entity is None else entity.version, "" if way is None else way.role, asked.principal,
        asked.received_at_us, int(seconds * 1e6), answer.status, asked.content_type, asked.body, answer.body,
        client_request_id=asked.client_request_id, error_codes=(error.error_code,),
    )  # fmt: skip
