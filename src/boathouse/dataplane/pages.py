"""Everything that is asked for by GET: is it there, how is it, what has it counted, how is it asked."""

import re
from importlib.metadata import version
from urllib.parse import unquote

import orjson

from boathouse.foundation.errors import NotFound, Unavailable
from boathouse.foundation.home import Home
from boathouse.serving.answering.authenticating import may_ask, require_caller
from boathouse.serving.answering.engine import Engine
from boathouse.serving.answering.requests import CONTENT_TYPE_JSON, Answer, Headers
from boathouse.serving.answering.worker import ServingWorker
from boathouse.serving.snapshot.nouns import KnownToken

_ENDPOINT = re.compile(r"(?:/api/2\.0)?/serving-endpoints/(?P<name>[^/]+)/(?P<what>openapi|ping|metrics)")
_FORM = re.compile(r"/serving-endpoints/[^/]+/form")
_TEXT: Headers = [("content-type", "text/plain; charset=utf-8")]
_METRICS: Headers = [("content-type", "text/plain; version=0.0.4; charset=utf-8")]


class Pages:
    """Of one worker, which answers for all where it can."""

    def __init__(self, home: Home, worker: ServingWorker) -> None:
        self._home = home
        self._worker = worker

    def is_there(self, path: str) -> bool:
        if path in ("/", "/ping", "/health", "/version", "/metrics"):
            return True
        return _ENDPOINT.fullmatch(path) is not None or _FORM.fullmatch(path) is not None

    def answer(self, engine: Engine, path: str, authorization: str | None, request_id: str) -> Answer:
        """
        Raises:
            NotFound, Unauthenticated, Denied, Unavailable: As for any request.
        """
        match path:
            case "/ping":
                self._require_snapshot()
                return Answer(200, _TEXT, b"\n")
            case "/version":
                return Answer(200, _TEXT, version("boathouse").encode())
            case "/health":
                return self._health(engine, authorization)
            case "/metrics":
                return self._metrics(engine, engine.doorkeeper.identify(authorization), None)
            case _ if _FORM.fullmatch(path):
                from boathouse.dataplane.form import form

                return form()
            case _:
                return self._of_endpoint(engine, path, authorization)

    def _of_endpoint(self, engine: Engine, path: str, authorization: str | None) -> Answer:
        token = engine.doorkeeper.identify(authorization)
        found = _ENDPOINT.fullmatch(path)
        if found is None:
            raise NotFound(f"There is nothing at {path[:200]}.")
        answering = engine.endpoint(unquote(found["name"]), token)
        require_caller(token, answering.endpoint)
        match found["what"]:
            case "ping":
                answering.require_ready()
                return Answer(200, _TEXT, b"\n")
            case "metrics":
                return self._metrics(engine, token, answering.endpoint.endpoint_id)
            case _:
                from boathouse.serving.scoring.openapi import openapi_of  # pyright: ignore

                answering.require_ready()
                return Answer(200, [CONTENT_TYPE_JSON], orjson.dumps(openapi_of(answering.endpoint, None)))

    def _health(self, engine: Engine, authorization: str | None) -> Answer:
        """Without a token only whether it lives; with one the endpoints that its holder may ask."""
        states = self._worker.states()
        told: dict[str, object] = {
            "status": "ok" if self._worker.has_snapshot else "waiting for the control plane",
            "generation": engine.generation,
            "worker": self._worker.counters.pid,
            "endpoints": len(states),
            "ready": sum(state.is_ready for state in states.values()),
        }
        if authorization is not None:
            token = engine.doorkeeper.identify(authorization)
            told["states"] = [
                state for name, state in states.items()
                if name in engine.endpoints and may_ask(token, engine.endpoints[name].endpoint)
            ]  # fmt: skip
        return Answer(200, [CONTENT_TYPE_JSON], orjson.dumps(told))

    def _metrics(self, engine: Engine, token: KnownToken, endpoint_id: str | None) -> Answer:
        from boathouse.serving.telemetry.prometheus import metrics_text

        endpoints = {
            each.endpoint.endpoint_id: each.endpoint
            for each in engine.endpoints.values()
            if may_ask(token, each.endpoint) and endpoint_id in (None, each.endpoint.endpoint_id)
        }
        return Answer(200, _METRICS, metrics_text(self._home, endpoints))

    def _require_snapshot(self) -> None:
        if not self._worker.has_snapshot:
            raise Unavailable("The data plane waits for its first snapshot.", hint="Is the control plane running?")
