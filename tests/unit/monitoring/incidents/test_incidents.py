from datetime import timedelta

import pytest

from boathouse.catalog.events import EventType
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.shapes import DoesNotFit, fit
from boathouse.monitoring.incidents.nouns import StepState
from boathouse.monitoring.incidents.playbook import Playbook
from boathouse.monitoring.incidents.review import review_of
from boathouse.monitoring.incidents.service import IncidentNotFound, NewIncident

PAGE = {"page": {"tell": ["oncall"]}}
FREEZE = {"freeze_retraining": {"model": "dev.lab.delay"}}
ROLL_BACK = {"roll_back": {"model": "dev.lab.delay"}}


def test_an_alert_opens_one_incident_however_many_series_fire(room) -> None:
    room.measure({0: 1.0})
    room.put(above=10, incident={}, severity="critical")
    room.put("means", metric="avg", above=10, incident={})
    room.measure({1: 60.0}, column_name="temp", avg=99.0)
    room.breaks()
    room.opening.look()
    (incident,) = room.incidents.list(room.ada)
    assert (incident.alert, incident.subject, incident.owner) == ("means", "dev.lab.weather", "ada") or (
        incident.alert, incident.subject, incident.owner) == ("nulls", "dev.lab.weather", "ada")  # fmt: skip
    assert sorted(text.split(" fires")[0] for text in room.lines(1, "alert")) == ["means", "nulls", "nulls"]
    assert {each.incident for each in room.open()} == {1}
    (told,) = room.told("incident.opened")
    assert (told.subject, told.data["incident"]) == ("dev.lab.weather", 1)

    room.measure({2: 1.0})
    room.measure({2: 1.0}, column_name="temp", avg=1.0)
    room.refreshed()
    room.opening.look()
    assert len([text for text in room.lines(1, "alert") if "is fine again" in text]) == 3


def test_another_incident_is_opened_when_the_first_is_closed(room) -> None:
    room.measure({0: 1.0})
    room.put(above=10, incident={})
    room.breaks()
    room.measure({2: 1.0})
    room.refreshed()
    room.incidents.close(room.ada, 1, "a broken sensor")
    with pytest.raises(Conflict, match="is closed"):
        room.incidents.close(room.ada, 1, "again")
    room.measure({3: 70.0})
    room.refreshed()
    room.opening.look()
    assert [(each.number, each.is_open) for each in room.incidents.list(room.ada)] == [(2, True), (1, False)]
    assert [each.data["resolution"] for each in room.told("incident.closed")] == ["a broken sensor"]


def test_the_timeline_tells_what_had_changed_before_and_the_nearest_comes_first(room) -> None:
    room.watched()
    room.session.sql(
        "CREATE TABLE dev.lab.raw AS SELECT 1.0D AS wind_speed, 2.0D AS temp, 'JFK' AS origin, now() AS at"
    )
    room.session.sql("CREATE TABLE dev.lab.unrelated AS SELECT 1 AS x")
    room.clock.advance(timedelta(days=30))
    bob = room.user("bob")
    room.may_read("bob", "dev.lab.raw")
    from boathouse.catalog import Privilege, SecurableKind

    room.catalog.grants.grant(room.ada, "bob", [Privilege.MODIFY], SecurableKind.TABLE, "dev.lab.raw")
    room.session_of(bob).sql("INSERT INTO dev.lab.raw VALUES (2.0D, 3.0D, 'LGA', now())")
    room.session.sql("INSERT INTO dev.lab.raw VALUES (4.0D, 3.0D, 'LGA', now())")
    room.clock.advance(timedelta(hours=1))
    room.session.sql("INSERT INTO dev.lab.weather SELECT * FROM dev.lab.raw")
    room.session_of(bob).sql("INSERT INTO dev.lab.raw VALUES (9.0D, 9.0D, 'EWR', now())")  # nobody has read it
    room.happens(EventType.DEPLOYED, "flights/prod", git_commit="abc123", owner="")
    room.clock.advance(timedelta(hours=1))
    number = room.opened()
    found = room.incidents.changed_before(room.ada, number)
    assert [(each.kind, each.subject, each.hops) for each in found] == [
        ("commit", "dev.lab.weather", 0),
        ("commit", "dev.lab.raw", 1),
        ("commit", "dev.lab.raw", 1),
        ("deploy.done", "flights/prod", 2),
    ]
    assert [each.text for each in found[1:3]] == [
        "bob wrote dev.lab.raw version 1 (write); it had not written this table before",
        "ada wrote dev.lab.raw version 2 (write)",
    ]
    assert [each.likelihood for each in found] == sorted((each.likelihood for each in found), reverse=True)
    assert len(room.lines(number, "change")) == 4


