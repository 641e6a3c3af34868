"""What stands on the pages of features, as far as it is computed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from boathouse.features.inventory.nouns import AgeAtCommit, Consumer, Freshness
from boathouse.features.online.nouns import Publication
from boathouse.server.ui.pages.features.page import age_line, ordered, unit_of
from boathouse.server.ui.pages.features.skew import lines_of, rows_of
from boathouse.server.ui.pages.features.telling import behind_in_words, freshness_cell, freshness_in_words
from boathouse.server.ui.parts.grid import State
from boathouse.server.ui.parts.states import Tone
from boathouse.serving.skew.reports import MeasuredSkew

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def skew(feature: str, mismatches: int, *, at: datetime = NOON, version: int = 1, rows: int = 100) -> MeasuredSkew:
    return MeasuredSkew(at, "delays", "dev.lab.delay", version, feature, "dev.lab.w", rows, mismatches, 2, 3)


def test_ages_grow_until_a_commit_comes() -> None:
    found = [AgeAtCommit(1_000, None, 60.0), AgeAtCommit(7_201_000, 7_260.0, 120.0)]

    seconds, unit = unit_of(found, None)

    assert (seconds, unit) == (3_600, "hours")
    assert [round(value or 0, 3) for _, value in age_line(found, seconds)] == [0.017, 2.017, 0.033]
    assert unit_of([], None) == (60, "minutes")
    assert unit_of([], 3 * 86_400) == (86_400, "days")


def test_an_age_is_judged_by_the_promise() -> None:
    assert freshness_cell(None) is None
    assert freshness_cell(Freshness(0, 90.0, None, None)) == "1 min 30 s"
    assert freshness_cell(Freshness(0, 90.0, 100.0, True)) == State("1 min 30 s", Tone.GOOD)
    assert freshness_cell(Freshness(0, 90.0, 60.0, False)) == State("1 min 30 s, late", Tone.BAD)
    assert freshness_in_words(Freshness(0, 90.0, 60.0, False)) == ("1 min 30 s old: later than promised", Tone.BAD)


def test_what_is_published_may_be_behind_its_table() -> None:
    published = Publication("dev.lab.w_online", "default", "dev.lab.w", 4, 0, 10)
    assert behind_in_words(published, 4) == State("up to date", Tone.GOOD)
    assert behind_in_words(published, 5) == State("1 version behind", Tone.DOUBTFUL)
    assert behind_in_words(published, 7) == State("3 versions behind", Tone.DOUBTFUL)
    assert behind_in_words(published, None) is None


def test_versions_of_one_measurement_are_one_point_of_a_line() -> None:
    found = [skew("temp", 4), skew("temp", 0, version=2, rows=300), skew("temp", 0, at=LATER), skew("wind", 0)]

    assert lines_of(found) == {"temp": [(NOON, 1.0), (LATER, 0.0)], "the others, at most": [(NOON, 0.0)]}
    told: list[Any] = rows_of(found)
    assert told[0] == ["temp", LATER, 100, 0, State("0 %", Tone.GOOD), "1 %", 2, 3]


def test_what_takes_features_comes_before_what_reads_the_table() -> None:
    found = [Consumer("table", "a"), Consumer("model_version", "m", 1), Consumer("model_version", "m", 2)]
    assert [(each.kind, each.version) for each in ordered(found)] == [
        ("model_version", 2), ("model_version", 1), ("table", None),
    ]  # fmt: skip
