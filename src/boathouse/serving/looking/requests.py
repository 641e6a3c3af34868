# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What an endpoint was asked and has answered: the latest requests, one of them in full, and one answered again."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import NotFound, Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.rest import TOKEN_VARIABLE, URL_VARIABLE
from boathouse.serving.capture.bodies import features_of
from boathouse.serving.capture.finding import InferenceTable, required
from boathouse.serving.capture.layout import PARTITION, TableKind
from boathouse.serving.replay.finding import find
from boathouse.serving.replay.nouns import Captured, Difference, Replay, Verdict
from boathouse.session import Session

REPLAY_SECONDS = 180
_AT_ONCE = 1
"""Replays at a time: each loads a model of its own."""
_SPANS = (timedelta(days=1), timedelta(days=31), None)
"""How far back the latest requests are looked for, one span after another: days are partitions."""
_COLUMNS = (
    "databricks_request_id", "request_time", "status_code", "execution_duration_us", "requester", "model_name",
    "model_version", "route", "fallback_rung", "fallback_reason", "row_count", "client_request_id",
    "endpoint_config_version", "logging_error_codes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """One row of an inference table, without its texts."""

    request_id: str
    at: datetime
    status: int | None
    milliseconds: float | None
    requester: str | None
    model: str | None
    version: int | None
    route: str | None
    rung: str | None
    """Which rung answered, if not the routed version."""
    because: str | None
    """What had failed above that rung."""
    rows: int | None
    client_request_id: str | None
    config_version: int | None
    error_codes: tuple[str, ...] = ()

    @property
    def answered_by(self) -> str:
        who = "" if self.model is None else self.model if self.version is None else f"{self.model}@{self.version}"
        return " · ".join(filter(None, (who, self.rung)))


@dataclass(frozen=True, slots=True)
class ReadFeature:
    """A feature value that a row of a request was answered with."""

    row: int
    name: str
    value: Any
    event: int | None
    """Of when the value was, in milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request with everything that was kept of it."""

    asked: AskedRequest
    captured: Captured
    features: tuple[ReadFeature, ...]


class Requests:
    """Reads inference tables as whoever asks."""

    def __init__(self, catalog: Catalog, session_of: Callable[[Principal], Session], home: Home, clock: Clock) -> None:
        self._catalog = catalog
        self._session_of = session_of
        self._home = home
        self._clock = clock
        self._replaying = threading.BoundedSemaphore(_AT_ONCE)

    def table(self, principal: Principal, endpoint: str) -> str:
        """The name of the table that requests are kept in.

        Raises:
            NotFound: There is none that the principal may know of.
        """
        return self._table(self._session_of(principal), endpoint).table

    def latest(self, principal: Principal, endpoint: str, *, limit: int = 50) -> list[AskedRequest]:
        """The latest requests of an endpoint, newest first.

        Raises:
            NotFound: There is no inference table that the principal may know of.
            Denied: The principal may not read it.
        """
        session = self._session_of(principal)
        table = TableName.parse(self._table(session, endpoint).table)
        for span in _SPANS:
            condition, parameters = "endpoint_name = :endpoint", {"endpoint": endpoint}
            if span is not None:
                condition += f" AND {PARTITION} >= to_date(:since)"
                parameters |= {"since": self._clock.now() - span}
            found = _rows(session, table, condition, parameters, limit)
            if found:
                return found
        return []

    def one(self, principal: Principal, endpoint: str, request_id: str) -> WholeRequest:
        """A request by its id.

        Raises:
            NotFound: It is in no table that the principal may read.
        """
        session = self._session_of(principal)
        captured = find(session, request_id, endpoint)
        table = TableName.parse(self._table(session, endpoint).table)
        day = {"id": request_id, "day": captured.request_time}
        condition = f"databricks_request_id = :id AND {PARTITION} = to_date(:day)"
        asked = _rows(session, table, condition, day, 1)
        if not asked:
            raise NotFound(f"Request {request_id} is not in {table} any more.")
        return WholeRequest(asked[0], captured, tuple(_features(captured)))

    def replay(self, principal: Principal, endpoint: str, request_id: str) -> Replay:
        """Answer a request again, as ``boathouse replay`` does: in a process of its own, which holds a token of the
        principal's for as long, and ends with it.

        Raises:
            NotFound, Denied: The principal may not read the request, or not use the model.
            Unavailable: It took too long, or another replay is under way.
        """
        if not self._replaying.acquire(timeout=REPLAY_SECONDS):
            raise Unavailable("Other requests are being replayed.", hint="Try again in a minute.")
        try:
            return self._replayed(principal, endpoint, request_id)
        finally:
            self._replaying.release()

    def _replayed(self, principal: Principal, endpoint: str, request_id: str) -> Replay:
        identities = self._catalog.identities
        token = identities.issue_token(
            principal, principal.name, lifetime_seconds=REPLAY_SECONDS + 60, comment="replay of a request"
        )
        known = (self._home.running() or {}).get("url")
        environment = {**os.environ, URL_VARIABLE: str(known), TOKEN_VARIABLE: token.secret,
                       "BOATHOUSE_HOME": str(self._home.root)}  # fmt: skip
        command = [sys.executable, "-m", "boathouse", "replay", "--endpoint", endpoint, "--output", "json", "--"]
        try:
            done = subprocess.run(
                [*command, request_id], env=environment, capture_output=True, timeout=REPLAY_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(
                f"Request {request_id} was not answered again within {REPLAY_SECONDS} seconds.",
                hint=f"Try it where there is time: boathouse replay {request_id} --endpoint {endpoint}",
            ) from error
        finally:
            identities.revoke_token(principal, token.token_id)
        return replay_of(done.stdout, done.stderr)

    def _table(self, session: Session, endpoint: str) -> InferenceTable:
        return required(session, endpoint, TableKind.PAYLOAD)[0]


def replay_of(said: bytes, complaint: bytes) -> Replay:
    """What ``boathouse replay`` has printed.

    Raises:
        Unavailable: It has printed none; its last words say why.
    """
    try:
        told: dict[str, Any] = json.loads(said)
    except ValueError as error:
        words = complaint.decode(errors="replace").strip().splitlines()
        last = words[-1].removeprefix("Error: ") if words else "it ended without a word."
        raise Unavailable(f"The request could not be answered again: {last}") from error
    return Replay(
        told["request_id"], told["endpoint"], Verdict(told["verdict"]), told["model"], told["version"], told["rung"],
        told["reason"], tuple(Difference(**each) for each in told["differences"]), told["differing"],
        tuple(told["notes"]),
    )  # fmt: skip


def _rows(
    session: Session, table: TableName, condition: str, parameters: Mapping[str, Any], limit: int
) -> list[AskedRequest]:
    """Columns that somebody has taken away are null."""
    there = {column.name for column in session.law.table(session.principal, table).columns}
    shown = ", ".join(column if column in there else f"NULL AS {column}" for column in _COLUMNS)
    text = f"SELECT {shown} FROM {table.quoted()} WHERE {condition} ORDER BY request_time DESC LIMIT {int(limit)}"
    return [_asked(row) for row in session.sql(text, dict(parameters)).arrow().to_pylist()]


def _asked(row: Mapping[str, Any]) -> AskedRequest:
    took = row["execution_duration_us"]
    return AskedRequest(
        row["databricks_request_id"], row["request_time"], row["status_code"], None if took is None else took / 1000,
        row["requester"], row["model_name"], row["model_version"], row["route"], row["fallback_rung"],
        row["fallback_reason"], row["row_count"], row["client_request_id"], row["endpoint_config_version"],
        tuple(row["logging_error_codes"] or ()),
    )  # fmt: skip


def _features(captured: Captured) -> list[ReadFeature]:
    return [
        ReadFeature(row, name, value, None if (event := events.get(name)) is None else event // 1000)
        for row, (values, events) in enumerate(features_of(captured.features))
        for name, value in values.items()
    ]
