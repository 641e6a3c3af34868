"""Lookups in real Delta tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import LookedUp, gathering, look_up
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName
from boathouse.session import Session

ZONED = pa.timestamp("us", "UTC")


def hour(count: int) -> datetime:
    return datetime(2013, 1, 1, tzinfo=UTC) + timedelta(hours=count)


def weather(origins: list[str | None], hours: list[int], temps: list[Any], **more: Any) -> pa.Table:
    times = pa.array([hour(count) for count in hours], ZONED)
    return pa.table({"origin": pa.array(origins, pa.string()), "ts": times, "temp": temps, **more})


def spine(origins: list[str | None], hours: list[int]) -> pa.Table:
    return pa.table({"origin": pa.array(origins, pa.string()), "at": pa.array([hour(count) for count in hours], ZONED)})


def lookup(*features: str, **changes: Any) -> Lookup:
    outputs = tuple(Output(feature, feature, "double") for feature in features)
    made = Lookup(TableName.parse("dev.shop.weather"), (("origin", "origin"),), outputs, event="ts", at="at")
    return replace(made, **changes)


def found(session: Session, labels: pa.Table, wanted: Lookup, version: int | None = None, **options: Any) -> LookedUp:
    (opened,) = session.open_tables([wanted.table], {} if version is None else {wanted.table: version})
    return look_up(labels, [(wanted, FeatureRows.of(opened, session.engine))], **options)


def test_a_label_gets_the_latest_value_of_its_key_at_its_instant_or_before(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK", "EWR", "JFK"], [3, 1, 1], [3.0, 9.0, 1.0]), mode="error")
    answer = found(session, spine(["JFK", "JFK", "JFK", "LGA", None, "EWR"], [0, 2, 3, 3, 3, 99]), lookup("temp"))
    assert answer.table["temp"].to_pylist() == [None, 1.0, 3.0, None, None, 9.0]
    assert answer.report[0].matched == 3


def test_a_version_is_read_as_it_was(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK"], [1], [1.0]), mode="error")
    session.write_table("dev.shop.weather", weather(["JFK"], [2], [2.0]))
    for version, expected in ((0, 1.0), (1, 2.0), (None, 2.0)):
        answer = found(session, spine(["JFK"], [5]), lookup("temp"), version)
        assert answer.table["temp"].to_pylist() == [expected]
        assert answer.report[0].version == (1 if version is None else version)


def test_partitions_and_files_older_than_a_column_are_read(session: Session) -> None:
    day = pa.array([date(2013, 1, 1), date(2013, 1, 2)])
    first = weather(["JFK", "LGA"], [1, 2], [1.0, 2.0], day=day)
    session.write_table("dev.shop.weather", first, mode="error", partition_by=["origin", "day"])
    second = weather(["JFK", None], [3, 3], [3.0, 4.0], day=day, wind=pa.array([7.0, 8.0]))
    session.write_table("dev.shop.weather", second, schema_mode="merge")
    answer = found(session, spine(["JFK", "JFK", "LGA", None], [2, 3, 3, 3]), lookup("temp", "wind", "day"))
    assert answer.table["temp"].to_pylist() == [1.0, 3.0, 2.0, None]
    assert answer.table["wind"].to_pylist() == [None, 7.0, None, None]
    assert answer.table["day"].to_pylist() == [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 2), None]


def test_nested_features_are_looked_up_like_others(session: Session) -> None:
    rows = weather(["JFK", "JFK"], [1, 2], [1.0, 2.0], gusts=pa.array([[1, 2], None], pa.list_(pa.int64())))
    session.write_table("dev.shop.weather", rows, mode="error")
    answer = found(session, spine(["JFK", "JFK", "EWR"], [1, 2, 2]), lookup("gusts", "temp"))
    assert answer.table["gusts"].to_pylist() == [[1, 2], None, None]
    latest = found(session, spine(["JFK", "JFK", "EWR"], [1, 2, 2]), lookup("gusts"), as_of="latest")
    assert latest.report[0].differing == {"gusts": 0}


def test_of_rows_that_are_there_twice_the_last_of_the_table_wins_for_nested_features_too(session: Session) -> None:
    for temp in range(8):
        rows = weather(["EWR"], [1], [float(temp)], winds=pa.array([[temp]], pa.list_(pa.int64())))
        session.write_table("dev.shop.weather", rows, mode="append" if temp else "error")
    plain = found(session, spine(["EWR"], [2]), lookup("temp")).table["temp"].to_pylist()
    nested = found(session, spine(["EWR"], [2]), lookup("winds")).table["winds"].to_pylist()
    assert [plain] == nested


def test_of_nested_features_too_only_files_that_may_be_needed_are_read(session: Session) -> None:
    for day in range(3):
        rows = weather(["EWR"], [24 * day], [1.0], gusts=pa.array([[day]], pa.list_(pa.int64())))
        session.write_table("dev.shop.weather", rows, mode="append" if day else "error")
    for hours, expected, files in (([1], [[0]], 1), ([30, 1], [[1], [0]], 2), ([-1], [None], 0)):
        answer = found(session, spine(["EWR"] * len(hours), hours), lookup("gusts"))
        assert answer.table["gusts"].to_pylist() == expected
        assert (answer.report[0].files_read, answer.report[0].files_total) == (files, 3)


def test_instants_of_which_python_has_none_are_compared_like_others(session: Session) -> None:
    times = pa.array([-(2**61), 0, 2**61], pa.int64()).cast(ZONED)
    rows = pa.table({"origin": ["EWR"] * 3, "ts": times, "temp": [1.0, 2.0, 3.0]})
    session.write_table("dev.shop.weather", rows, mode="error")
    labels = pa.table({"origin": ["EWR"] * 4, "at": pa.concat_arrays([times, pa.array([1], ZONED)])})
    assert found(session, labels, lookup("temp")).table["temp"].to_pylist() == [1.0, 2.0, 3.0, 2.0]


def test_a_text_that_many_rows_take_comes_in_several_pieces(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "LARGEST_PIECE", 100)
    more = {"text": ["a" * 40, None, "ü"], "list": pa.array([[1.0] * 40, [], None], pa.list_(pa.float64()))}
    rows = weather(["A", "B", "C"], [1, 1, 1], [1.0, 2.0, 3.0], **more)
    session.write_table("dev.shop.weather", rows, mode="error")
    order = ["A", "B", "A", "C", None, "A", "A", "B", "A", "C"]
    answer = found(session, spine(order, [2] * 10), lookup("text", "list", "temp")).table
    assert answer["text"].num_chunks > 1 and answer["list"].num_chunks > 1 and answer["temp"].num_chunks == 1
    for name in ("text", "list"):
        assert answer[name].to_pylist() == [
            None if each is None else rows[name][ord(each) - ord("A")].as_py() for each in order
        ]


def test_names_with_dots_and_quotes_are_names_like_others(rows_of: Callable[..., FeatureRows], tmp_path: Path) -> None:
    table = pa.table({"a.k": [1, 2], 't"s': pa.array([hour(1), hour(1)], ZONED), "a.b": [1.0, 2.0], "a": [3, 4]})
    rows = rows_of(tmp_path, [table])
    outputs = (Output("a.b", "x.y", "double"), Output("a", "a", "bigint"))
    labels = pa.table({"m.n": [2, 3], "at": pa.array([hour(2), hour(2)], ZONED)})
    answer = look_up(labels, [(Lookup(rows.name, (("m.n", "a.k"),), outputs, event='t"s', at="at"), rows)])
    assert answer.table.select(["x.y", "a"]).to_pydict() == {"x.y": [2.0, None], "a": [4, None]}


def test_what_the_files_alone_do_not_say_is_read_by_the_engine(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK", "EWR", "JFK"], [3, 1, 1], [3.0, 9.0, 1.0]), mode="error")
    (opened,) = session.open_tables(["dev.shop.weather"])
    rows = FeatureRows(opened.name, replace(opened.snapshot, needs_delta_reader=True), session.engine)
    answer = look_up(spine(["JFK", "EWR"], [2, 2]), [(lookup("temp"), rows)])
    assert answer.table["temp"].to_pylist() == [1.0, 9.0]


def test_a_correction_counts_from_when_it_was_known(session: Session) -> None:
    known = pa.array([hour(1), hour(8)], ZONED)
    session.write_table("dev.shop.weather", weather(["JFK", "JFK"], [1, 1], [1.0, 5.0], seen=known), mode="error")
    labels, wanted = spine(["JFK", "JFK"], [7, 8]), lookup("temp", known=KnownTime("seen"))
    assert found(session, labels, wanted).table["temp"].to_pylist() == [1.0, 5.0]
    latest = found(session, labels, wanted, as_of="latest")
    assert latest.table["temp"].to_pylist() == [5.0, 5.0]
    assert latest.report[0].differing == {"temp": 1}


def test_a_late_value_does_not_hide_a_newer_one_that_came_earlier(session: Session) -> None:
    known = pa.array([hour(9), hour(5)], ZONED)
    session.write_table("dev.shop.weather", weather(["JFK", "JFK"], [1, 4], [1.0, 4.0], seen=known), mode="error")
    wanted = lookup("temp", known=KnownTime("seen"))
    assert found(session, spine(["JFK"] * 3, [4, 5, 10]), wanted).table["temp"].to_pylist() == [None, 4.0, 4.0]


def test_a_look_back_includes_its_boundary_and_what_is_older_is_told(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK"], [1], [1.0]), mode="error")
    answer = found(session, spine(["JFK", "JFK", "JFK"], [2, 4, 5]), lookup("temp", lookback=timedelta(hours=3)))
    assert answer.table["temp"].to_pylist() == [1.0, 1.0, None]
    assert (answer.report[0].matched, answer.report[0].expired) == (2, 1)


def test_defaults_stand_for_no_match_and_for_null(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK", "EWR"], [1, 1], [None, 2.0]), mode="error")
    wanted = lookup(outputs=(Output("temp", "t", "double", default=-1.0), Output("temp", "temp", "double")))
    answer = found(session, spine(["JFK", "EWR", "LGA"], [2, 2, 2]), wanted)
    assert answer.table["t"].to_pylist() == [-1.0, 2.0, -1.0]
    assert answer.table["temp"].to_pylist() == [None, 2.0, None]


def test_several_tables_and_keys_in_one_join(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK", "EWR"], [1, 1], [1.0, 2.0]), mode="error")
    planes = pa.table({"tail": pa.array(["N1", "N2", "N1"]), "seats": pa.array([100, 200, 150], pa.int32())})
    session.write_table("dev.shop.planes", planes, mode="error")
    labels = spine(["JFK", "EWR"], [2, 2]).append_column("dest", pa.array(["EWR", "JFK"]))
    labels = labels.append_column("plane", pa.array(["N1", "N9"]))
    opened = {each.name.name: FeatureRows.of(each, session.engine)
              for each in session.open_tables(["dev.shop.weather", "dev.shop.planes"])}  # fmt: skip
    there = lookup(keys=(("dest", "origin"),), outputs=(Output("temp", "temp_there", "double"),))
    planes_of = Lookup(opened["planes"].name, (("plane", "tail"),), (Output("seats", "seats", "int"),))
    wanted = [(lookup("temp"), opened["weather"]), (there, opened["weather"]), (planes_of, opened["planes"])]
    answer = look_up(labels, wanted)
    assert answer.table.column_names == ["origin", "at", "dest", "plane", "temp", "temp_there", "seats"]
    assert answer.table.select(["temp", "temp_there", "seats"]).to_pylist() == [
        {"temp": 1.0, "temp_there": 2.0, "seats": 150}, {"temp": 2.0, "temp_there": 1.0, "seats": None}]  # fmt: skip
    assert [each.duplicates for each in answer.report] == [0, 0, 1]
    assert answer.table.schema.field("seats").type == pa.int32()


def test_files_that_no_label_can_need_are_not_opened(session: Session) -> None:
    for day in range(4):
        rows = weather(["JFK", "EWR"], [24 * day, 24 * day + 1], [float(day), float(day)], n=pa.array([day, day]))
        session.write_table("dev.shop.weather", rows, mode="append" if day else "error")
    labels = spine(["JFK"], [50])
    assert (report := found(session, labels, lookup("temp")).report[0]).files_read == 3, report
    window = lookup("temp", lookback=timedelta(hours=20))
    assert found(session, labels, window).report[0].files_read == 1
    assert found(session, spine(["ORD"], [50]), lookup("temp")).report[0].files_read == 0
    by_number = Lookup(lookup().table, (("m", "n"),), lookup("temp").outputs)
    answer = found(session, pa.table({"m": pa.array([1, 3], pa.int16())}), by_number)
    assert (answer.report[0].files_read, answer.report[0].files_total) == (2, 4)
    assert answer.table["temp"].to_pylist() == [1.0, 3.0]
    assert found(session, labels.slice(0, 0), lookup("temp")).report[0].files_read == 0


def test_an_empty_table_gives_nulls_of_its_types(session: Session) -> None:
    session.write_table("dev.shop.weather", weather([], [], pa.array([], pa.float64())), mode="error")
    answer = found(session, spine(["JFK"], [1]), lookup("temp"))
    assert answer.table["temp"].to_pylist() == [None]
    assert answer.table.schema.field("temp").type == pa.float64()


def test_an_empty_spine_stays_empty(session: Session) -> None:
    session.write_table("dev.shop.weather", weather(["JFK"], [1], [1.0]), mode="error")
    answer = found(session, spine([], []), lookup("temp"))
    assert answer.table.num_rows == 0
    assert answer.table.column_names == ["origin", "at", "temp"]


def test_not_a_number_is_a_value_like_others(session: Session) -> None:
    nan = float("nan")
    session.write_table("dev.shop.weather", weather(["JFK", "JFK"], [1, 2], [1.0, nan]), mode="error")
    answer = found(session, spine(["JFK", "JFK"], [1, 2]), lookup("temp"), as_of="latest")
    values = answer.table["temp"].to_pylist()
    assert values[0] == 1.0
    assert values[1] != values[1]
    assert answer.report[0].differing == {"temp": 0}


def test_instants_as_other_writers_store_them(rows_of: Callable[..., FeatureRows], tmp_path: Path) -> None:
    rows = rows_of(tmp_path, [weather(["JFK", "JFK"], [1, 3], [1.0, 3.0])])
    as_int96 = pa.table(
        {"origin": ["JFK", "JFK"], "ts": pa.array([hour(1), hour(3)], pa.timestamp("ns")), "temp": [1.0, 3.0]}
    )
    pq.write_table(as_int96, rows.snapshot.files[0].path, use_deprecated_int96_timestamps=True)
    answer = look_up(spine(["JFK", "JFK"], [2, 3]), [(lookup("temp"), rows)])
    assert answer.table["temp"].to_pylist() == [1.0, 3.0]


def test_many_rows_and_both_clocks_agree_with_plain_numpy(rows_of: Callable[..., FeatureRows], tmp_path: Path) -> None:
    """Larger than the blocks, so that each bound is met."""
    random = np.random.default_rng(4)
    count = 300_000
    known, event = random.integers(0, 10_000, count), random.integers(0, 10_000, count)
    table = pa.table(
        {
            "k": random.integers(0, 50, count),
            "e": pa.array(event).cast(ZONED),
            "s": pa.array(known).cast(ZONED),
            "x": np.arange(count),
        }
    )
    labels = pa.table({"m": random.integers(0, 60, 400), "at": pa.array(random.integers(0, 10_000, 400)).cast(ZONED)})
    rows = rows_of(tmp_path, [table.slice(0, 200_000), table.slice(200_000)], group_rows=150_000)
    wanted = Lookup(rows.name, (("m", "k"),), (Output("x", "x", "bigint"),), "e", KnownTime("s"), "at")
    answer = look_up(labels, [(wanted, rows)]).table["x"].to_pylist()
    key, at = labels["m"].to_numpy(), labels["at"].cast(pa.int64()).to_numpy()
    for label, value in enumerate(answer):
        fits = np.flatnonzero((table["k"].to_numpy() == key[label]) & (event <= at[label]) & (known <= at[label]))
        best = max(fits, key=lambda row: (event[row], known[row], row), default=None)
        assert value == best
