"""The door: RSGI in, the engine asked, an answer out. The hot path looks each header up once, and imports nothing."""

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from boathouse.dataplane.bodies import Bodies
from boathouse.dataplane.identifiers import request_ids
from boathouse.dataplane.pages import Pages
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.home import Home
from boathouse.serving.answering.answering import Answering
from boathouse.serving.answering.engine import Engine
from boathouse.serving.answering.refusals import WrongMethod, error_answer
from boathouse.serving.answering.requests import Answer, Asked
from boathouse.serving.answering.worker import ServingWorker
from boathouse.serving.scoring.nouns import LONGEST_CLIENT_ID

if TYPE_CHECKING:
    from boathouse.serving.telemetry.tracing import Tracer

log = logging.getLogger(__name__)

_ENDPOINTS = "/serving-endpoints/"
_INVOCATIONS = "/invocations"
_MOST_PATHS = 4096
_TRACED = ("x-request-id", "x-served-by", "x-fallback")


class DataPlane:
    """What Granian calls. One per worker."""

    def __init__(self, home: Home, worker: ServingWorker) -> None:
        self._worker = worker
        self._pages = Pages(home, worker)
        self._new_id = request_ids()
        self._bodies = Bodies()
        self._paths: dict[str, tuple[str | None, str | None] | None] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self._tracer = _tracer()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._worker.start(loop)
        self._sweeping = loop.create_task(self._bodies.sweep())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._worker.stop()
        if self._tracer is not None:
            self._tracer.close()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        begun = time.perf_counter()
        request_id = self._new_id()
        path = scope.path
        try:
            place = self._paths[path]
        except KeyError:
            place = self._place(path)
        try:
            if place is None or scope.method != "POST":
                answer = self._other(scope, path, request_id, is_invocations=place is not None)
            else:
                answer = await self._invoked(scope, protocol, place, request_id, begun)
                if self._tracer is not None:
                    self._trace(scope, answer, begun)
        except Exception:
            log.exception("%s %s failed", scope.method, path)
            error = BoathouseError("The request failed inside the data plane; its log says why.")
            answer = error_answer(error, request_id)
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    async def _invoked(
        self, scope: Any, protocol: Any, place: tuple[str | None, str | None], request_id: str, begun: float
    ) -> Answer:
        engine = self._worker.engine
        header = scope.headers.get
        answering: Answering | None = None
        try:
            token = engine.doorkeeper.identify(header("authorization"))
            answering = engine.endpoint(place[0], token)
            length = header("content-length")
            engine.admit(answering, token, int(length) if length is not None and length.isdecimal() else 0)
            body = await self._bodies.read(protocol, length, answering)
            if engine is not self._worker.engine:  # another snapshot has come while the body did
                engine = self._worker.engine
                token = engine.doorkeeper.identify(header("authorization"))
                answering = engine.endpoint(place[0], token)
                engine.admit(answering, token, len(body))
        except BoathouseError as error:
            return self._refused(answering, error, request_id, begun)
        theirs = header("x-request-id")
        asked = Asked(
            body, header("content-type") or "", request_id, time.time_ns() // 1000, begun, token.principal,
            theirs if theirs is None else theirs[:LONGEST_CLIENT_ID], place[1] or header("served-model-name"),
        )  # fmt: skip
        found = answering.answer(asked)
        return found if isinstance(found, Answer) else await found

    def _trace(self, scope: Any, answer: Answer, begun: float) -> None:
        assert self._tracer is not None
        ended = time.time_ns()
        began = ended - round((time.perf_counter() - begun) * 1e9)
        facts = {"url.path": scope.path, "http.request.method": "POST"}
        facts |= {f"boathouse.{name}": value for name, value in answer.headers if name in _TRACED}
        self._tracer.record("POST invocations", scope.headers.get("traceparent"), began, ended, answer.status, facts)

    def _refused(self, answering: Answering | None, error: BoathouseError, request_id: str, begun: float) -> Answer:
        if answering is None:
            return error_answer(error, request_id)
        return answering.refused(Asked(b"", "", request_id, 0, begun, ""), error)

    def _place(self, path: str) -> tuple[str | None, str | None] | None:
        """Endpoint and served entity that a path of invocations names; None for any other path."""
        found = named_by(path)
        if len(self._paths) >= _MOST_PATHS:
            self._paths.clear()
        self._paths[path] = found
        return found

    def _other(self, scope: Any, path: str, request_id: str, *, is_invocations: bool) -> Answer:
        engine: Engine = self._worker.engine
        try:
            if is_invocations or scope.method not in ("GET", "HEAD"):
                allowed = "POST" if is_invocations else "GET"
                if not is_invocations and not self._pages.is_there(path):
                    raise NotFound(f"There is nothing at {path[:200]}.")
                error = WrongMethod(f"{path[:200]} is asked for by {allowed}, not by {scope.method}.")
                return error_answer(error, request_id, [("allow", allowed)])
            return self._pages.answer(engine, path, scope.headers.get("authorization"), request_id)
        except BoathouseError as error:
            return error_answer(error, request_id)


def _tracer() -> "Tracer | None":
    """Only where spans are wanted."""
    if not any(name.startswith("OTEL_EXPORTER_OTLP") for name in os.environ):
        return None
    from boathouse.serving.telemetry.tracing import Collector, Tracer

    collector = Collector.from_environment()
    return None if collector is None else Tracer(collector)


def named_by(path: str) -> tuple[str | None, str | None] | None:
    """
    Example:
        >>> named_by("/serving-endpoints/delay/invocations")
        ('delay', None)
    """
    if path == _INVOCATIONS:
        return (None, None)
    if not path.startswith(_ENDPOINTS) or not path.endswith(_INVOCATIONS):
        return None
    parts = path[len(_ENDPOINTS) : -len(_INVOCATIONS)].split("/")
    if len(parts) == 1 and parts[0]:
        return (unquote(parts[0]), None)
    if len(parts) == 3 and parts[1] == "served-models" and all(parts):
        return (unquote(parts[0]), unquote(parts[2]))
    return None
