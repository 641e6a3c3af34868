"""Requirements in time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.models.ground import MODEL, requirements

from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.shapes import DoesNotFit
from boathouse.models.gates.checking import problems_with_columns
from boathouse.models.requirements import NoRequirements, Source, Tier

from .conftest import Desk


def test_what_was_put_last_holds_and_the_rest_is_history(desk: Desk) -> None:
    begin = desk.clock.now()
    desk.book.put(desk.ada, MODEL, requirements(risk_tier="low"))
    desk.clock.advance(timedelta(hours=1))
    desk.book.put(
        desk.ada,
        MODEL,
        requirements(risk_tier="medium", slices=["origin"]),
        source=Source("flights", "prod", git_commit="c0ffee"),
    )
    held = desk.book.get(desk.ada, MODEL)
    assert (held.revision, held.requirements.risk_tier, held.source.git_commit) == (2, Tier.MEDIUM, "c0ffee")
    assert [(each.revision, each.ended_by) for each in desk.book.history(desk.ada, MODEL)] == [(2, None), (1, "ada")]
    assert desk.book.at(desk.ada, MODEL, begin + timedelta(minutes=59)).revision == 1
    assert desk.book.at(desk.ada, MODEL, begin + timedelta(hours=1)).revision == 2
    with pytest.raises(NoRequirements, match="had no requirements at 2026-03-01T09:59:59"):
        desk.book.at(desk.ada, MODEL, begin - timedelta(seconds=1))


def test_saying_the_same_again_makes_no_revision(desk: Desk) -> None:
    first = desk.book.put(desk.ada, MODEL, requirements(risk_tier="medium"), card_text="Limits")
    again = desk.book.put(desk.ada, MODEL, requirements(), card_text="Limits", source=Source("another"))
    assert again == first
    assert desk.book.put(desk.ada, MODEL, requirements(), card_text="Other limits").revision == 2


def test_listeners_hear_of_every_put_so_that_they_can_make_good_what_failed(desk: Desk) -> None:
    heard: list[tuple[str, int]] = []
    desk.book.listen(lambda principal, revision: heard.append((principal.name, revision.revision)))
    desk.book.put(desk.ada, MODEL, requirements())
    desk.book.put(desk.ada, MODEL, requirements())
    assert heard == [("ada", 1), ("ada", 1)]


def test_what_was_withdrawn_holds_no_more_and_numbers_are_not_used_again(desk: Desk) -> None:
    desk.book.put(desk.ada, MODEL, requirements())
    desk.book.withdraw(desk.ada, MODEL)
    assert desk.book.deployed(str(MODEL)) is None
    with pytest.raises(NoRequirements, match="has no requirements"):
        desk.book.withdraw(desk.ada, MODEL)
    assert desk.book.put(desk.ada, MODEL, requirements()).revision == 2


def test_requirements_follow_a_rename_and_end_with_the_model(desk: Desk) -> None:
    new = "dev.flights.lateness"
    desk.book.put(desk.ada, MODEL, requirements(risk_tier="low"))
    desk.book.put(desk.ada, MODEL, requirements(risk_tier="medium", slices=["origin"]))
    with desk.database.write() as connection:
        desk.repository.renamed(connection, str(MODEL), new)
    assert desk.book.deployed(str(MODEL)) is None
    held = desk.book.deployed(new)
    assert held is not None and held.revision == 2
    with desk.database.write() as connection:
        desk.repository.model_gone(connection, new)
    assert desk.book.deployed(new) is None
    assert [each.revision for each in desk.repository.history(new, 10)] == [2, 1]


def test_a_renamed_model_counts_on_from_what_a_model_of_that_name_had(desk: Desk) -> None:
    other = "dev.flights.old"
    with desk.database.write() as connection:
        desk.repository.renamed(connection, str(MODEL), other)
    desk.book.put(desk.ada, MODEL, requirements())
    with desk.database.write() as connection:
        desk.repository.renamed(connection, str(MODEL), other)
    desk.book.put(desk.ada, MODEL, requirements())
    with desk.database.write() as connection:
        desk.repository.model_gone(connection, other)
        desk.repository.renamed(connection, str(MODEL), other)
    assert [each.revision for each in desk.repository.history(other, 10)] == [2, 1]


def test_putting_needs_manage_and_looking_needs_execute(desk: Desk) -> None:
    desk.book.put(desk.ada, MODEL, requirements())
    ben, eve = desk.person("ben"), desk.person("eve", privilege=None)
    assert desk.book.get(ben, MODEL).revision == 1
    with pytest.raises(Denied):
        desk.book.put(ben, MODEL, requirements(risk_tier="low"))
    with pytest.raises(Denied):
        desk.book.withdraw(ben, MODEL)
    with pytest.raises((Denied, NotFound)):
        desk.book.get(eve, MODEL)
    refused = desk.catalog.audit.events(limit=10)
    assert ("putModelRequirements", 403) in {(event.action, event.status_code) for event in refused}
    assert desk.book.get(desk.ada, MODEL).requirements.risk_tier is Tier.MEDIUM


def test_a_model_that_is_not_there_has_no_requirements(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.book.put(desk.ada, ModelName.parse("dev.flights.nothing"), requirements())


def test_a_group_that_nobody_knows_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    desk.catalog.identities.create_group(desk.ada, "reviewers")
    with pytest.raises(DoesNotFit, match=r"approval.groups\[0\]: there is no group 'reviewer'. Did you mean reviewers"):
        desk.book.put(desk.ada, MODEL, requirements(approval={"groups": ["reviewer"]}))
    assert desk.book.deployed(str(MODEL)) is None
    assert desk.book.put(desk.ada, MODEL, requirements(approval={"groups": ["reviewers"]})).revision == 1


def test_many_who_say_different_things_at_once_make_one_revision_each_and_one_holds(desk: Desk) -> None:
    tiers = ["low", "medium"] * 8
    with ThreadPoolExecutor(8) as pool:
        said = [
            pool.submit(desk.book.put, desk.ada, MODEL, requirements(risk_tier=tier, owner=f"owner {number}"))
            for number, tier in enumerate(tiers)
        ]
        numbers = sorted(each.result().revision for each in said)
    assert numbers == list(range(1, 17))
    history = desk.book.history(desk.ada, MODEL)
    assert [each.valid_to is None for each in history] == [True] + [False] * 15


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            {"slices": [{"predicate": "distance >"}]},
            r"slices\[0\]\.predicate: .* cannot be read",
        ),
        ({"slices": ["a", {"predicate": "a IN (SELECT 1)"}]}, r"slices\[1\]\.predicate: .* more than a condition"),
        ({"evaluation": {"table": "a.b.c", "label": "late", "where": "rank() OVER () = 1"}}, r"evaluation\.where: "),
        ({"users": ["x" * 600_000]}, "more than 500,000 characters"),
    ],
)
def test_conditions_are_read_and_length_is_limited_where_requirements_are_put(
    desk: Desk, said: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        desk.book.put(desk.ada, MODEL, requirements(**said))


def test_what_is_no_column_is_named_in_conditions_too() -> None:
    asked = requirements(slices=["orign", {"predicate": "distnce > 10 AND Origin = 'JFK'"}])
    found = [str(each) for each in problems_with_columns(asked, ["late", "origin", "distance"])]
    assert [each.split(":")[0] for each in found] == ["slices[0].column", "slices[1].predicate"]
    assert "names distnce, which is no column of the rows. Did you mean distance?" in found[1]
