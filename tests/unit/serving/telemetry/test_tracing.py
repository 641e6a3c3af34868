"""Spans reach a collector, and its absence costs nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from boathouse.serving.telemetry.tracing import Collector, Tracer

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def received() -> Iterator[tuple[str, list[Any]]]:
    """A collector's address, and the spans that it was sent."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["content-length"])))
            spans.append((self.path, self.headers["x-key"], content["resourceSpans"][0]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", spans
        server.shutdown()


def test_a_span_continues_its_callers_trace(received: tuple[str, list[Any]]) -> None:
    url, spans = received
    collector = Collector.from_environment(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=secret", "OTEL_SERVICE_NAME": "mine"}
    )
    assert collector is not None
    tracer = Tracer(collector)
    tracer.record("POST invocations", f"00-{TRACE}-{PARENT}-01", 1_000, 2_000, 503, {"boathouse.x-request-id": "r"})
    tracer.record("POST invocations", f"00-{TRACE}-{PARENT}-00", 1_000, 2_000, 200, {})  # its caller is not traced
    tracer.record("POST invocations", "nonsense", 1_000, 2_000, 200, {})
    tracer.close()
    ((path, key, found),) = spans
    assert (path, key) == ("/v1/traces", "secret")
    assert found["resource"]["attributes"] == [{"key": "service.name", "value": {"stringValue": "mine"}}]
    first, second = found["scopeSpans"][0]["spans"]
    assert (first["traceId"], first["parentSpanId"], first["status"]) == (TRACE, PARENT, {"code": 2})
    assert (first["startTimeUnixNano"], first["endTimeUnixNano"]) == ("1000", "2000")
    assert {"key": "http.response.status_code", "value": {"intValue": "503"}} in first["attributes"]
    assert len(second["traceId"]) == 32
    assert "parentSpanId" not in second


def test_a_collector_that_is_away_costs_spans_only() -> None:
    tracer = Tracer(Collector("http://127.0.0.1:9", {}, "mine"))
    tracer.record("POST invocations", None, 1, 2, 200, {})
    tracer.close()
    assert tracer.dropped == 1


@pytest.mark.parametrize("variables", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}])
def test_without_an_address_nothing_is_sent(variables: dict[str, str]) -> None:
    assert Collector.from_environment(variables) is None
