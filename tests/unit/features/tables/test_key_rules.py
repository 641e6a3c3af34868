"""Rows that may go into a feature table, held against the definition."""

from collections import Counter
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.features.tables.key_rules import require_keys
from boathouse.foundation.errors import InvalidInput

SCHEMA = {"id": pl.Int64, "ts": pl.Datetime("us", "UTC"), "seen": pl.Int64}
INSTANTS = [None, datetime(2013, 5, 1, tzinfo=UTC), datetime(2013, 5, 2, tzinfo=UTC)]
ROWS = st.lists(
    st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from(INSTANTS), st.sampled_from([None, 1, 2])), max_size=6
)


@settings(max_examples=300, deadline=None)
@given(ROWS)
def test_rows_pass_exactly_when_each_has_a_key_of_its_own(rows):
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row").to_arrow()
    whole = all(None not in (id, at) for id, at, _ in rows)
    distinct = all(count == 1 for count in Counter(rows).values())
    try:
        require_keys(table, ["id", "ts", "seen"], "t", may_be_null={"seen"})
        passed = True
    except InvalidInput:
        passed = False

    assert passed == (whole and distinct)


def test_the_error_says_how_many_and_shows_the_first():
    frame = pl.DataFrame({"id": [1, 2, None, None], "name": ["a" * 100, "b", "c", "d"]})

    with pytest.raises(InvalidInput, match=r"2 of 4 row\(s\) for t have no id.*row 2: id = None, name = 'c'"):
        require_keys(frame.to_arrow(), ["id"], "t")


def test_a_long_key_is_cut_in_the_error():
    frame = pl.DataFrame({"id": ["a" * 100] * 2})

    with pytest.raises(InvalidInput, match=r"id = 'a{56}\.\.\."):
        require_keys(frame.to_arrow(), ["id"], "t")
