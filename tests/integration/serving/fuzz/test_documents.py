"""What the OpenAPI documents say is so, whatever is sent; by schemathesis."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from boathouse.testing import LocalBoathouse
from boathouse.testing.data_planes import TOKEN, LocalDataPlane

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]

EXAMPLES = 25
TRUE = [not_a_server_error, status_code_conformance, response_schema_conformance]


def tried(operation: Any, url: str, token: str, checks: Sequence[Any]) -> int:
    """Send what the document allows, and what it does not; gives how many were sent."""
    sent = 0

    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        answer = case.call(base_url=url, headers={"authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=list(checks))
        if answer.status_code >= 400 and answer.request.method != "HEAD":
            assert answer.json()["error_code"]
            assert answer.json()["message"]

    for mode in GenerationMode:
        rules = settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            rules(given(case=operation.as_strategy(generation_mode=mode))(_one(send)))()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # there is nothing to be done wrong
    return sent


def _one(send: Any) -> Any:
    """A function of its own for each operation, whose argument hypothesis knows by its name."""

    def try_one(case: Any) -> None:
        send(case)

    return try_one


def test_an_endpoints_document_is_true(plane: LocalDataPlane) -> None:
    document = plane.request("GET", "/serving-endpoints/linear/openapi").json
    # No values are generated for one of two objects with a constant array in one of them; for any of them they are.
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document).replace('"oneOf"', '"anyOf"')))
    operation = schema["/serving-endpoints/linear/invocations"]["POST"]
    assert tried(operation, plane.url, TOKEN, TRUE) > EXAMPLES
    assert plane.request("GET", "/ping").status == 200


def test_nothing_that_is_sent_to_the_routes_of_endpoints_breaks_them(serving_boathouse: LocalBoathouse) -> None:
    document = serving_boathouse.client().get("/openapi.json")
    paths = {path: each for path, each in document["paths"].items() if path.startswith("/api/2.0/serving-endpoints")}
    assert paths
    schema = schemathesis.openapi.from_dict({**document, "paths": paths})
    for operation in schema.get_all_operations():
        tried(operation.ok(), serving_boathouse.url, serving_boathouse.token, [not_a_server_error])
    assert serving_boathouse.client().get("/api/2.0/serving-endpoints") is not None
