"""OpenTelemetry's way in: spans arrive for the experiment that a header names.

MLflow adds spans to a trace that exists already, wherever it lies, so the traces in the request are looked up too. The
body is read exactly as MLflow reads it.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.models.policy.call import Call
from boathouse.models.policy.desk import WRITE, Desk, Target

EXPERIMENT_HEADER = "x-mlflow-experiment-id"
RUN_HEADER = "x-mlflow-run-id"
_HEX_FIELDS = ("traceId", "spanId", "parentSpanId")
"""OpenTelemetry's JSON writes these in hexadecimal, where protobuf's JSON would have base64."""


def may_export(desk: Desk, call: Call) -> Target:
    """The experiment of the header; the run too, if one is named; and the traces that exist already."""
    target = desk.experiment(WRITE, call.headers.get(EXPERIMENT_HEADER, ""))
    if run_id := call.headers.get(RUN_HEADER):
        desk.run(WRITE, run_id)
    for trace_id in sorted(set(_trace_ids(call))):
        desk.trace_if_known(WRITE, trace_id)
    return target


def _trace_ids(call: Call) -> Iterator[str]:
    """The traces that the spans of a request belong to, as MLflow names them."""
    from google.protobuf.json_format import Parse, ParseError
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request: Any = ExportTraceServiceRequest()
    try:
        raw = _unpacked(call)
        if call.headers.get("content-type", "").split(";")[0].strip() == "application/json":
            Parse(_with_base64_ids(raw), request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(raw)
    except (ParseError, DecodeError, zlib.error, OSError, EOFError, ValueError, AttributeError, TypeError) as error:
        raise InvalidInput("The body is not a valid OpenTelemetry request.") from error
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield f"tr-{int.from_bytes(span.trace_id):032x}"


def _unpacked(call: Call) -> bytes:
    match call.headers.get("content-encoding", "").lower():
        case "":
            return call.raw
        case "gzip":
            return gzip.decompress(call.raw)
        case "deflate":
            try:
                return zlib.decompress(call.raw)
            except zlib.error:
                return zlib.decompress(call.raw, -zlib.MAX_WBITS)  # some clients send it without a header
        case other:
            raise InvalidInput(f"The content-encoding {other!r} is not understood.", hint="Use gzip.")


def _with_base64_ids(raw: bytes) -> str:
    body = json.loads(raw)
    for resource in body.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for field in _HEX_FIELDS:
                    if value := span.get(field):
                        span[field] = base64.b64encode(bytes.fromhex(value)).decode("ascii")
    return json.dumps(body)
