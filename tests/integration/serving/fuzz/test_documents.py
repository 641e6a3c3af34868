"""What the OpenAPI documents say is so, whatever is sent; by schemathesis."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi.checks import response_schema_conformance, status_code_conformance

from boathouse.testing import LocalBoathouse
from boathouse.testing.data_planes import TOKEN, LocalDataPlane

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]

EXAMPLES = 40
CHECKS = (not_a_server_error, status_code_conformance, response_schema_conformance)
COMMON = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip


def tried(operation: Any, url: str, token: str, is_allowed: Callable[[Any], bool] = lambda case: True) -> int:
    """Send what the document allows, and what it does not; gives how many were sent."""
    sent = 0
    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Exception as error:  # noqa: BLE001
            pytest.fail(f"{operation.label} cannot be tried: {error}")

        @COMMON
        @given(case=strategy)
        def try_one(case: Any) -> None:
            nonlocal sent
            if not is_allowed(case):
                return
            sent += 1
            answer = case.call(base_url=url, headers={"authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=CHECKS)

        try_one()
    return sent


def test_an_endpoints_document_is_true(plane: LocalDataPlane) -> None:
    document = plane.request("GET", "/serving-endpoints/linear/openapi").json
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=plane.url)
    operation = schema["/serving-endpoints/linear/invocations"]["POST"]
    assert tried(operation, plane.url, TOKEN) > EXAMPLES
    assert plane.request("GET", "/ping").status == 200


def test_nothing_that_is_sent_to_the_routes_of_endpoints_breaks_them(serving_boathouse: LocalBoathouse) -> None:
    document = serving_boathouse.client().get("/openapi.json")
    paths = {path: each for path, each in document["paths"].items() if path.startswith("/api/2.0/serving-endpoints")}
    schema = schemathesis.openapi.from_dict({**document, "paths": paths})
    sent = 0
    for operation in schema.get_all_operations():
        sent += tried(operation.ok(), serving_boathouse.url, serving_boathouse.token)
    assert sent > EXAMPLES
