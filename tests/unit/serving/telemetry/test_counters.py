"""What workers count is what others read."""

import os
from bisect import bisect_left
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.home import Home
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot.nouns import LiveEndpoint
from boathouse.serving.telemetry import layout
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.ended import added, forget_ended
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Series
from boathouse.serving.telemetry.predictions import ENOUGH, bounds_from, values_of
from boathouse.serving.telemetry.prometheus import metrics_text
from boathouse.serving.telemetry.reading import counts_folder, read_bounds, read_counts

SERIES = Series("endpoint", "entity", "primary")


def home_in(folder: Path) -> Home:
    return Home(folder / "home")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(200, 215), st.floats(0, 20_000), st.integers(0, 50), st.booleans()), max_size=50))
def test_counts_are_read_as_they_were_counted(
    tmp_path_factory: pytest.TempPathFactory, answers: list[tuple[int, float, int, bool]]
) -> None:  # fmt: skip
    home = home_in(tmp_path_factory.mktemp("counts"))
    counters = Counters(counts_folder(home))
    for status, ms, rows, fallen in answers:
        counters.count(SERIES, status, ms, rows, fallen=fallen)
    (read,) = read_counts(home)
    assert (read.pid, read.is_alive) == (os.getpid(), True)
    if not answers:
        assert read.series == {}
        return
    counts = read.series[SERIES]
    assert counts.by_status == Counter(status for status, *_ in answers)
    assert counts.fallen == sum(fallen for *_, fallen in answers)
    assert counts.rows == sum(rows for _, _, rows, _ in answers)
    buckets = Counter(bisect_left(LATENCY_BOUNDS_MS, ms) for _, ms, *_ in answers)
    assert counts.latency == tuple(buckets[at] for at in range(layout.LATENCY_BUCKETS))
    assert counts.latency_sum_ms == pytest.approx(sum(ms for _, ms, *_ in answers), abs=len(answers) / 1000)


