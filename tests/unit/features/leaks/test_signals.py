"""Each signal on data made so that it must fire, and on data where it must not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from boathouse.features.leaks import (
    LeakSignal,
    LeakVerdict,
    Roles,
    chosen_split,
    frame_signals,
    identifiers,
    near_duplicates,
    shared_entities,
    single_feature,
    sorted_report,
)
from boathouse.features.leaks.freshness import fresher_signal, known_label_signal
from boathouse.features.leaks.known_time import known_time_signals
from boathouse.features.leaks.splits import Split
from boathouse.foundation.errors import InvalidInput

ROWS = 2_000
DICE = np.random.default_rng(7)
LATE = DICE.random(ROWS) < 0.3
DELAY = DICE.gamma(2.0, 20.0, ROWS)
PLACE = DICE.integers(0, 4, ROWS)
LABELS = {
    "late": pl.Series("late", LATE),
    "late_text": pl.Series("late_text", np.where(LATE, "yes", "no")),
    "delay": pl.Series("delay", DELAY),
    "place": pl.Series("place", PLACE),
    "place_text": pl.Series("place_text", np.array(["EWR", "JFK", "LGA", "none"])[PLACE]),
}
NUMBERS = {"late": LATE * 1.0, "late_text": LATE * 1.0, "delay": DELAY, "place": PLACE, "place_text": PLACE}


def signals(label: pl.Series, *columns: pl.Series, **roles: tuple[str, ...]) -> list[LeakSignal]:
    frame = pl.DataFrame([label, *columns])
    named = roles.get("identifiers", ())
    features = tuple(column.name for column in columns if column.name not in named)
    found = frame_signals(frame, Roles(label.name, features, identifiers=named))
    return [signal for signal in found if signal.column != "all features"]


def the(found: Sequence[LeakSignal], name: str) -> LeakSignal:
    [signal] = [each for each in found if each.name == name]
    return signal


@pytest.mark.parametrize("label", LABELS)
def test_a_copy_of_the_label_is_suspicious(label: str) -> None:
    assert the(signals(LABELS[label], pl.Series("copy", NUMBERS[label])), single_feature.NAME).is_suspicious


@pytest.mark.parametrize("label", LABELS)
def test_a_copy_of_the_label_with_a_little_noise_and_some_nulls_is_suspicious(label: str) -> None:
    noisy = NUMBERS[label] + DICE.normal(0, 0.05, ROWS)
    column = pl.Series("noisy", noisy).set(pl.Series(DICE.random(ROWS) < 0.005), None)
    assert the(signals(LABELS[label], column), single_feature.NAME).is_suspicious


@pytest.mark.parametrize("label", LABELS)
def test_noise_is_clear(label: str) -> None:
    signal = the(signals(LABELS[label], pl.Series("noise", DICE.normal(size=ROWS))), single_feature.NAME)
    assert signal.verdict is LeakVerdict.CLEAR
    assert signal.score is not None
    assert signal.score < 0.6


def test_an_honest_strong_feature_is_clear() -> None:
    honest = pl.Series("honest", LATE + DICE.normal(0, 0.5, ROWS))
    signal = the(signals(LABELS["late"], honest), single_feature.NAME)
    assert signal.verdict is LeakVerdict.CLEAR
    assert 0.85 < (signal.score or 0) < 0.98


def test_a_feature_that_is_null_exactly_where_the_label_is_true_is_suspicious() -> None:
    column = pl.Series("landed", DICE.random(ROWS)).set(pl.Series(LATE), None)
    assert the(signals(LABELS["late"], column), single_feature.NAME).is_suspicious


def test_a_feature_that_is_nan_exactly_where_the_label_is_true_is_suspicious() -> None:
    column = pl.Series("landed", np.where(LATE, np.nan, DICE.random(ROWS)))
    assert the(signals(LABELS["late"], column), single_feature.NAME).is_suspicious


def test_a_band_in_the_middle_of_a_feature_that_means_the_label_is_suspicious() -> None:
    column = pl.Series("band", np.where(LATE, DICE.uniform(0.4, 0.6, ROWS), DICE.choice([0.1, 0.9], ROWS)))
    assert the(signals(LABELS["late"], column), single_feature.NAME).is_suspicious


def test_a_name_of_its_own_in_each_row_says_nothing_by_itself() -> None:
    column = pl.Series("name", [f"n{number}" for number in DICE.permutation(ROWS)])
    assert the(signals(LABELS["late"], column), single_feature.NAME).score == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("c", LATE),
        pl.Series("c", np.where(LATE, "a", "b")).cast(pl.Categorical),
        pl.Series("c", LATE * 86_400_000_000).cast(pl.Datetime("us", "UTC")),
        pl.Series("c", LATE * 1).cast(pl.Date),
        pl.Series("c", LATE * 1).cast(pl.Decimal(10, 2)),
        pl.Series("c", LATE * 1).cast(pl.Int8),
    ],
    ids=lambda column: str(column.dtype),
)
def test_columns_of_every_flat_type_are_looked_into(column: pl.Series) -> None:
    assert the(signals(LABELS["late"], column), single_feature.NAME).is_suspicious


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("c", [1.0] * ROWS),
        pl.Series("c", [None] * ROWS),
        pl.Series("c", [None] * ROWS, dtype=pl.Float64),
        pl.Series("c", [None] * ROWS, dtype=pl.String),
        pl.Series("c", [float("nan")] * ROWS),
        pl.Series("c", [[1]] * ROWS),
        pl.Series("c", [{"a": 1}] * ROWS),
        pl.Series("c", [b"x"] * ROWS),
    ],
    ids=lambda column: str(column.dtype),
)
def test_columns_that_cannot_differ_or_be_compared_are_not_measured(column: pl.Series) -> None:
    assert the(signals(LABELS["late"], column), single_feature.NAME).verdict is LeakVerdict.NOT_MEASURED


@pytest.mark.parametrize(
    "label",
    [
        pl.Series("y", [True, False] * 5),
        pl.Series("y", [1] * 100),
        pl.Series("y", [None] * 100, dtype=pl.Int64),
        pl.Series("y", [float("nan")] * 100),
        pl.Series("y", [0] * 97 + [1] * 3),
        pl.Series("y", [[1]] * 100),
        pl.Series("y", [], dtype=pl.Float64),
    ],
    ids=["ten rows", "constant", "null", "nan", "three of a class", "lists", "empty"],
)
def test_a_label_that_nothing_can_be_measured_against_is_said(label: pl.Series) -> None:
    found = signals(label, pl.Series("x", np.arange(len(label))))
    assert [signal.verdict for signal in found] == [LeakVerdict.NOT_MEASURED]
    assert found[0].explanation


def test_a_leak_in_twenty_rows_is_found() -> None:
    label = pl.Series("y", [False] * 10 + [True] * 10)
    assert the(signals(label, pl.Series("x", np.arange(20.0))), single_feature.NAME).is_suspicious


def test_rows_without_a_label_are_left_out() -> None:
    label = pl.Series("y", [None if number % 3 == 0 else bool(late) for number, late in enumerate(LATE)])
    assert the(signals(label, pl.Series("x", LATE)), single_feature.NAME).is_suspicious


# Identifiers

ID_LEAKS = {
    "order": np.argsort(np.argsort(LATE + DICE.random(ROWS) * 0.5)) + 100_000,
    "remainder": DICE.permutation(ROWS) * 10 + LATE,
    "prefix": [f"{'XQ'[int(late)]}{number:06}" for late, number in zip(LATE, DICE.permutation(ROWS), strict=True)],
    "suffix": [f"{number:06}-{'XQ'[int(late)]}" for late, number in zip(LATE, DICE.permutation(ROWS), strict=True)],
    "number at the end": [f"case-{number}" for number in np.argsort(np.argsort(LATE + DICE.random(ROWS) * 0.5))],
    "length": ["x" * (20 + int(late)) + "abcdefgh"[number % 8] for number, late in enumerate(LATE)],
}


@pytest.mark.parametrize("leak", ID_LEAKS)
def test_a_label_in_an_identifier_is_suspicious(leak: str) -> None:
    column = pl.Series("id", ID_LEAKS[leak])
    signal = the(signals(LABELS["late"], column, identifiers=("id",)), identifiers.NAME)
    if column.n_unique() >= identifiers.LEAST_DISTINCT:
        assert signal.is_suspicious
        assert "id" in signal.explanation


def test_a_label_made_from_the_hash_of_an_identifier_is_suspicious() -> None:
    names = [f"user-{number}" for number in DICE.permutation(ROWS)]
    label = pl.Series("y", [identifiers.zlib.crc32(name.encode()) % 10 < 3 for name in names])
    signal = the(signals(label, pl.Series("id", names), identifiers=("id",)), identifiers.NAME)
    assert signal.is_suspicious
    assert "CRC-32" in signal.explanation


@pytest.mark.parametrize("rows", [60, 200, 2_000])
@pytest.mark.parametrize("label", LABELS)
def test_random_identifiers_are_clear(label: str, rows: int) -> None:
    column = pl.Series("id", [f"{number:08x}" for number in DICE.integers(0, 2**32, ROWS)])
    found = signals(LABELS[label].head(rows), column.head(rows), identifiers=("id",))
    assert not the(found, identifiers.NAME).is_suspicious


def test_strings_with_a_value_of_their_own_in_each_row_are_taken_for_identifiers() -> None:
    found = signals(LABELS["late"], pl.Series("note", ID_LEAKS["prefix"]))
    assert the(found, identifiers.NAME).is_suspicious


def test_a_few_categories_are_no_identifier() -> None:
    found = signals(LABELS["late"], pl.Series("carrier", np.where(LATE, "UA", "B6")), identifiers=("carrier",))
    assert the(found, identifiers.NAME).verdict is LeakVerdict.NOT_MEASURED


def test_identifiers_with_nulls_are_looked_into() -> None:
    values = [None if number % 5 == 0 else value for number, value in enumerate(ID_LEAKS["prefix"])]
    found = signals(LABELS["late"], pl.Series("id", values), identifiers=("id",))
    assert the(found, identifiers.NAME).is_suspicious


# Splits


def split_signals(frame: pl.DataFrame, split: Split, *, entities: tuple[tuple[str, ...], ...] = ()) -> list[LeakSignal]:
    keys = {key for each in entities for key in each}
    features = tuple(name for name in frame.columns if name not in {"y", "side", "at", *keys})
    return frame_signals(frame, Roles("y", features, entities), split)


def patients(rows_each: int, *, lasting: bool = False) -> pl.DataFrame:
    count = ROWS // rows_each
    of_patient = np.repeat(np.arange(count), rows_each)
    facts = DICE.random(count) < 0.5
    labels = facts[of_patient] if lasting else DICE.random(len(of_patient)) < 0.5
    at = datetime(2024, 1, 1, tzinfo=UTC)
    days = DICE.permutation(len(of_patient))
    return pl.DataFrame({"patient": of_patient, "y": labels, "at": [at + timedelta(days=int(day)) for day in days]})


def test_patients_on_both_sides_are_suspicious() -> None:
    frame = patients(4).with_columns(side=pl.Series(np.where(DICE.random(ROWS) < 0.8, "train", "test")))
    signal = the(
        split_signals(frame, chosen_split(frame, "side", None, None) or pytest.fail(), entities=(("patient",),)),
        shared_entities.NAME,
    )
    assert signal.is_suspicious
    assert (signal.score or 0) > 0.5


def test_patients_on_one_side_each_are_clear() -> None:
    frame = patients(4).with_columns(side=pl.col("patient") % 5 != 0)
    split = chosen_split(frame, "side", None, None)
    assert split is not None
    assert split.learnt.mean() == pytest.approx(0.8)
    signal = the(split_signals(frame, split, entities=(("patient",),)), shared_entities.NAME)
    assert signal.verdict is LeakVerdict.CLEAR
    assert signal.score == 0


def test_carriers_with_hundreds_of_rows_are_categories() -> None:
    frame = patients(200).with_columns(side=pl.int_range(pl.len()) % 2 == 0)
    split = chosen_split(frame, "side", None, None)
    assert split is not None
    signal = the(split_signals(frame, split, entities=(("patient",),)), shared_entities.NAME)
    assert signal.verdict is LeakVerdict.NOT_MEASURED


@pytest.mark.parametrize("lasting", [True, False])
def test_in_a_split_by_time_entities_are_suspicious_when_their_labels_come_back(*, lasting: bool) -> None:
    frame = patients(4, lasting=lasting)
    split = chosen_split(frame, None, datetime(2027, 1, 1, tzinfo=UTC), "at")
    assert split is not None
    signal = the(split_signals(frame, split, entities=(("patient",),)), shared_entities.NAME)
    assert signal.is_suspicious == lasting


def features(rows: int, count: int) -> dict[str, np.ndarray]:
    return {f"x{number}": DICE.normal(size=rows) for number in range(count)}


def halves(rows: int) -> Split:
    return Split(np.arange(rows) < rows // 2, by_time=False, said="first half")


@pytest.mark.parametrize("count", [4, 12, 40])
def test_copies_across_the_split_are_suspicious_however_small_their_rounding_error(count: int) -> None:
    made = features(ROWS, count)
    for values in made.values():
        values[-40:] = values[:40] * (1 + 1e-14)
    found = split_signals(pl.DataFrame({"y": LATE, **made}), halves(ROWS))
    assert the(found, near_duplicates.EXACT).score == pytest.approx(0.04)
    # Candidates are found by hashing, which may miss one of the forty.
    assert the(found, near_duplicates.NEAR).score == pytest.approx(0.04, abs=0.0021)


@pytest.mark.parametrize("count", [12, 40])
def test_near_copies_across_the_split_are_suspicious(count: int) -> None:
    made = features(ROWS, count)
    for number, values in enumerate(made.values()):
        values[-60:] = DICE.normal(size=60) if number == 0 else values[:60] * (1 + 1e-4)
    found = split_signals(pl.DataFrame({"y": LATE, **made}), halves(ROWS))
    assert the(found, near_duplicates.EXACT).verdict is LeakVerdict.CLEAR
    near = the(found, near_duplicates.NEAR)
    assert near.is_suspicious
    assert (near.score or 0) > 0.05


@pytest.mark.parametrize("count", [4, 12, 40])
def test_independent_rows_are_no_duplicates(count: int) -> None:
    found = split_signals(pl.DataFrame({"y": LATE, **features(ROWS, count)}), halves(ROWS))
    assert [the(found, name).score for name in (near_duplicates.EXACT, near_duplicates.NEAR)] == [0, 0]


def test_a_few_coarse_features_are_alike_by_chance_and_nothing_is_said() -> None:
    frame = pl.DataFrame({"y": LATE, "a": DICE.integers(0, 3, ROWS), "b": DICE.integers(0, 3, ROWS)})
    found = split_signals(frame, halves(ROWS))
    for name in (near_duplicates.EXACT, near_duplicates.NEAR):
        assert the(found, name).verdict is LeakVerdict.NOT_MEASURED


def test_copies_are_found_among_names_nulls_nan_and_constant_columns() -> None:
    made = features(ROWS, 8)
    made["x0"][::3] = np.nan
    frame = pl.DataFrame({"y": LATE, **made}).with_columns(
        name=pl.Series([f"n{number % 700}" for number in DICE.permutation(ROWS)]),
        constant=pl.lit(1),
        nothing=pl.lit(None),
        x1=pl.when(pl.int_range(pl.len()) % 4 == 0).then(None).otherwise(pl.col("x1")),
    )
    copied = pl.concat([frame, frame.head(100)])
    found = split_signals(copied, Split(np.arange(ROWS + 100) < ROWS, by_time=False, said="last"))
    assert the(found, near_duplicates.EXACT).score == 1
    assert the(found, near_duplicates.NEAR).score == 1


def test_without_a_split_its_signals_are_said_not_to_be_measured() -> None:
    found = frame_signals(pl.DataFrame({"y": LATE, "x": PLACE}), Roles("y", ("x",)))
    for name in (shared_entities.NAME, near_duplicates.EXACT, near_duplicates.NEAR):
        assert the(found, name).verdict is LeakVerdict.NOT_MEASURED


def test_an_empty_side_is_not_measured() -> None:
    frame = pl.DataFrame({"y": LATE, **features(ROWS, 5)})
    found = split_signals(frame, Split(np.ones(ROWS, bool), by_time=False, said="all"))
    assert the(found, near_duplicates.EXACT).verdict is LeakVerdict.NOT_MEASURED


def test_rows_without_a_side_are_on_neither() -> None:
    frame = patients(4).with_columns(
        side=pl.when(pl.col("patient") % 5 != 0).then(pl.lit("train")).otherwise(pl.lit("test")),
        at=pl.when(pl.int_range(pl.len()) % 4 != 0).then("at"),
    )
    holes = frame.with_columns(side=pl.when(pl.int_range(pl.len()) % 4 != 0).then("side"))
    split = chosen_split(holes, "side", None, None)
    assert split is not None
    assert (split.learnt.sum(), split.tested.sum()) == (ROWS * 3 // 4 * 4 // 5, ROWS * 3 // 4 // 5)
    assert the(split_signals(holes, split, entities=(("patient",),)), shared_entities.NAME).score == 0
    by_time = chosen_split(frame, None, datetime(2026, 1, 1, tzinfo=UTC), "at")
    assert by_time is not None
    assert by_time.learnt.sum() + by_time.tested.sum() == 0.75 * ROWS


@pytest.mark.parametrize(
    ("column", "at", "time", "said"),
    [
        ("side", datetime(2024, 1, 1, tzinfo=UTC), None, "not both"),
        (None, datetime(2024, 1, 1, tzinfo=UTC), None, "time_column"),
        ("sied", None, None, "no column sied"),
        ("one", None, None, "one value only"),
        (None, datetime(2024, 1, 1, tzinfo=UTC), "side", "needs a timestamp"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(column: str, at: datetime, time: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        chosen_split(pl.DataFrame({"side": ["train", "test"], "one": ["a", "a"]}), column, at, time)


@pytest.mark.parametrize("kind", [pl.Date, pl.Datetime("ms"), pl.Datetime("ns", "America/New_York")])
def test_a_split_at_an_instant_works_for_every_kind_of_time(kind: pl.DataType) -> None:
    frame = pl.DataFrame({"at": pl.Series([datetime(2024, 1, 1), datetime(2024, 1, 3)]).cast(pl.Datetime("ms"))})  # noqa: DTZ001
    times = (
        frame["at"].dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").cast(kind)
        if (isinstance(kind, pl.Datetime) and kind.time_zone)
        else frame["at"].cast(kind)
    )
    split = chosen_split(pl.DataFrame({"at": times}), None, datetime(2024, 1, 2, tzinfo=UTC), "at")
    assert split is not None
    assert split.learnt.tolist() == [True, False]


# Clocks


def instants(*days: int | None) -> pl.Series:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    return pl.Series(
        [None if day is None else first + timedelta(days=day) for day in days], dtype=pl.Datetime("us", "UTC")
    )


def test_values_known_after_their_label_are_suspicious_from_one_row() -> None:
    signal = fresher_signal("x", instants(1, 1, None), instants(2, 5, None), instants(2, 4, 1))
    assert signal.is_suspicious
    assert signal.score == 0.5


def test_values_known_by_the_time_of_their_label_are_clear() -> None:
    assert fresher_signal("x", instants(1, 1), instants(2, 4), instants(2, 4)).verdict is LeakVerdict.CLEAR


def test_rows_without_a_value_say_nothing_of_freshness() -> None:
    assert fresher_signal("x", instants(None), None, instants(1)).verdict is LeakVerdict.NOT_MEASURED


def test_a_label_known_before_its_features_is_suspicious() -> None:
    assert known_label_signal("y", instants(1, 9), instants(2, 3)).score == 0.5
    assert known_label_signal("y", instants(4, 9), instants(2, 3)).verdict is LeakVerdict.CLEAR
    assert known_label_signal("y", instants(None), instants(2)).verdict is LeakVerdict.NOT_MEASURED


def test_corrected_values_are_suspicious_in_a_training_set_of_corrected_values_only() -> None:
    assert known_time_signals({"x": 5}, 100, "latest")[0].is_suspicious
    assert not known_time_signals({"x": 0}, 100, "latest")[0].is_suspicious
    guarded = known_time_signals({"x": 5}, 100, "known")[0]
    assert not guarded.is_suspicious
    assert guarded.score == 0.05


# The report


def test_the_report_names_what_is_suspicious_first_and_what_to_do() -> None:
    report = sorted_report(signals(LABELS["late"], pl.Series("noise", DICE.normal(size=ROWS)), pl.Series("copy", LATE)))
    assert [signal.column for signal in report.suspicious] == ["copy"]
    assert report[0].column == "copy"
    assert report[0].advice in str(report)
    assert report.frame().height == len(report) == 2
    assert "copy" in report.to_json()
    assert "<td>copy</td>" in report._repr_html_()
