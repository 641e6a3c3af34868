"""Feature specs as text: what is written is read again, and what is wrong is told with its line."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup, Output
from boathouse.features.specs.spec_files import read_spec, spec_text
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName, TableName

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0")
NAMES = st.text(CHARACTERS, min_size=1, max_size=12)
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), NAMES, st.binary(max_size=8),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)), st.datetimes(), st.decimals(allow_nan=False, allow_infinity=False, places=2),
)  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.none() | SCALARS | st.lists(SCALARS, max_size=3)
OUTPUTS = st.builds(Output, NAMES, NAMES, st.just("double"), VALUES)
SECONDS = st.integers(0, 10**9).map(lambda each: timedelta(milliseconds=each))
KNOWN = st.one_of(st.builds(KnownTime, NAMES), st.builds(KnownTime, st.none(), SECONDS))
LOOKUPS = st.builds(
    Lookup,
    table=st.sampled_from([TableName("prod", "flights", "weather"), TableName("größe", "my-schema", "t1")]),
    keys=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=3, unique_by=lambda pair: pair[1]).map(tuple),
    outputs=st.lists(OUTPUTS, min_size=1, max_size=3).map(tuple),
    event=st.none() | NAMES,
    known=KNOWN,
    at=st.none() | NAMES,
    lookback=st.none() | SECONDS,
)
COMPUTED = st.builds(
    Computed,
    function=st.just(FunctionName("prod", "flights", "age")),
    inputs=st.lists(st.tuples(NAMES, NAMES), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
    name=NAMES,
    type_text=st.sampled_from(["double", "array<string>"]),
)
SEVERAL = st.lists(NAMES, max_size=3).map(tuple)
SPECS = st.builds(
    FeatureSpec,
    steps=st.lists(LOOKUPS | COMPUTED, max_size=3).map(tuple),
    exclude=SEVERAL,
    labels=SEVERAL,
    table_versions=st.dictionaries(NAMES, st.integers(0, 10**6), max_size=3),
    frame=st.dictionaries(NAMES, st.just("bigint"), max_size=3).map(lambda each: tuple(each.items())),
    inputs=SEVERAL,
    named=st.none() | NAMES,
)


@settings(max_examples=60, deadline=None)
@given(SPECS)
def test_what_is_written_is_read_again(spec: FeatureSpec) -> None:
    assert read_spec(spec_text(spec)) == spec


def spec() -> FeatureSpec:
    outputs = (
        Output("temp", "temp", "double", 0.5),
        Output("day", "day", "date", date(2013, 1, 1)),
        Output("price", "cost", "decimal(5,2)", Decimal("1.50")),
        Output("at", "at", "timestamp", datetime(2013, 1, 1, tzinfo=UTC)),
    )
    lookup = Lookup(
        TableName("prod", "f", "weather"), (("origin", "airport"),), outputs, "hour", KnownTime("seen"), "t"
    )
    return FeatureSpec((lookup,), labels=("late",), table_versions={"prod.f.weather": 3})


def test_the_file_reads_well() -> None:
    assert spec_text(spec()).splitlines()[1:12] == [
        "format: 1",
        "steps:",
        "- lookup:",
        "    table: prod.f.weather",
        "    keys:",
        "      airport: origin",
        "    event: hour",
        "    known:",
        "      column: seen",
        "    at: t",
        "    outputs:",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: 1", "format: 2", r"format 2; this version of Boathouse reads format 1"),
        ("format: 1\n", "", "does not say its format"),
        ("    at: t", "    att: t", r"steps\[0\]\.lookup\.att: .*line 11"),
        ("    table: prod.f.weather", "    table: weather", "weather"),
        ("      airport: origin", "      - airport", r"steps\[0\]\.lookup\.keys"),
        ("- lookup:", "- look_up:", "look_up"),
        ("decimal: '1.50'", "decimal: much", "is no default value"),
        ("format: 1", "format: 1\nformat: 1", "format"),
        ("steps:", "steps: [", "not valid YAML"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, message: str) -> None:
    text = spec_text(spec())
    assert old in text
    with pytest.raises(InvalidInput, match=message):
        read_spec(text.replace(old, new, 1))


def test_a_default_without_a_text_form_is_refused() -> None:
    odd = Lookup(TableName("a", "b", "c"), (("k", "k"),), (Output("x", "x", "binary", object()),))
    with pytest.raises(InvalidInput, match="A object cannot be a default value"):
        spec_text(FeatureSpec((odd,)))


def test_the_file_in_the_reference_is_one() -> None:
    page = Path(__file__).parents[4].joinpath("docs", "reference", "features.md").read_text(encoding="utf-8")
    (text,) = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.S) if block.startswith("format:")]
    spec = read_spec(text)
    assert spec.features == ("temp", "age")
    assert spec.lookups[0].keys == (("origin", "origin"),)