def test_a_table_that_is_gone_does_not_keep_an_incident_from_opening(room) -> None:
    room.measure({0: 1.0})
    room.put(above=10, incident={})
    room.measure({1: 50.0})
    room.refreshed()
    room.session.sql("DROP TABLE dev.lab.weather")
    room.opening.look()
    assert len(room.incidents.list(room.ada)) == 1


def test_who_may_not_read_the_table_sees_no_incident_and_who_does_not_own_it_decides_nothing(room) -> None:
    number = room.opened()
    eve = room.user("eve")
    with pytest.raises(IncidentNotFound):
        room.incidents.get(eve, number)
    room.may_read("eve", "dev.lab.weather")
    assert room.incidents.get(eve, number).incident.title == "no wind"
    room.incidents.note(eve, number, "I see it too")
    with pytest.raises(Denied, match="ada answers for it"):
        room.incidents.close(eve, number, "over")
    room.incidents.assign(room.ada, number, "eve")
    assert not room.incidents.close(eve, number, "over").is_open


def test_an_incident_about_a_table_that_one_may_not_read_cannot_be_opened(room) -> None:
    room.watched()
    with pytest.raises(NotFound):
        room.incidents.open(room.user("eve"), NewIncident("x", "dev.lab.weather"))


# --- playbooks


def test_a_playbook_does_its_steps_once_with_the_rights_of_who_has_put_it(room) -> None:
    room.playbook(PAGE, FREEZE)
    number = room.opened(playbook="feed")
    incident = room.incidents.start(room.ada, number)
    assert incident.run_id is not None
    assert room.hands.done == ["ada: page", "ada: freeze_retraining"]
    room.runs.go_on(incident.run_id)
    assert len(room.hands.done) == 2
    with pytest.raises(Conflict, match="was started"):
        room.incidents.start(room.ada, number)
    assert room.lines(number, "step") == [
        "Step 1, Tell ['oncall']: done: did page",
        "Step 2, Freeze the retraining of dev.lab.delay: done: did freeze_retraining",
    ]


def test_a_step_that_fails_says_what_was_done_and_the_rest_can_be_done_later(room) -> None:
    room.playbook(PAGE, FREEZE, ROLL_BACK)
    room.hands.broken = {"freeze_retraining"}
    number = room.opened(playbook="feed")
    room.incidents.start(room.ada, number)
    states = [(each.state.value, each.detail) for each in room.story(number).steps]
    assert states == [("DONE", "did page"), ("FAILED", "freeze_retraining does not work"), ("WAITING", None)]
    with pytest.raises(Conflict, match="comes after step 2"):
        room.carrying_out.do(room.ada, number, 3)
    room.hands.broken = set()
    room.incidents.resume(room.ada, number)
    assert room.hands.done == ["ada: page", "ada: freeze_retraining", "ada: roll_back"]
    again = room.story(number).steps[1]
    assert (again.attempts, again.facts) == (2, {"done_before": 1})
    assert room.hands.asked[1].token == room.hands.asked[2].token == f"incident:{number}:2"


def test_a_step_may_wait_for_somebody_to_agree(room) -> None:
    room.catalog.identities.create_group(SYSTEM, "operations")
    carl = room.user("carl")
    room.catalog.identities.add_member(room.ada, "operations", "carl")
    carl = room.catalog.identities.principal("carl")
    room.playbook(PAGE, {**ROLL_BACK, "approval": {"groups": ["operations"]}}, FREEZE)
    number = room.opened(playbook="feed")
    room.incidents.start(room.ada, number)
    assert room.story(number).steps[1].state is StepState.AWAITS_APPROVAL
    room.opening.look()
    assert room.hands.done == ["ada: page"]
    with pytest.raises(IncidentNotFound):
        room.incidents.approve(carl, number, 2, "seen")
    room.may_read("carl", "dev.lab.weather")
    eve = room.user("eve")
    room.may_read("eve", "dev.lab.weather")
    with pytest.raises(Denied, match="a member of operations may"):
        room.incidents.approve(eve, number, 2, "seen")
    with pytest.raises(InvalidInput, match="needs nobody's approval"):
        room.incidents.approve(carl, number, 1, "seen")
    room.incidents.approve(carl, number, 2, "seen")
    room.opening.look()
    assert room.hands.done == ["ada: page", "ada: roll_back", "ada: freeze_retraining"]
    assert room.lines(number, "approval") == ["carl approved step 2, Roll dev.lab.delay back: seen"]


