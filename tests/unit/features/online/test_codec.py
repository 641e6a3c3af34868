# ruff: noqa: DTZ001 (times without a zone are among the types)
"""Keys and rows as bytes, against what they were."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.rows.batches import decode_batch, encode_batch
from boathouse.features.online.rows.decoding import OtherLayout, RowDecoder
from boathouse.features.online.rows.encoding import encode_rows
from boathouse.features.online.rows.keys import KeyCodec
from boathouse.features.online.rows.layout import layout_of, schema_from_json, schema_to_json
from boathouse.foundation.errors import InvalidInput

_DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1))
_NAIVE = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
_DECIMALS = st.integers(-(10**12), 10**12).map(lambda number: Decimal(number).scaleb(-3))
KEYS: list[tuple[pa.DataType, st.SearchStrategy[Any]]] = [
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.string(), st.text(max_size=8)),
    (pa.large_string(), st.text(min_size=495, max_size=505)),
    (pa.binary(), st.binary(max_size=6)),
    (pa.bool_(), st.booleans()),
    (pa.date32(), _DAYS),
    (pa.timestamp("us", "UTC"), _NAIVE.map(lambda moment: moment.replace(tzinfo=UTC))),
    (pa.timestamp("us"), _NAIVE),
    (pa.decimal128(18, 3), _DECIMALS),
]
VALUES = [
    *KEYS,
    (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    (pa.uint32(), st.integers(0, 2**32 - 1)),
    (pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.list_(pa.float64()), st.lists(st.none() | st.floats(allow_nan=False), max_size=4)),
    (pa.list_(pa.int32()), st.lists(st.integers(-5, 5), max_size=4)),
    (pa.list_(pa.date32()), st.lists(st.none() | _DAYS, max_size=3)),
    (pa.large_list(pa.bool_()), st.lists(st.booleans(), max_size=3)),
]


@st.composite
def tables(draw: st.DrawFn, kinds: list[Any], prefix: str, *, nulls: bool, most: int, rows: int) -> pa.Table:
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=most))
    columns = {
        f"{prefix}{at}": pa.array(
            draw(st.lists(values | st.none() if nulls else values, min_size=rows, max_size=rows)), kind
        )
        for at, (kind, values) in enumerate(chosen)
    }
    return pa.table(columns)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_two_keys_have_the_same_bytes_if_and_only_if_they_are_equal(data: st.DataObject) -> None:
    table = data.draw(tables(KEYS, "k", nulls=True, most=3, rows=6))
    codec = KeyCodec(table.schema)
    encoded, whole = codec.encode_columns(table)
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert encoded == codec.encode_all(rows)
    for row, key in zip(rows, encoded, strict=True):
        assert (key is None) == (None in row)
        assert key is None or 0 < len(key) <= 511
        for other, its in zip(rows, encoded, strict=True):
            assert key is None or its is None or (key == its) == (row == other)
    valid = [at for at, key in enumerate(encoded) if key is not None]
    back = codec.decode_columns([encoded[at] for at in valid], lambda row: whole[valid[row]])  # type: ignore[misc]
    assert back.equals(table.take(pa.array(valid, pa.int64())))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rows_come_back_as_they_were_whole_or_in_part(data: st.DataObject) -> None:
    values = data.draw(tables(VALUES, "f", nulls=True, most=12, rows=4))
    values = pa.concat_tables([values.slice(1), values.slice(0, 1)])  # chunks and offsets
    layout = layout_of(OnlineSchema(pa.schema([("key", pa.int64())]), values.schema))
    event = pa.array([None, 1, -5, 2**60])
    encoded = encode_rows(layout, values, event=event)
    chosen = data.draw(st.permutations(values.column_names))[: data.draw(st.integers(1, values.num_columns))]
    decoder = RowDecoder(layout, chosen, lambda: 0)
    expected = [tuple(row[name] for name in chosen) for row in values.to_pylist()]
    assert [decoder.one(row) for row in encoded] == expected
    assert decoder.all([*encoded, None]) == [*expected, None]
    columns = decoder.columns([None, *encoded])
    assert columns["__found"].to_pylist() == [False, True, True, True, True]
    assert columns.select(chosen).slice(1).equals(values.select(chosen))
    with_clocks = RowDecoder(layout, chosen, lambda: 0, instants=True)
    instants = zip(event.to_pylist(), expected, strict=True)
    assert with_clocks.all(list(encoded)) == [(moment, None, *row) for moment, row in instants]


def test_many_features_with_nulls_anywhere() -> None:
    for width in (1, 8, 9, 16, 17, 24, 32, 33, 40, 64, 65, 1000):
        row = {f"f{at}": None if at % 7 == 3 else at for at in range(width)}
        values = pa.Table.from_pylist([row, dict.fromkeys(row, 1)], schema=pa.schema([(n, pa.int32()) for n in row]))
        layout = layout_of(OnlineSchema(pa.schema([("key", pa.int64())]), values.schema))
        decoder = RowDecoder(layout, None, lambda: 0)
        assert decoder.all(list(encode_rows(layout, values))) == [tuple(row.values()), (1,) * width]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_batch_comes_back_as_it_was(data: st.DataObject) -> None:
    keys = data.draw(tables(KEYS, "k", nulls=False, most=2, rows=3))
    values = data.draw(tables(VALUES, "f", nulls=True, most=3, rows=3))
    schema = OnlineSchema(keys.schema, values.schema)
    layout, codec = layout_of(schema), KeyCodec(keys.schema)
    back = decode_batch(layout, codec, encode_batch(layout, codec, keys, values, event=None, known=pa.array([1, 2, 3])))
    assert back.select(keys.column_names).equals(keys)
    assert back.select(values.column_names).equals(values)
    assert back["__known"].to_pylist() == [1, 2, 3] and back["__event"].null_count == 3


def test_integers_of_any_width_are_the_same_keys() -> None:
    codec = KeyCodec(pa.schema([("key", pa.int32())]))
    narrow, wide = pa.table({"key": pa.array([7], pa.int8())}), pa.table({"key": pa.array([7], pa.uint64())})
    assert codec.encode_columns(narrow)[0] == codec.encode_columns(wide)[0] == [codec.encode((7,))]
    assert codec.encode_columns(pa.table({"key": pa.array([2**64 - 1], pa.uint64())}))[0] == [None]
    assert codec.encode((2**70,)) is None
    unsigned = KeyCodec(pa.schema([("key", pa.uint64())]))
    assert unsigned.encode_columns(pa.table({"key": [-1, 7]}))[0] == [None, unsigned.encode((7,))]
    assert unsigned.encode((-1,)) is None


def test_texts_of_any_encoding_and_instants_of_any_unit_are_the_same_keys() -> None:
    codec = KeyCodec(pa.schema([("key", pa.string())]))
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        assert codec.encode_columns(pa.table({"key": pa.array(["a"], pa.string()).cast(kind)}))[0] == [
            codec.encode(("a",))
        ]
    codec = KeyCodec(pa.schema([("key", pa.timestamp("us", "UTC"))]))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    elsewhere = pa.timestamp("s", "Europe/Berlin")
    assert codec.encode_columns(pa.table({"key": pa.array([moment], elsewhere)}))[0] == [codec.encode((moment,))]
    nanoseconds = pa.array([1_000, 1_001], pa.timestamp("ns", "UTC"))
    first = codec.encode((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1),))
    assert codec.encode_columns(pa.table({"key": nanoseconds}))[0] == [first, None]


@pytest.mark.parametrize(
    ("declared", "given_type", "value"),
    [
        (pa.string(), pa.int64(), 1),
        (pa.int64(), pa.string(), "1"),
        (pa.int64(), pa.float64(), 1.0),
        (pa.timestamp("us", "UTC"), pa.timestamp("us"), datetime(2026, 1, 1)),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), datetime(2026, 1, 1, tzinfo=UTC)),
        (pa.date32(), pa.timestamp("us"), datetime(2026, 1, 1)),
    ],
)
def test_keys_of_another_kind_are_refused_by_name(declared: pa.DataType, given_type: pa.DataType, value: Any) -> None:
    codec = KeyCodec(pa.schema([("key", declared)]))
    with pytest.raises(InvalidInput, match="Key key is"):
        codec.encode((value,))
    with pytest.raises(InvalidInput, match=r"Key column key is|cannot be a key"):
        codec.encode_columns(pa.table({"key": pa.array([value], given_type)}))


def test_what_cannot_be_stored_is_refused_by_name() -> None:
    key = pa.schema([("key", pa.int64())])
    with pytest.raises(InvalidInput, match="Column price of type double cannot be a key"):
        KeyCodec(pa.schema([("price", pa.float64())]))
    for kind in (pa.struct([("a", pa.int8())]), pa.list_(pa.string()), pa.map_(pa.string(), pa.int8())):
        with pytest.raises(InvalidInput, match=r"Feature what of type .* cannot be stored online"):
            layout_of(OnlineSchema(key, pa.schema([("what", kind)])))
    with pytest.raises(InvalidInput, match="column key is there twice"):
        layout_of(OnlineSchema(key, key))
    layout = layout_of(OnlineSchema(key, pa.schema([("small", pa.int8())])))
    with pytest.raises(InvalidInput, match="Feature small is int64 in the rows"):
        encode_rows(layout, pa.table({"small": [1000]}))
    with pytest.raises(InvalidInput, match="feature small is missing"):
        encode_rows(layout, pa.table({"other": [1]}))
    with pytest.raises(InvalidInput, match="A key has 1 parts"):
        KeyCodec(key).encode((1, 2))


def test_a_schema_goes_through_json_and_another_one_has_another_number() -> None:
    schema = OnlineSchema(
        pa.schema([("key", pa.int64())]), pa.schema([("at", pa.timestamp("us", "UTC"))]), timedelta(hours=1)
    )  # fmt: skip
    assert schema_from_json(schema_to_json(schema)) == schema
    other = OnlineSchema(schema.keys, pa.schema([("at", pa.timestamp("us"))]), timedelta(hours=1))
    mine, theirs = layout_of(schema), layout_of(other)
    assert mine.number != theirs.number
    rows = encode_rows(theirs, pa.table({"at": pa.array([1], pa.timestamp("us"))}))
    decoder = RowDecoder(mine, None, lambda: 0)
    for read in (lambda: decoder.one(rows[0]), lambda: decoder.all(list(rows)), lambda: decoder.columns(rows)):
        with pytest.raises(OtherLayout):
            read()