def test_predictions_are_counted_in_tenths_of_the_first_ones_by_all_workers(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    one, two = Counters(counts_folder(home), pid=1), Counters(counts_folder(home), pid=2)
    canary = Series("endpoint", "other", "canary")
    values = np.random.default_rng(1).normal(size=2 * ENOUGH)
    for value in values[:50]:
        two.count(canary, 200, 1.0, 1, np.array([value]))  # who is compared decides nothing, and waits
    for value in values:
        one.count(SERIES, 200, 1.0, 1, np.array([value]))
    bounds = read_bounds(home)["endpoint"]
    assert len(bounds.numbers) == 9
    two.look()
    two.count(canary, 200, 1.0, 1, values[50:51])
    first, second = read_counts(home)
    assert sum(first.series[SERIES].predictions) == len(values)
    assert sum(second.series[canary].predictions) == 51
    expected = Counter(bisect_left(bounds.numbers, value) for value in values)
    assert first.series[SERIES].predictions[:10] == tuple(expected[at] for at in range(10))
    assert min(first.series[SERIES].predictions[:10]) > 0.05 * len(values)


def test_many_predictions_are_counted_as_one_by_one(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    one, two = Counters(counts_folder(home), pid=1), Counters(counts_folder(home), pid=2)
    values = np.random.default_rng(1).normal(size=500)
    values[7] = np.nan
    one.count(SERIES, 200, 1.0, 1, np.random.default_rng(2).normal(size=300))
    two.look()
    before = read_counts(home)[0].series[SERIES].predictions
    one.count(SERIES, 200, 1.0, 1, values)
    for value in values:
        two.count(SERIES, 200, 1.0, 1, np.array([value]))
    first, second = (counts.series[SERIES].predictions for counts in read_counts(home))
    assert tuple(after - was for after, was in zip(first, before, strict=True)) == second
    assert sum(second) == 499


@pytest.mark.parametrize(
    ("predictions", "values"),
    [
        (np.array([0.5, 0.25]), [0.5, 0.25]),
        (np.array([[0.9, 0.1], [0.2, 0.8]]), [0.1, 0.8]),
        (np.array([[0.1, 0.7, 0.2]]), [1.0]),
        (np.array(["late", "early"], dtype=object), ["late", "early"]),
        ([1, 2.5, None, float("nan"), {}], [1.0, 2.5]),
        ({"a": [1]}, []),
        (None, []),
        (np.zeros((1, 2, 3)), []),
    ],
)
def test_one_value_of_each_row_is_compared(predictions: Any, values: list[Any]) -> None:
    assert values_of(predictions) == values


def test_classes_have_a_bucket_each() -> None:
    assert bounds_from(["b", "a", "a"]) == {"labels": ["a", "b"]}
    assert bounds_from([1.0, 0.0, 1.0]) == {"labels": [0.0, 1.0]}
    assert len(bounds_from([str(each) for each in range(100)])["labels"]) < layout.PREDICTION_BUCKETS
    assert len(bounds_from([0.5] * 300)["numbers"]) == 1


def test_more_series_than_there_is_room_for_are_not_counted_and_harm_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(layout, "MOST_SERIES", 2)
    home = home_in(tmp_path)
    counters = Counters(counts_folder(home))
    for number in range(5):
        counters.count(Series("endpoint", str(number), "primary"), 200, 1.0, 1)
    (read,) = read_counts(home)
    assert [series.entity_id for series in read.series] == ["0", "1"]


def test_more_kinds_of_status_than_slots_lose_no_answer(tmp_path: Path) -> None:
    counters = Counters(counts_folder(home_in(tmp_path)))
    for status in range(400, 440):
        counters.count(SERIES, status, 1.0, 1)
    (read,) = read_counts(home_in(tmp_path))
    assert sum(read.series[SERIES].by_status.values()) == 40


def test_counts_of_the_dead_are_kept_for_a_while_and_then_forgotten(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    Counters(counts_folder(home), pid=2**22 + 1).count(SERIES, 200, 1.0, 1)
    Counters(counts_folder(home))
    assert sorted(counts.is_alive for counts in read_counts(home)) == [False, True]
    forget_ended(home, older_than_seconds=3600)
    assert len(read_counts(home)) == 2
    forget_ended(home, older_than_seconds=-1)
    assert [counts.is_alive for counts in read_counts(home)] == [True]


def test_no_counter_falls_when_workers_are_forgotten(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    served = LiveEndpoint("endpoint", "delays", 1, (), (), frozenset(), EndpointPolicy())

    def told() -> list[str]:
        lines = metrics_text(home, {"endpoint": served}).decode().splitlines()
        return [line for line in lines if "entity=" in line and "_created" not in line]

    for dead in (2**22 + 1, 2**22 + 2, 2**22 + 3):
        counters = Counters(counts_folder(home), pid=dead)
        for ms in (0.3, 30.0):
            counters.count(SERIES, 200, ms, 2, fallen=ms > 1)
        before = told()
        assert f'status="200",version=""}} {2.0 * (dead - 2**22)}' in before[0]
        copy = counters.file.read_bytes()
        forget_ended(home, older_than_seconds=-1)
        assert told() == before
        counters.file.write_bytes(copy)  # whoever forgot it had died before the file was gone
        assert told() == before
        forget_ended(home, older_than_seconds=-1)
        assert (told(), list(counts_folder(home).glob("*.counts"))) == (before, [])


def test_what_two_workers_counted_adds_up(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    for pid in (1, 2):
        Counters(counts_folder(home), pid=pid).count(SERIES, 200 if pid == 1 else 500, 3.0, pid)
    one, two = (counts.series[SERIES] for counts in read_counts(home))
    both = added(one, two)
    assert both.by_status == {200: 1, 500: 1}
    assert (both.rows, sum(both.latency), both.latency_sum_ms) == (3, 2, 6.0)
