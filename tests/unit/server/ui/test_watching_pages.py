"""What the pages of monitors, alerts and incidents decide by themselves: what is shown first, bars, words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.shapes import fit
from boathouse.monitoring.alerts.nouns import Alert, Firing, Point, Seen, Series
from boathouse.monitoring.alerts.rules import AlertRule, Severity
from boathouse.monitoring.alerts.service import Standing
from boathouse.monitoring.incidents.nouns import Entry, EntryKind, Incident, Step, StepState
from boathouse.monitoring.incidents.playbook import PlaybookStep
from boathouse.monitoring.incidents.service import Story
from boathouse.monitoring.monitors.settings import MonitorSettings
from boathouse.monitoring.readings.nouns import Choices, DriftRow, Reading, Shape, Wanted
from boathouse.server.ui.pages.alerts.overview import filtered
from boathouse.server.ui.pages.alerts.wording import known_then, lines_of, rule_in_words, wrong_stretches
from boathouse.server.ui.pages.incidents.telling import lead, likely, shown_entries
from boathouse.server.ui.pages.monitoring.asked import (
    Asked,
    asked_for,
    metrics_of,
    shown_metric,
    thresholds_of,
    watching,
    wrong_windows,
)
from boathouse.server.ui.pages.monitoring.drawn import NULLS, OTHERS, side_by_side
from boathouse.server.ui.pages.monitoring.drift import moved
from boathouse.server.ui.pages.monitoring.overview import verdict_of
from boathouse.server.ui.pages.monitoring.windows import window_name
from boathouse.server.ui.parts.plots import axis_reach

TABLE = "prod.flights.weather"
SETTINGS = MonitorSettings.model_validate(
    {"output_schema_name": "prod.flights", "time_series": {"timestamp_col": "at", "granularities": ["1 day"]}}
)
CHOICES = Choices(
    {":table": None, "at": "timestamp", "sky": "string", "wind": "double"}, ("1 day", "1 month"),
    (("origin", "JFK"), ("origin", None)), ("3", "4"),
)  # fmt: skip
WIND = Series.of({"column": "wind", "granularity": "1 day"})


def rule(**given: object) -> AlertRule:
    told = {"table": TABLE, "metric": "percent_null", "columns": ["wind"], "above": 10, **given}
    return fit(AlertRule, {name: value for name, value in told.items() if value is not None}, what="The alert")


def firing(series: Series = WIND, **given: object) -> Firing:
    found = Firing("f", 1, "a", 1, series, Severity.CRITICAL, 0, 0, 10, 50.0, 10.0, "50 is above 10", 100)
    return replace(found, **given)


def standing(name: str, *firings: Firing, **given: object) -> Standing:
    return Standing(Alert("a", name, rule(**given), 1, "ada", 0, None, 0), Seen("a", looked_at=1), firings)


def day(number: int) -> int:
    return epoch_ms(datetime(2013, 7, number, tzinfo=UTC))


# --- which figure is shown


def test_what_fires_is_looked_at_first() -> None:
    quiet = standing("quiet", columns=["sky"], severity="critical", metric="count")
    fires = standing("fires", firing(), granularity="1 day")
    asked = asked_for(TABLE, {}, CHOICES, SETTINGS, [quiet, fires])

    assert (asked.wanted.column, asked.metric, asked.wanted.granularity) == ("wind", "percent_null", "1 day")


def test_without_alerts_a_column_that_is_no_time_is_looked_at() -> None:
    assert asked_for(TABLE, {}, CHOICES, SETTINGS).wanted.column == "sky"


def test_the_address_decides_and_what_means_nothing_is_left_out() -> None:
    said = {"column": "wind", "metric": "avg", "slice": "origin = null", "model": "9", "granularity": "1 month",
            "windows": "60"}  # fmt: skip
    asked = asked_for(TABLE, said, CHOICES, SETTINGS)

    assert asked == Asked(Wanted(TABLE, "wind", "1 month", "origin", None, None, 60), "avg")
    assert asked_for(TABLE, {"column": "gone", "windows": "x"}, CHOICES, SETTINGS).wanted.windows == 400


def test_the_usual_metrics_come_first() -> None:
    known = metrics_of([Reading(0, 1, {"zeta": 1.0, "avg": 2.0, "percent_null": 0.0})])

    assert known == ["percent_null", "avg", "zeta"]
    assert (shown_metric("zeta", known), shown_metric("gone", known)) == ("zeta", "percent_null")


def test_only_alerts_on_this_very_figure_are_drawn() -> None:
    asked = Asked(Wanted(TABLE, "wind", "1 day"), "percent_null")
    alerts = [
        standing("this"), standing("all columns", columns=None), standing("below", below=-1, above=None),
        standing("month", granularity="1 month"), standing("slices", slices="all"), standing("mean", metric="avg"),
    ]  # fmt: skip
    found = watching(alerts, asked)

    assert [each.alert.name for each in found] == ["this", "all columns", "below"]
    assert thresholds_of(each.alert.rule for each in found) == {"above 10": 10.0, "below -1": -1.0}
    drift = standing("drift", metric="js_distance", drift="consecutive")
    assert watching([drift], Asked(asked.wanted, "consecutive.js_distance")) == [drift]
    other = firing(Series.of({"column": "wind", "granularity": "1 month"}))
    assert wrong_windows([firing(), other], asked.wanted) == [firing()]


def test_the_worst_of_a_table_is_its_verdict() -> None:
    assert verdict_of(TABLE, []).text == "no alert"
    assert verdict_of(TABLE.upper(), [standing("fine")]).text == "fine"
    found = verdict_of(TABLE, [standing("fine", severity="critical"), standing("fires", firing())])
    assert (found.text, found.address) == ("warning fires", "/ui/alerts/fires")


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2013-07-05", "2013-07-06", "2013-07-05"),
        ("2013-07-01", "2013-08-01", "2013-07"),
        ("2013-02-01", "2013-03-01", "2013-02"),
        ("2013-01-01", "2014-01-01", "2013"),
        ("2013-07-05", "2013-07-09", "2013-07-05 to 2013-07-08"),
        ("2013-07-05", "2013-07-05", None),
        ("2013-07-05T01:00", "2013-07-06T01:00", None),
    ],
)
def test_whole_days_have_names(start: str, end: str, name: str | None) -> None:
    instants = [epoch_ms(datetime.fromisoformat(each).replace(tzinfo=UTC)) for each in (start, end)]

    assert window_name(*instants) == name


# --- distributions


def test_distributions_with_the_same_edges_become_the_same_bars() -> None:
    window = Shape(100, 0, (10.0, 20.0, 30.0), (50, 50, 0, 0), 0.0, 20.0)
    baseline = Shape(100, 100, (10.0, 20.0, 30.0), (0, 0, 50, 50), 20.0, 48.0)
    found = side_by_side([window, baseline])

    assert len(found.names) == 25 and found.names[-1] == NULLS
    assert [round(sum(each), 6) for each in found.shares] == [100.0, 100.0]
    assert sum(found.shares[0][:10]) == pytest.approx(100.0)
    assert sum(found.shares[1][10:24]) == pytest.approx(50.0) and found.shares[1][24] == 50.0


def test_what_lies_far_away_does_not_make_one_bar_of_all_others() -> None:
    shape = Shape(102, 0, (1.0, 2.0, 3.0), (1, 50, 50, 1), 0.0, 1e9)
    found = side_by_side([shape])

    assert found.names[0].startswith("1 to") and sum(found.shares[0]) == pytest.approx(100.0)


def test_values_are_bars_the_most_frequent_first() -> None:
    found = side_by_side([Shape(10, 0, items={"a": 2, "b": 7}, others=1), Shape(4, 0, items={"c": 4})])

    assert found.names == ("b", "c", "a", OTHERS)
    assert found.shares == ((70.0, 0.0, 20.0, 10.0), (0.0, 100.0, 0.0, 0.0))
    assert side_by_side([Shape(3, 0)]).names == ()
    assert side_by_side([Shape(3, 0, (5.0,), (3, 0), 5.0, 5.0)]).names == ("5",)


def test_a_column_has_moved_when_the_corrected_test_says_so() -> None:
    row = DriftRow("wind", "double", "BASELINE", 0, 1, None, {"pvalue_adjusted": 0.01})

    told = [moved(replace(row, figures=figures)) for figures in (row.figures, {"pvalue_adjusted": 0.3}, {})]
    assert [each and each.text for each in told] == ["yes", "could be luck", None]


# --- alerts in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "It fires when percent_null of wind in prod.flights.weather is above 10."),
        ({"columns": None, "below": 2.5, "for_windows": 3}, "of any column in prod.flights.weather is above 10 or"),
        ({"above": None, "metric": None, "columns": None, "missing": "2h"}, "has no new data for 2h."),
        ({"above": None, "change": {"below": -0.05, "relative": True}}, "as a share of the value before"),
        ({"above": None, "anomaly": {"direction": "below", "minimum_change": 25}}, "below the median of the last 14"),
        ({"metric": "js_distance", "slices": {"origin": "JFK"}}, "where origin is JFK in prod.flights.weather against"),
        ({"incident": {"playbook": "feed", "start": True}}, "opens an incident with the playbook feed, which starts"),
        ({"tell": ["oncall"], "escalate": [{"after": "15m", "tell": ["lead"]}]}, "after 15m, it tells lead."),
        ({"minimum_rows": 500, "paused": True}, "fewer than 500 rows is not judged. It is paused."),
    ],
)  # fmt: skip
def test_a_rule_is_read_aloud(given: dict[str, object], words: str) -> None:
    assert words in rule_in_words(rule(**given))


def test_a_rule_on_events_is_read_aloud() -> None:
    told = fit(AlertRule, {"events": {"types": ["endpoint.fell"], "subject": "delays"}}, what="The alert")

    assert rule_in_words(told) == "It fires when the event endpoint.fell of delays happens."


def test_windows_side_by_side_are_one_stretch() -> None:
    points = [Point(day(each), day(each + 1), value) for each, value in ((1, 5.0), (2, 50.0), (3, 60.0), (4, 5.0))]

    assert wrong_stretches(rule(), points) == [(day(2), day(4), "60 is above 10")]


def test_what_fires_is_drawn_first_and_of_the_shortest_windows() -> None:
    other, month = Series.of({"column": "a", "granularity": "1 day"}), Series.of({"column": "wind"})
    daily = [Point(day(1), day(2), 1.0)]
    points = {other: daily, WIND: daily, month: [Point(day(1), day(30), 1.0)]}

    assert list(lines_of(points, [WIND])) == ["wind", "a"]


def test_what_was_repaired_is_shown_as_it_was() -> None:
    then = [Point(day(each), day(each + 1), 100.0 if each == 3 else 1.0) for each in range(1, 6)]
    now = [replace(each, value=1.0) for each in then]

    assert [each.value for each in known_then({WIND: then}, {WIND: now}, [firing()])["wind"]] == [1.0, 100.0, 1.0]
    assert known_then({WIND: now}, {WIND: now}, [firing()]) == {}


def test_alerts_are_filtered_by_the_address_and_the_worst_comes_first() -> None:
    alerts = [
        standing("info", severity="info"), standing("old", firing(fired_at=5), severity="critical"),
        standing("new", firing(fired_at=9), severity="critical", owner="bob"),
    ]  # fmt: skip

    assert [each.alert.name for each in filtered(alerts, {})] == ["old", "new", "info"]
    assert [each.alert.name for each in filtered(alerts, {"owner": "bob"})] == ["new"]
    assert [each.alert.name for each in filtered(alerts, {"state": "fine"})] == ["info"]


# --- incidents in words


def story(*firings: Firing, steps: tuple[Step, ...] = (), **given: object) -> Story:
    found = Incident(7, "no wind", TABLE, True, Severity.CRITICAL, "ada", "nulls", 100, "ada")
    return Story(replace(found, **given), (), steps, firings)


def step(state: StepState, **given: object) -> Step:
    told = fit(PlaybookStep, {"page": {"tell": ["desk"]}, **given}, what="The step")
    return Step(7, 1, told, state)


def test_an_incident_is_told_in_a_few_sentences() -> None:
    told = lead(story(firing(), steps=(step(StepState.FAILED),)), {"a": "percent_null"})
    assert told == (
        "In prod.flights.weather, percent_null of wind: 50 is above 10. All of it still fires. "
        "The playbook stopped at step 1, Tell ['desk']."
    )
    ended = story(firing(resolved_at=9), closed_at=9, closed_by="ada", resolution="a sensor")
    assert lead(ended, {}).endswith("All of it is fine again. No playbook is prepared. ada closed it: a sensor")
    waits = step(StepState.AWAITS_APPROVAL, approval={"groups": ["desk"]})
    assert "waits for somebody to approve step 1" in lead(story(steps=(waits,)), {})
    assert "opened it by hand" in lead(story(steps=(step(StepState.DONE),)), {})


def test_of_many_changes_the_timeline_shows_the_likely_ones() -> None:
    changes = [Entry(n, 7, n, EntryKind.CHANGE, f"change {n}", "ada", {"likelihood": n / 100}) for n in range(30)]
    note = Entry(99, 7, 99, EntryKind.NOTE, "a note", "ada")
    found = replace(story(), entries=(*changes, note))

    assert [each.text for each in likely(found)[:2]] == ["change 29", "change 28"]
    assert len(shown_entries(found, everything=False)) == 9
    assert len(shown_entries(found, everything=True)) == 31


# --- axes


@pytest.mark.parametrize(
    ("values", "thresholds", "reach"),
    [
        ((0.0, 1.2), {"above 50": 50.0}, {"min": 0.0, "max": 60.0}),
        ((0.22, 0.9), {"below 0.62": 0.62}, {"min": 0.2, "max": 1.0}),
        ((100.0, 100.0), {"above 100": 100.0}, {"min": 99.8, "max": 100.2}),
        ((-3.0, 2.0), {"alike": 0.0}, {"min": -4.0, "max": 3.0}),
        ((1.0, 2.0), {}, {}),
    ],
)
def test_an_axis_reaches_to_its_thresholds_in_round_numbers(
    values: tuple[float, float], thresholds: dict[str, float], reach: dict[str, float]
) -> None:
    points = [(datetime(2013, 7, 1, tzinfo=UTC), value) for value in values]

    assert axis_reach({"line": points}, thresholds, ()) == pytest.approx(reach)
