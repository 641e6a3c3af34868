"""What a page about an incident asks: what one may do, what changed around it, the review as it was written."""

from datetime import timedelta

import pytest

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.monitoring.incidents.nouns import Allowed

PAGE = {"page": {"tell": ["oncall"]}}
FREEZE = {"freeze_retraining": {"model": "dev.lab.delay"}, "approval": {"groups": ["operations"]}}


def test_one_is_told_what_one_may_do_as_it_stands(room) -> None:
    room.catalog.identities.create_group(room.ada, "operations")
    eve, carl = room.user("eve"), room.user("carl")
    room.catalog.identities.add_member(room.ada, "operations", "carl")
    carl = room.catalog.identities.principal("carl")
    room.playbook(PAGE, FREEZE)
    number = room.opened(playbook="feed")
    room.may_read("eve", "dev.lab.weather")
    room.may_read("carl", "dev.lab.weather")

    assert room.incidents.allowed(room.ada, number) == Allowed(decide=True, start=True, approve=frozenset({2}))
    assert room.incidents.allowed(eve, number) == Allowed()
    assert room.incidents.allowed(carl, number) == Allowed(approve=frozenset({2}))

    room.incidents.start(room.ada, number)
    room.incidents.approve(carl, number, 2, "seen")
    assert room.incidents.allowed(room.ada, number) == Allowed(decide=True)
    room.runs.state = lambda run_id: "FAILED"
    assert room.incidents.allowed(room.ada, number).resume


def test_a_review_is_kept_and_each_text_stays(room) -> None:
    eve = room.user("eve")
    number = room.opened()
    room.may_read("eve", "dev.lab.weather")
    assert room.story(number).review is None

    room.incidents.write_review(room.ada, number, "# A broken sensor")
    room.incidents.write_review(room.ada, number, "# A broken wire")

    assert room.story(number).review == "# A broken wire"
    assert room.lines(number, "review") == ["ada wrote the review"] * 2
    with pytest.raises(Denied):
        room.incidents.write_review(eve, number, "# Nothing")
    with pytest.raises(InvalidInput):
        room.incidents.write_review(room.ada, number, " ")


def test_changes_of_a_stretch_are_found_without_an_incident(room) -> None:
    room.watched()
    room.clock.advance(timedelta(days=30))
    before = epoch_ms(room.clock.now())
    room.session.sql("CREATE TABLE dev.lab.gusts AS SELECT 1.0D AS gust")
    after = epoch_ms(room.clock.now()) + 10**12

    found = room.incidents.changes_about(room.ada, "dev.lab.gusts", since=0, until=after)

    assert [(each.kind, each.subject) for each in found] == [("commit", "dev.lab.gusts")]
    assert room.incidents.changes_about(room.ada, "dev.lab.gusts", since=before + 10**13, until=before + 10**14) == []
