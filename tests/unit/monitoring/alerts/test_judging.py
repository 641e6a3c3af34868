import math
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.monitoring.alerts.judging import judge, robust_z
from boathouse.monitoring.alerts.nouns import Point, Say
from boathouse.monitoring.alerts.rules import AlertRule

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def rule(**said):
    return fit(AlertRule, {"table": "a.b.c", "metric": "avg", **said}, what="The alert")


def said(given_rule, *values, rows=None):
    points = [Point(day, day + 1, value, rows) for day, value in enumerate(values)]
    return [each.say for each in judge(given_rule, points)]


def test_a_threshold_is_crossed_not_touched() -> None:
    assert said(rule(above=1, below=-1), 0, 1, 1.1, -1, -1.1) == [Say.FINE, Say.FINE, Say.BREACH, Say.FINE, Say.BREACH]


def test_what_was_not_measured_is_unknown_and_infinity_is_not() -> None:
    assert said(rule(above=1), None, math.nan, math.inf, -math.inf) == [Say.UNKNOWN, Say.UNKNOWN, Say.BREACH, Say.FINE]


def test_a_window_of_few_rows_is_not_judged_and_not_compared_with() -> None:
    assert said(rule(above=1, minimum_rows=50), 9, rows=49) == [Say.UNKNOWN]
    points = [Point(0, 1, 1.0, 100), Point(1, 2, 50.0, 3), Point(2, 3, 1.5, 100)]
    found = judge(rule(change={"above": 1}, minimum_rows=50), points)
    assert [each.say for each in found] == [Say.UNKNOWN, Say.UNKNOWN, Say.FINE]


def test_a_change_is_taken_from_the_last_window_that_was_measured() -> None:
    assert said(rule(change={"above": 1}), 5, None, 7, 7.5) == [Say.UNKNOWN, Say.UNKNOWN, Say.BREACH, Say.FINE]
    assert said(rule(change={"below": -0.1, "relative": True}), 100, 91, 80) == [Say.UNKNOWN, Say.FINE, Say.BREACH]


def test_a_relative_change_from_nothing_is_any_percent() -> None:
    assert said(rule(change={"above": 0.5, "relative": True}), 0, 0, 0.001) == [Say.UNKNOWN, Say.FINE, Say.BREACH]


def test_an_anomaly_needs_windows_before_it() -> None:
    calm = [10, 11, 10, 9, 10, 11, 10]
    asked = rule(anomaly={"windows": 7, "minimum_windows": 7})
    assert said(asked, *calm, 10.5, 30)[-2:] == [Say.FINE, Say.BREACH]
    assert said(asked, *calm[:6], 30)[-1] is Say.UNKNOWN


def test_an_anomaly_may_look_one_way_only_and_not_at_trifles() -> None:
    still = [5.0] * 8
    assert said(rule(anomaly={"direction": "below"}), *still, 9)[-1] is Say.FINE
    assert said(rule(anomaly={}), *still, 5.001)[-1] is Say.BREACH
    assert said(rule(anomaly={"minimum_change": 0.01}), *still, 5.001)[-1] is Say.FINE


@given(st.lists(NUMBERS, min_size=3, max_size=20), NUMBERS)
def test_the_robust_z_score_is_that_of_its_definition(history, value) -> None:
    score, middle = robust_z(value, history)
    assert middle == median(history)
    spread = median([abs(each - middle) for each in history])
    if spread and abs(value - middle) > 1e-9 * abs(middle):
        assert score == pytest.approx(0.6745 * (value - middle) / spread)


@given(st.lists(st.one_of(st.none(), NUMBERS), max_size=15), st.randoms())
def test_the_order_in_which_windows_are_read_does_not_count(values, random) -> None:
    points = [Point(day, day + 1, value) for day, value in enumerate(values)]
    shuffled = list(points)
    random.shuffle(shuffled)
    for asked in (rule(above=3), rule(change={"above": 1}), rule(anomaly={"windows": 5, "minimum_windows": 3})):
        assert judge(asked, points) == judge(asked, shuffled)


@pytest.mark.parametrize(
    ("given_rule", "text"),
    [
        ({"above": 1, "missing": "1d"}, "exactly one of"),
        ({}, "exactly one of"),
        ({"above": 1, "rows": {"table": "a.b.d", "time": "at"}}, "exactly one of table, rows and events"),
        ({"above": 1, "metric": "drop table"}, "is no column"),
        ({"above": 0, "below": 1}, "below the other"),
        ({"missing": "1d"}, "missing stands alone"),
        ({"above": 1, "slices": {"origin": 1}}, "string"),
        ({"above": "1"}, "a number is needed"),
        ({"above": 1, "sevrity": "info"}, "Did you mean severity?"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(given_rule, text) -> None:
    with pytest.raises(DoesNotFit, match=text.replace("?", r"\?")):
        rule(**given_rule)
