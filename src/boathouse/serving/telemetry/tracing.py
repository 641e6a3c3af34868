"""Spans of requests for OpenTelemetry, sent as OTLP over HTTP in JSON, which every collector takes.

Nothing here is used unless ``OTEL_EXPORTER_OTLP_ENDPOINT`` says where spans go. A request puts its span into a bounded
queue; a thread sends what has gathered. What does not fit, or what nobody takes, is dropped and counted.
"""

import logging
import os
import re
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

log = logging.getLogger(__name__)

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MOST_WAITING = 8192
_MOST_SENT = 512
_PAUSE_SECONDS = 1.0
_SEND_SECONDS = 5.0
_SERVER = 2
_ERROR = 2


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go."""

    url: str
    headers: Mapping[str, str]
    service: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Collector | None":
        """As the variables of OpenTelemetry say; None when they name no collector."""
        exact = environment.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        base = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        url = exact or (f"{base.rstrip('/')}/v1/traces" if base else None)
        if url is None or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return None
        pairs = (each.partition("=") for each in environment.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(","))
        headers = {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
        return cls(url, headers, environment.get("OTEL_SERVICE_NAME", "boathouse-serving"))


class Tracer:
    """Of one worker."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._waiting: deque[dict[str, Any]] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)
        self._thread.start()
        self.dropped = 0

    def record(
        self, name: str, traceparent: str | None, began_ns: int, ended_ns: int, status: int, facts: Mapping[str, str]
    ) -> None:
        """One request. A caller that is not traced itself, by its own word, is not traced here."""
        given = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if given is not None and not int(given[3], 16) & 1:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.dropped += 1
            return
        span: dict[str, Any] = {
            "traceId": given[1] if given is not None else secrets.token_hex(16),
            "spanId": secrets.token_hex(8),
            "name": name,
            "kind": _SERVER,
            "startTimeUnixNano": str(began_ns),
            "endTimeUnixNano": str(ended_ns),
            "attributes": [
                _attribute("http.response.status_code", status),
                *(_attribute(key, value) for key, value in facts.items()),
            ],
            "status": {"code": _ERROR} if status >= 500 else {},
        }
        if given is not None:
            span["parentSpanId"] = given[2]
        self._waiting.append(span)

    def close(self) -> None:
        """Send what waits, if the collector takes it soon."""
        self._stopping.set()
        self._thread.join(_SEND_SECONDS)

    def _work(self) -> None:
        while not self._stopping.wait(_PAUSE_SECONDS):
            self._send_all()
        self._send_all()

    def _send_all(self) -> None:
        while self._waiting:
            spans = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_SENT))]
            try:
                self._send(spans)
            except Exception as error:  # noqa: BLE001  # a collector that is away costs spans, and nothing else
                self.dropped += len(spans)
                log.warning("%d spans were not taken by %s: %s", len(spans), self._collector.url, error)
                return

    def _send(self, spans: list[dict[str, Any]]) -> None:
        import urllib3

        resource = {"attributes": [_attribute("service.name", self._collector.service)]}
        scoped = [{"scope": {"name": "boathouse"}, "spans": spans}]
        body = orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scoped}]})
        headers = {"content-type": "application/json", **self._collector.headers}
        answer = urllib3.request(
            "POST", self._collector.url, body=body, headers=headers, timeout=_SEND_SECONDS, retries=False
        )
        if answer.status >= 300:
            raise ConnectionError(f"it answered {answer.status}")


def _attribute(key: str, value: str | int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
