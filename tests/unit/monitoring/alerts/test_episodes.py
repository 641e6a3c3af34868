from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from boathouse.monitoring.alerts.episodes import episodes, news
from boathouse.monitoring.alerts.nouns import Firing, Point, Say, Series, Verdict
from boathouse.monitoring.alerts.rules import Severity

SAYS = {"x": Say.BREACH, ".": Say.FINE, "?": Say.UNKNOWN}
STORIES = st.text("x.?", max_size=14)


def verdicts(story: str) -> list[Verdict]:
    return [Verdict(Point(day, day + 1, 1.0), SAYS[each], "") for day, each in enumerate(story)]


def found(story: str, for_windows: int = 1) -> list[tuple[int, int | None]]:
    return [
        (each.fired.point.start, each.ended.point.start if each.ended else None)
        for each in episodes(verdicts(story), for_windows)
    ]


def firing(began: int, resolved: int | None = None) -> Firing:
    return Firing(
        "id", 1, "alert", 1, Series(), Severity.INFO, began, began, began + 1, 1.0, 1.0, "", 0,
        resolved_at=None if resolved is None else 0, resolved_window=resolved,
    )  # fmt: skip


def test_an_episode_ends_with_the_first_window_that_is_fine() -> None:
    assert found(".xx.x") == [(1, 3), (4, None)]


def test_what_is_unknown_neither_begins_nor_ends_one() -> None:
    assert found("?x?x??") == [(1, None)]
    assert found("x?.") == [(0, 2)]


def test_several_windows_in_a_row_may_be_asked_for() -> None:
    assert found("x.xx?x.", 3) == [(5, 6)]
    assert found("xx.xx", 3) == []


def test_what_is_on_record_is_no_news() -> None:
    story = verdicts(".xx.x")
    told = news(episodes(story), story, [firing(1, 3), firing(4)], 0)
    assert not told.fired and not told.resolved and len(told.lasting) == 1


def test_a_window_that_was_computed_anew_and_is_fine_ends_what_it_began() -> None:
    story = verdicts("...")
    told = news(episodes(story), story, [firing(1)], 0)
    assert [each.point.start for _, each in told.resolved] == [1]


def test_windows_of_which_nothing_is_known_do_not_end_anything() -> None:
    story = verdicts("???")
    assert not news(episodes(story), story, [firing(1)], 0).resolved


def test_an_episode_that_begins_earlier_than_was_thought_is_the_same() -> None:
    story = verdicts("xxx")
    assert not news(episodes(story), story, [firing(2)], 0).fired


def test_what_was_before_the_alert_is_history() -> None:
    story = verdicts("xx.xx.x")
    assert [each.first.point.start for each in news(episodes(story), story, [], 3).fired] == [3, 6]


def test_what_somebody_has_ended_fires_again_only_after_it_was_fine() -> None:
    going_on, again = verdicts("xxx"), verdicts("xxx.x")
    assert not news(episodes(going_on), going_on, [firing(0, 1)], 0).fired
    assert [each.first.point.start for each in news(episodes(again), again, [firing(0, 1)], 0).fired] == [4]


def take(story: str, recorded: list[Firing], for_windows: int) -> list[Firing]:
    """What a look leaves on record."""
    told = verdicts(story)
    new = news(episodes(told, for_windows), told, recorded, 0)
    ended = {each.sequence: fine.point.start for each, fine in new.resolved}
    seen = {each.sequence: wrong.point.start for each, wrong in new.lasting}
    kept = [replace(each, window_start=seen.get(each.sequence, each.window_start)) for each in recorded]
    kept = [firing_with(each, ended[each.sequence]) if each.sequence in ended else each for each in kept]
    for each in new.fired:
        made = firing(each.first.point.start, each.ended.point.start if each.ended else None)
        kept.append(replace(numbered(made, len(kept) + 1), window_start=each.last.point.start))
    return kept


def firing_with(each: Firing, resolved: int) -> Firing:
    return numbered(firing(each.began, resolved), each.sequence)


def numbered(each: Firing, number: int) -> Firing:
    return replace(each, sequence=number)


@given(STORIES, st.lists(st.integers(0, 14), max_size=6), st.integers(1, 3))
def test_looking_often_or_once_comes_to_the_same(story: str, looks: list[int], for_windows: int) -> None:
    recorded: list[Firing] = []
    for upto in [*sorted(looks), len(story), len(story)]:
        recorded = take(story[:upto], recorded, for_windows)
    once = take(story, [], for_windows)
    assert [(each.began, each.resolved_window) for each in recorded] == [
        (each.began, each.resolved_window) for each in once
    ]
    assert sum(each.is_open for each in recorded) <= 1
