import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup, Output
from boathouse.features.specs.spec_files import SPEC_FILE, spec_text
from boathouse.foundation.errors import Unavailable
from boathouse.foundation.names import FunctionName, TableName
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.scoring.matrices import MatrixReader
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.openapi import openapi_of
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute

PATH = "/serving-endpoints/delays/invocations"


def endpoint(*entities: LiveEntity) -> LiveEndpoint:
    routes = tuple(LiveRoute(each.entity_id, 100 / len(entities)) for each in entities)
    return LiveEndpoint("1", "delays", 1, entities, routes, frozenset(), EndpointPolicy())


def of_model(folder: Path) -> LiveEntity:
    return LiveEntity("e", "delays", EntityKind.MODEL, "dev.flights.delays", 3, str(folder))


def formats(document: dict[str, Any]) -> dict[str, Any]:
    body = document["paths"][PATH]["post"]["requestBody"]["content"][JSON]["schema"]
    return {each["required"][0]: each["properties"][each["required"][0]] for each in body["oneOf"]}


def example(document: dict[str, Any]) -> Any:
    return document["paths"][PATH]["post"]["requestBody"]["content"][JSON]["examples"]["example"]["value"]


def test_columns_have_the_signatures_types(mixed_booster: Path) -> None:
    document = openapi_of(endpoint(of_model(mixed_booster)))

    record = formats(document)["dataframe_records"]["items"]
    assert {name: each["type"] for name, each in record["properties"].items()} == {
        "delay": ["number", "null"],
        "ratio": ["number", "null"],
        "seats": "integer",
        "gates": "integer",
        "winter": "boolean",
    }
    assert record["required"] == ["delay", "ratio", "seats", "gates", "winter"]
    assert formats(document)["dataframe_split"]["properties"]["columns"] == {"const": record["required"]}
    assert document["info"]["version"] == "3"
    assert json.loads(json.dumps(document)) == document


def test_the_example_can_be_sent_as_it_is(mixed_booster: Path) -> None:
    signature = read_model_folder(mixed_booster).signature
    assert signature is not None

    body = json.dumps(example(openapi_of(endpoint(of_model(mixed_booster))))).encode()

    payload = read_payload(body, JSON, most_rows=100)
    assert MatrixReader(signature, takes_nulls=True).read(payload).shape == (3, 5)


def spec() -> FeatureSpec:
    weather = TableName.parse("dev.flights.weather")
    rain = FunctionName.parse("dev.flights.is_wet")
    return FeatureSpec(
        steps=(
            Lookup(weather, (("origin", "origin"),), (Output("rain", "rain", "double"),), lookback=timedelta(hours=1)),
            Computed(rain, (("rain", "rain"), ("limit", "wet_above")), "is_wet", "boolean"),
        ),
        frame=(("origin", "string"), ("wet_above", "double"), ("delay", "double")),
        inputs=("delay", "rain", "is_wet"),
    )


def test_a_model_with_features_asks_for_keys_and_lets_features_be_given(mixed_booster: Path, tmp_path: Path) -> None:
    for file in mixed_booster.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / SPEC_FILE).write_text(spec_text(spec()))

    document = openapi_of(endpoint(of_model(tmp_path)))

    record = formats(document)["dataframe_records"]["items"]
    assert record["required"] == ["origin", "wet_above", "delay"]
    assert set(record["properties"]) == {"origin", "wet_above", "delay", "rain", "is_wet"}
    (row,) = example(document)["dataframe_records"]
    assert isinstance(row["origin"], str)
    assert row["delay"] == json.loads((tmp_path / "input_example.json").read_text())["data"][0][0]


def test_a_feature_spec_answers_with_its_features() -> None:
    entity = LiveEntity("e", "delays", EntityKind.FEATURE_SPEC, "dev.flights.spec", None, None, spec_text(spec()))

    document = openapi_of(endpoint(entity))

    answer = document["paths"][PATH]["post"]["responses"]["200"]["content"][JSON]["schema"]
    assert list(answer["properties"]["outputs"]["items"]["properties"]) == ["rain", "is_wet"]


def test_an_endpoint_that_serves_nothing_yet_says_so() -> None:
    with pytest.raises(Unavailable, match="delays is not ready"):
        openapi_of(endpoint())


def test_nested_columns_are_described(tmp_path: Path) -> None:
    inputs = [
        {"type": "array", "items": {"type": "double"}, "name": "past", "required": True},
        {
            "type": "object",
            "properties": {"from": {"type": "string", "required": True}},
            "name": "leg",
            "required": False,
        },
    ]
    (tmp_path / "MLmodel").write_text(json.dumps({"flavors": {}, "signature": {"inputs": json.dumps(inputs)}}))

    record = formats(openapi_of(endpoint(of_model(tmp_path))))["dataframe_records"]["items"]

    assert record["properties"]["past"] == {"type": "array", "items": {"type": "number"}}
    assert record["properties"]["leg"]["type"] == ["object", "null"]
    assert record["required"] == ["past"]


@pytest.fixture
def of_tensors(tmp_path: Path) -> Callable[[list[Any]], Path]:
    def made(inputs: list[Any]) -> Path:
        (tmp_path / "MLmodel").write_text(json.dumps({"flavors": {}, "signature": {"inputs": json.dumps(inputs)}}))
        return tmp_path

    return made


def test_a_tensor_has_its_dimensions(of_tensors: Callable[[list[Any]], Path]) -> None:
    spec = {"dtype": "float32", "shape": [-1, 2]}

    schema = formats(openapi_of(endpoint(of_model(of_tensors([{"type": "tensor", "tensor-spec": spec}])))))["inputs"]

    assert schema == {
        "type": "array",
        "minItems": 1,
        "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
    }
