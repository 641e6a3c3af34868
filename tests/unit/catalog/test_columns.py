import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.catalog.arrow_columns import arrow_schema
from boathouse.catalog.columns import (
    column_from_info,
    columns_from_delta,
    delta_schema_json,
    parse_type_text,
    type_text,
)
from boathouse.foundation.errors import InvalidInput

primitives = st.sampled_from(
    ["boolean", "byte", "short", "integer", "long", "float", "double", "string", "binary", "date", "timestamp",
     "timestamp_ntz", "decimal(10,2)", "decimal(38,0)"]
)  # fmt: skip
field_names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


def arrays(inner):
    return inner.map(lambda t: {"type": "array", "elementType": t, "containsNull": True})


def maps(inner):
    return st.tuples(primitives, inner).map(
        lambda t: {"type": "map", "keyType": t[0], "valueType": t[1], "valueContainsNull": True}
    )


def structs(inner):
    field = st.tuples(field_names, inner).map(lambda t: {"name": t[0], "type": t[1], "nullable": True, "metadata": {}})
    fields = st.lists(field, min_size=1, max_size=3, unique_by=lambda f: f["name"])
    return fields.map(lambda f: {"type": "struct", "fields": f})


delta_types = st.recursive(primitives, lambda inner: arrays(inner) | maps(inner) | structs(inner), max_leaves=6)


@given(delta_types)
def test_a_type_survives_being_written_as_sql(delta_type):
    assert parse_type_text(type_text(delta_type)) == delta_type


@given(delta_types)
def test_every_type_has_an_arrow_type(delta_type):
    fields = [{"name": "c", "type": delta_type, "nullable": False, "metadata": {}}]

    schema = arrow_schema(json.dumps({"type": "struct", "fields": fields}))

    assert isinstance(schema, pa.Schema)
    assert schema.names == ["c"]
    assert not schema.field("c").nullable


@given(st.text(max_size=30))
def test_any_text_is_a_type_or_a_clear_refusal(text):
    try:
        parse_type_text(text)
    except InvalidInput as refused:
        assert "not a type" in str(refused)


def test_columns_come_from_a_delta_schema_and_go_back():
    fields = [
        {"name": "id", "type": "long", "nullable": False, "metadata": {}},
        {"name": "price", "type": "decimal(10,2)", "nullable": True, "metadata": {"comment": "EUR"}},
    ]

    columns = columns_from_delta(json.dumps({"type": "struct", "fields": fields}), ["price"])

    assert [(c.name, c.type_text, c.type_name, c.nullable) for c in columns] == [
        ("id", "bigint", "LONG", False),
        ("price", "decimal(10,2)", "DECIMAL", True),
    ]
    assert (columns[1].comment, columns[1].partition_index) == ("EUR", 0)
    assert json.loads(delta_schema_json(columns))["fields"] == fields


@pytest.mark.parametrize(
    "info",
    [
        {"type_text": "bigint"},
        {"type_json": '{"name":"c","type":"long","nullable":true,"metadata":{}}'},
        {"type_json": '"long"'},
        {"type_text": "long"},
        {"type_name": "LONG"},
        {"type_json": '{"name":"c","type":"bigint","nullable":true,"metadata":{}}', "type_text": "bigint"},
    ],
)
def test_a_column_is_understood_however_a_client_describes_it(info):
    column = column_from_info({"name": "c", **info}, 0)

    assert (column.type_text, column.type_name) == ("bigint", "LONG")
    assert json.loads(column.type_json)["type"] == "long"


def test_an_unknown_type_is_refused_with_a_proposal():
    with pytest.raises(InvalidInput, match=r"Did you mean .*string"):
        parse_type_text("strng")
