"""Feature tables whose known time is the instant of the commit."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput

NAME = "dev.shop.customers"
T0 = datetime(2013, 5, 1, tzinfo=UTC)
KEYED = {"primary_keys": "id", "timeseries_column": "ts", "known_time": "commit"}


def rows(*triples) -> pl.DataFrame:
    data = {
        "id": [each[0] for each in triples],
        "ts": [T0 + timedelta(hours=each[1]) for each in triples],
        "spent": [each[2] for each in triples],
    }
    return pl.DataFrame(data, schema={"id": pl.Int64, "ts": pl.Datetime("us", "UTC"), "spent": pl.Float64})


def history(fe) -> list[tuple]:
    found = fe.read_table(name=NAME).pl().sort("id", "ts", "known_at")
    return [(row["id"], (row["ts"] - T0) // timedelta(hours=1), row["spent"]) for row in found.to_dicts()]


def test_rows_carry_the_instant_of_the_commit_that_brought_them(fe):
    before = datetime.now(UTC)
    made = fe.create_table(name=NAME, df=rows((1, 0, 1.0)), **KEYED)
    between = datetime.now(UTC)
    fe.write_table(name=NAME, df=rows((2, 0, 2.0)))

    first, second = fe.read_table(name=NAME).pl().sort("id")["known_at"]

    assert (made.known.column, made.known_by_commit, made.features) == ("known_at", True, ["spent"])
    assert before <= first <= between <= second <= datetime.now(UTC)


def test_a_merge_adds_what_is_new_or_differs_and_leaves_the_rest_alone(fe):
    fe.create_table(name=NAME, df=rows((1, 0, 1.0), (1, 1, 2.0), (2, 0, None)), **KEYED)

    report = fe.write_table(name=NAME, df=rows((1, 0, 1.0), (1, 1, 20.0), (2, 0, None), (3, 0, 3.0)))

    assert report.rows == 2
    assert history(fe) == [(1, 0, 1.0), (1, 1, 2.0), (1, 1, 20.0), (2, 0, None), (3, 0, 3.0)]


def test_what_says_nothing_new_makes_no_commit(fe):
    fe.create_table(name=NAME, df=rows((1, 0, float("nan")), (2, 0, None)), **KEYED)

    report = fe.write_table(name=NAME, df=rows((1, 0, float("nan")), (2, 0, None)))

    assert (report.version, report.rows) == (0, 0)


def test_a_value_that_returns_to_what_it_was_is_a_correction_too(fe):
    fe.create_table(name=NAME, df=rows((1, 0, 1.0)), **KEYED)
    fe.write_table(name=NAME, df=rows((1, 0, 2.0)))

    fe.write_table(name=NAME, df=rows((1, 0, 1.0)))

    assert fe.read_table(name=NAME).pl().sort("known_at")["spent"].to_list() == [1.0, 2.0, 1.0]


def test_a_correction_is_later_than_all_before_it_even_if_the_clock_was_set_back(fe, session):
    fe.create_table(name=NAME, df=rows((1, 0, 1.0)), **KEYED)
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    session.write_table(NAME, rows((1, 0, 2.0)).with_columns(known_at=pl.lit(ahead)))

    fe.write_table(name=NAME, df=rows((1, 0, 3.0)))

    found = fe.read_table(name=NAME).pl().sort("known_at")
    assert found["spent"].to_list() == [1.0, 2.0, 3.0]
    assert found["known_at"][2] == ahead + timedelta(microseconds=1)


def test_the_instant_is_not_for_the_rows_to_bring(fe):
    with pytest.raises(InvalidInput, match="filled with the instant"):
        fe.create_table(name=NAME, df=rows((1, 0, 1.0)).with_columns(known_at=pl.lit(T0)), **KEYED)
    fe.create_table(name=NAME, df=rows((1, 0, 1.0)), **KEYED)

    with pytest.raises(InvalidInput, match="Leave known_at out"):
        fe.write_table(name=NAME, df=rows((1, 0, 1.0)).with_columns(known_at=pl.lit(T0)))
    with pytest.raises(InvalidInput, match="repeat the key"):
        fe.write_table(name=NAME, df=rows((1, 0, 1.0), (1, 0, 2.0)))


def test_an_event_time_without_a_zone_has_a_known_time_without_one(fe):
    naive = rows((1, 0, 1.0)).with_columns(pl.col("ts").dt.replace_time_zone(None))
    made = fe.create_table(name=NAME, df=naive, **KEYED)

    fe.write_table(name=NAME, df=naive.with_columns(spent=pl.lit(2.0)))

    assert made.column("known_at").type_text == "timestamp_ntz"
    found = fe.read_table(name=NAME).pl()["known_at"]
    assert abs(found.max() - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)


def test_overwriting_begins_a_new_memory(fe):
    fe.create_table(name=NAME, df=rows((1, 0, 1.0)), **KEYED)

    fe.write_table(name=NAME, df=rows((1, 0, 5.0)), mode="overwrite")

    assert history(fe) == [(1, 0, 5.0)]


values = st.tuples(st.integers(1, 2), st.integers(0, 1), st.sampled_from([None, 1.0, 2.0]))
batches = st.lists(st.lists(values, max_size=4, unique_by=lambda each: each[:2]), min_size=1, max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
def test_after_any_merges_the_latest_rows_say_what_was_written_last(fe, written):
    fe.create_table(name=NAME, df=rows(), **KEYED)
    try:
        latest, entries = {}, 0
        for batch in written:
            fe.write_table(name=NAME, df=rows(*batch))
            for id, at, spent in batch:
                entries += (id, at) not in latest or latest[id, at] != spent
                latest[id, at] = spent
        found = fe.read_table(name=NAME).pl().sort("known_at")
        seen = {(row["id"], (row["ts"] - T0) // timedelta(hours=1)): row["spent"] for row in found.to_dicts()}
        assert (seen, found.height) == (latest, entries)
    finally:
        fe.drop_table(name=NAME)
