"""What stands on an endpoint's pages, as far as it is computed: fields of a request, points of plots, words."""

from typing import Any

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.monitoring.system.endpoint_figures import Figures
from boathouse.server.ui.pages.endpoints.form import FieldKind, first_record, form_of, record_of, typed
from boathouse.server.ui.pages.endpoints.history import instant_of
from boathouse.server.ui.pages.endpoints.live import lines_of
from boathouse.server.ui.pages.endpoints.query import curl_of, python_of, rows_of

RECORD = {
    "type": "object",
    "properties": {
        "origin": {"type": "string"},
        "seats": {"type": "integer"},
        "distance": {"type": ["number", "null"]},
        "late": {"type": ["boolean", "null"]},
        "asked_at": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "wind": {"type": ["number", "null"]},
    },
    "required": ["origin", "seats", "distance", "late", "asked_at", "tags"],
}
EXAMPLE = {"dataframe_records": [{"origin": "JFK", "seats": 3, "distance": 0.5, "asked_at": "2013-06-01T06:00:00Z",
                                  "tags": ["a"]}]}  # fmt: skip


def document(*bodies: Any, example: Any = EXAMPLE) -> dict[str, Any]:
    content = {"schema": {"oneOf": list(bodies)}, "examples": {"example": {"value": example}}}
    asked = {"requestBody": {"content": {"application/json": content}}}
    return {"paths": {"/serving-endpoints/delays/invocations": {"post": asked}}}


def records(items: Any = RECORD) -> dict[str, Any]:
    return {"type": "object", "properties": {"dataframe_records": {"type": "array", "items": items}}}


def test_each_column_has_a_field_of_its_kind_with_a_value_to_begin_with() -> None:
    form = form_of(document({"properties": {"dataframe_split": {}}}, records()))

    told = [(each.name, each.kind, each.may_be_null, each.is_required, each.value) for each in form.fields]
    assert told == [
        ("origin", FieldKind.TEXT, False, True, "JFK"),
        ("seats", FieldKind.INTEGER, False, True, "3"),
        ("distance", FieldKind.NUMBER, True, True, "0.5"),
        ("late", FieldKind.BOOLEAN, True, True, ""),
        ("asked_at", FieldKind.INSTANT, False, True, "2013-06-01T06:00:00"),
        ("tags", FieldKind.JSON, False, True, '["a"]'),
        ("wind", FieldKind.NUMBER, True, False, ""),
    ]
    assert form.fields[2].hint == "number, may be empty"


def test_what_was_typed_makes_a_record() -> None:
    fields = form_of(document(records())).fields
    typed_in = {"origin": "LGA", "seats": "5", "asked_at": "2013-06-01T06:00", "tags": "[]", "late": "true"}

    assert record_of(fields, typed_in) == {
        "origin": "LGA", "seats": 5, "distance": None, "late": True, "asked_at": "2013-06-01T06:00", "tags": [],
    }  # fmt: skip
    assert record_of(fields, {**typed_in, "wind": "1.5"})["wind"] == 1.5


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("seats", "", "seats is missing. It takes an integer."),
        ("seats", "1.5", "'1.5' does not fit seats. It takes an integer."),
        ("distance", "far", "'far' does not fit distance. It takes a number."),
        ("asked_at", "soon", "'soon' does not fit asked_at. It takes an instant."),
        ("tags", "[", "does not fit tags. It takes a JSON"),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: str, says: str) -> None:
    fields = form_of(document(records())).fields
    given = {"origin": "LGA", "seats": "5", "asked_at": "2013-06-01T06:00", "tags": "[]", name: value}
    with pytest.raises(InvalidInput) as refused:
        record_of(fields, given)
    assert says in str(refused.value)


def test_a_value_of_no_known_type_may_be_anything() -> None:
    fields = form_of(document(records({"properties": {"x": {}}, "required": ["x"]}), example=None)).fields

    assert [(each.kind, each.hint) for each in fields] == [(FieldKind.ANY, "any value")]
    assert record_of(fields, {"x": "[1]"}) == {"x": [1]}
    assert record_of(fields, {"x": "JFK"}) == {"x": "JFK"}


def test_an_endpoint_that_takes_arrays_has_no_fields() -> None:
    form = form_of(document({"properties": {"inputs": {"type": "array"}}}, example={"inputs": [[1]]}))
    assert (form.fields, form.example) == ((), {"inputs": [[1]]})


@pytest.mark.parametrize(
    ("body", "record"),
    [
        ({"dataframe_records": [{"x": 1}, {"x": 2}]}, {"x": 1}),
        ({"instances": [{"x": 1}]}, {"x": 1}),
        ({"dataframe_split": {"columns": ["x", "y"], "data": [[1, 2]]}}, {"x": 1, "y": 2}),
        ({"inputs": {"x": [1, 2], "y": 3}}, {"x": 1, "y": 3}),
        ({"inputs": [[1]]}, None),
        ({"dataframe_records": []}, None),
        ([1], None),
        (None, None),
    ],
)
def test_the_first_record_of_a_body(body: Any, record: Any) -> None:
    assert first_record(body) == record


def test_values_are_typed_as_their_fields_take_them() -> None:
    assert typed(None, FieldKind.NUMBER) == ""
    assert typed(False, FieldKind.BOOLEAN) == "false"
    assert typed("2013-12-01 22:45:00+00:00", FieldKind.INSTANT) == "2013-12-01T22:45:00"
    assert typed("2013-12-01T22:45:00.123+02:00", FieldKind.INSTANT) == "2013-12-01T20:45:00"
    assert typed("2013-12-01", FieldKind.INSTANT) == "2013-12-01T00:00:00"
    assert typed({"a": 1}, FieldKind.JSON) == '{"a": 1}'


def test_where_nothing_was_asked_requests_fall_to_nought_and_the_rest_has_a_gap() -> None:
    buckets = (0, 0, 0, 0, 0, 10)
    found = [
        Figures(0, 60_000, 60, 6, 0, buckets), Figures(60_000, 120_000, 30, 0, 0, buckets),
        Figures(600_000, 660_000, 60, 0, 0, buckets),
    ]  # fmt: skip

    requests, errors, latency = lines_of(found)

    assert requests["answered"] == [
        [60_000.0, 1.0], [120_000.0, 0.5], [120_001, 0.0], [599_999, 0.0], [660_000.0, 1.0],
    ]  # fmt: skip
    assert errors["server errors"] == [[60_000.0, 10.0], [120_000.0, 0.0], [120_001, None], [660_000.0, 0.0]]
    assert latency["p50"][2] == [120_001, None]


def test_predictions_stand_in_rows() -> None:
    assert rows_of({"predictions": [0.5, None]}) == (["Prediction"], [[0.5], [None]])
    assert rows_of({"outputs": [{"a": 1}, {"b": [2]}]}) == (["a", "b"], [[1, None], [None, "[2]"]])
    assert rows_of({"predictions": [[1, 2]]}) is None
    assert rows_of({"predictions": []}) is None
    assert rows_of("nothing") is None


def test_code_that_asks_is_quoted() -> None:
    assert "-d '{\"x\": \"it'\\''s\"}'" in curl_of("http://here", '{"x": "it\'s"}')
    compile(python_of("http://here", {"x": "it's"}), "shown", "exec")


def test_an_instant_of_an_address() -> None:
    assert instant_of("2013-06-01T06:00").isoformat() == "2013-06-01T06:00:00+00:00"
    assert instant_of("2013-06-01T06:00:00Z").isoformat() == "2013-06-01T06:00:00+00:00"
    with pytest.raises(InvalidInput, match="is no instant"):
        instant_of("<img src=x>")
