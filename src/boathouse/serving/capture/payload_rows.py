"""One row per request: what was sent and answered, as text, and everything that came of it."""

import base64
from collections.abc import Sequence
from typing import Any

from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import NOT_MASKABLE, NOT_READABLE, REQUEST_TOO_LONG, RESPONSE_TOO_LONG
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import environment
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.taken_apart import ERROR, Read, common_columns

_JSON = "application/json"


def payload_columns(endpoint: KnownEndpoint, read: Sequence[Read], masks: Masks) -> dict[str, list[Any]]:
    """The columns of the table of requests."""
    exchanges = [each.exchange for each in read]
    codes = [[*each.exchange.error_codes, *([NOT_READABLE] if each.is_unread else [])] for each in read]
    bodies = [_bodies(endpoint, each, of, masks) for each, of in zip(exchanges, codes, strict=True)]
    return {
        **common_columns(endpoint, read),
        "status_code": [each.status for each in exchanges],
        "execution_duration_ms": [each.duration_us // 1_000 for each in exchanges],
        "request": [request for request, _, _ in bodies],
        "response": [response for _, response, _ in bodies],
        "logging_error_codes": codes,
        "execution_duration_us": [each.duration_us for each in exchanges],
        "endpoint_config_version": [each.config_version for each in exchanges],
        "model_files": [each.files for each in read],
        "environment": [environment() if each.files else None for each in read],
        "fallback_reason": [_reason(endpoint, each) for each in exchanges],
        "fallback_details": [each.rung_details for each in exchanges],
        "content_type": [each.content_type for each in exchanges],
        "row_count": [None if each.rows is None else each.rows.count for each in read],
        "features": [features for _, _, features in bodies],
        "masked_columns": [sorted(endpoint.masked_columns)] * len(read),
    }


def _reason(endpoint: KnownEndpoint, exchange: Exchange) -> str | None:
    """Why another rung answered. Where values are masked only who had failed: what it said may quote what was sent."""
    if exchange.why is None or not endpoint.masked_columns:
        return exchange.why
    return f"{exchange.why.partition(': ')[0]}: {NOT_MASKABLE}"


def _bodies(
    endpoint: KnownEndpoint, exchange: Exchange, codes: list[str], masks: Masks
) -> tuple[str | None, str | None, str | None]:
    """Request, answer and features as they are kept; why something is missing is added to the codes."""
    request: bytes | None = exchange.request
    response: bytes | None = exchange.response
    features = exchange.features
    if len(exchange.request) > endpoint.longest_body:
        request = None
        codes.append(REQUEST_TOO_LONG)
    if len(exchange.response) > endpoint.longest_body:
        response = None
        codes.append(RESPONSE_TOO_LONG)
    if endpoint.masked_columns:
        request = _masked_request(endpoint, exchange, request, codes, masks)
        response = _masked_response(endpoint, exchange, response, codes, masks)
        features = None if features is None else _masked_features(endpoint, features, masks)
    return (
        None if request is None else _text(request, exchange.content_type),
        None if response is None else response.decode("utf-8", "replace"),
        None if features is None else features.decode("utf-8", "replace"),
    )


def _masked_request(
    endpoint: KnownEndpoint, exchange: Exchange, request: bytes | None, codes: list[str], masks: Masks
) -> bytes | None:
    if not request:
        return request
    masked = masks.body(request, endpoint.masked_columns) if exchange.content_type.startswith(_JSON) else None
    if masked is None:
        codes.append(NOT_MASKABLE)
    return masked


def _masked_response(
    endpoint: KnownEndpoint, exchange: Exchange, response: bytes | None, codes: list[str], masks: Masks
) -> bytes | None:
    if response and exchange.status >= ERROR:
        codes.append(NOT_MASKABLE)  # a message may quote what was sent
        return None
    return (masks.body(response, endpoint.masked_columns) or response) if response else response


def _masked_features(endpoint: KnownEndpoint, features: bytes, masks: Masks) -> bytes | None:
    before, behind = b'{"rows":', b"}"
    masked = masks.body(before + features + behind, endpoint.masked_columns)
    return None if masked is None else masked.removeprefix(before).removesuffix(behind)


def _text(body: bytes, content_type: str) -> str:
    """A body as text; what is none, in base64."""
    if content_type.startswith((_JSON, "text/")) or not content_type:
        return body.decode("utf-8", "replace")
    return base64.b64encode(body).decode()
