"""Exchanges for tests."""

from dataclasses import replace
from typing import Any

from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import CaptureRules, EndpointPolicy
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute

ENTITY = LiveEntity("e1", "delays", EntityKind.MODEL, "main.flights.delays", 3, None)


def exchange(number: int = 1, **changes: Any) -> Exchange:
    plain = Exchange(
        request_id=f"request-{number}",
        endpoint_id="ep1",
        config_version=2,
        entity_id="e1",
        version=3,
        role="primary",
        principal="ann",
        received_at_us=1_790_000_000_000_000 + number,
        duration_us=1_234,
        status=200,
        content_type="application/json",
        request=b'{"dataframe_split": {"columns": ["a", "b"], "data": [[1.5, "x"]]}}',
        response=b'{"predictions": [0.25]}',
    )
    return replace(plain, **changes)


def endpoint(rules: CaptureRules | None = None, **changes: Any) -> LiveEndpoint:
    plain = LiveEndpoint(
        endpoint_id="ep1",
        name="delays",
        config_version=2,
        entities=(ENTITY,),
        routes=(LiveRoute("e1", 100.0),),
        callers=frozenset(),
        policy=EndpointPolicy(capture=rules or CaptureRules()),
        capture=CaptureTarget("main", "flights", "delays"),
        owner="ann",
    )
    return replace(plain, **changes)