def test_an_alert_may_start_the_playbook_by_itself(room) -> None:
    room.playbook(PAGE)
    room.measure({0: 1.0})
    room.put(above=10, incident={"playbook": "feed", "start": True})
    room.breaks()
    assert room.hands.done == ["ada: page"]


def test_an_alert_whose_playbook_is_gone_opens_its_incident_all_the_same(room) -> None:
    room.measure({0: 1.0})
    room.put(above=10, incident={"playbook": "fed", "start": True})
    room.playbook(PAGE)
    room.breaks()
    assert room.lines(1, "playbook") == ["There is no playbook 'fed'."]


def test_only_who_has_put_a_playbook_does_its_steps_and_changes_it(room) -> None:
    bob = room.user("bob")
    room.playbook(PAGE)
    number = room.opened(playbook="feed")
    with pytest.raises(Denied, match="may not do the steps"):
        room.carrying_out.do(bob, number, 1)
    with pytest.raises(Denied, match="ada has put it"):
        room.playbook(FREEZE, who=bob)
    with pytest.raises(NotFound):
        room.playbook({**PAGE, "approval": {"groups": ["nobodies"]}}, name="other")
    with pytest.raises(InvalidInput, match="no notification destination"):
        room.playbook({"page": {"tell": ["oncal"]}}, name="other")


def test_an_incident_keeps_the_steps_that_were_prepared_for_it(room) -> None:
    room.playbook(PAGE)
    number = room.opened(playbook="feed")
    room.playbook(PAGE, FREEZE)
    assert len(room.story(number).steps) == 1
    assert [each.revision for each in room.playbooks.list(room.ada)] == [2]
    room.playbooks.withdraw(room.ada, "feed")
    assert len(room.story(number).steps) == 1


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([], "at least 1"),
        ([{}], "exactly one of"),
        ([{**PAGE, **FREEZE}], "exactly one of"),
        ([{"shift_traffic": {"endpoint": "delays", "routes": {"a": 60, "b": 60}}}], "together 100"),
        ([{"roll_back": {"model": "delay"}}], "delay"),
    ],
)
def test_steps_that_cannot_be_are_refused(steps, text) -> None:
    with pytest.raises(DoesNotFit, match=text):
        fit(Playbook, {"steps": steps}, what="The playbook")


# --- the review


def test_the_review_is_filled_with_what_is_known(room) -> None:
    room.playbook(PAGE)
    room.measure({0: 1.0})
    room.put(above=10, incident={"playbook": "feed", "start": True}, description="Wind | is missing")
    room.breaks()
    room.clock.advance(timedelta(hours=26))
    room.measure({2: 1.0})
    room.refreshed()
    room.opening.look()
    room.incidents.note(room.ada, 1, "the vendor\nhas answered")
    room.incidents.close(room.ada, 1, "The vendor sent knots as nulls.")
    text = review_of(room.story(1), ["1,204 predictions of delays"])
    assert text.startswith("# Incident 1: Wind | is missing\n")
    for line in (
        "| Open for | 1 d 2 h |",
        "The vendor sent knots as nulls.",
        "- 1,204 predictions of delays",
        "1. Tell ['oncall']: done: did page",
        "**note** the vendor has answered (ada)",
        "the alert nulls opened this at 2026-04-01 00:00:00",
    ):
        assert line in text, text
    assert "_To be written" in text


def test_a_review_of_what_is_still_open_says_so(room) -> None:
    number = room.opened()
    text = review_of(room.story(number))
    assert "| Closed | still open |" in text
    assert "It was opened by hand: no alert has seen it." in text


def test_what_fired_and_what_was_opened_are_system_tables(room) -> None:
    from boathouse.session import LocalLaw, Session
    from boathouse.wiring.system_tables import system_tables

    room.measure({0: 1.0})
    room.put(above=10, incident={})
    room.breaks()
    eve = room.user("eve")
    law = LocalLaw(room.catalog, system_tables=system_tables(room.database, room.catalog))
    for who, rows in ((room.ada, 1), (eve, 0)):
        session = Session(who, law, room.engine)
        fired = session.sql("SELECT alert, column_name, value, incident FROM system.monitoring.alert_firings").rows()
        opened = session.sql("SELECT incident, alert, closed_at FROM system.monitoring.incidents").rows()
        assert (len(fired), len(opened)) == (rows, rows)
    room.may_read("eve", "dev.lab.weather")
    assert len(Session(eve, law, room.engine).sql("SELECT * FROM system.monitoring.incidents").rows()) == 1
