"""Where production can go back to."""

from hypothesis import given
from hypothesis import strategies as st

from boathouse.models.nouns import AliasMove
from boathouse.models.rollback.candidates import earlier_champions


def moves(*steps: tuple[int | None, str]) -> list[AliasMove]:
    found: list[AliasMove] = []
    before: int | None = None
    for number, (version, through) in enumerate(steps):
        found.append(AliasMove("m", "champion", before, version, "ada", number, through=through))
        before = version
    return found


def test_the_last_champion_comes_first() -> None:
    history = moves((1, "promotion"), (2, "promotion"), (5, "promotion"))

    assert earlier_champions(history, 5, {1, 2, 5}) == [2, 1]


def test_what_was_rolled_back_from_is_no_way_back() -> None:
    history = moves((1, "promotion"), (2, "promotion"), (3, "promotion"), (2, "rollback"))

    assert earlier_champions(history, 2, {1, 2, 3}) == [1]


def test_a_version_that_was_promoted_again_counts_as_the_later() -> None:
    history = moves((1, "promotion"), (2, "promotion"), (1, "promotion"))

    assert earlier_champions(history, 1, {1, 2}) == [2]


def test_deleted_versions_are_left_out() -> None:
    assert earlier_champions(moves((1, "mlflow"), (2, "mlflow"), (3, "mlflow")), 3, {1, 3}) == [1]


def test_an_alias_that_was_taken_away_leads_back_to_where_it_was() -> None:
    assert earlier_champions(moves((1, "promotion"), (2, "promotion"), (None, "boathouse")), None, {1, 2}) == [2, 1]


def test_the_first_champion_has_nothing_behind_it() -> None:
    assert earlier_champions(moves((1, "promotion")), 1, {1}) == []


@given(st.lists(st.integers(1, 4), max_size=10))
def test_going_back_again_and_again_ends_and_names_no_version_twice(promoted: list[int]) -> None:
    steps: list[tuple[int | None, str]] = [(version, "promotion") for version in promoted]
    current = promoted[-1] if promoted else None
    seen: list[int | None] = [current]
    for _ in range(20):
        earlier = earlier_champions(moves(*steps), current, {1, 2, 3, 4})
        if not earlier:
            break
        current = earlier[0]
        steps.append((current, "rollback"))
        seen.append(current)
    assert len(seen) == len(set(seen)) <= 4 or not promoted
