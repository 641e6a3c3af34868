"""Who may say what of a version, and what comes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.unit.models.ground import MODEL

from boathouse.catalog import Privilege
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.models.approval import Say
from boathouse.models.approval.signatures import Word

if TYPE_CHECKING:
    from conftest import Desk

LOW = {"risk_tier": "low"}


def test_a_member_of_the_group_signs_and_it_is_told_and_written_down(desk: Desk) -> None:
    grace = desk.person("grace", "risk")

    standing = desk.book.approve(grace, MODEL, 3, reason="better on every carrier")

    assert standing.tally.is_complete
    assert desk.tags[str(MODEL), 3] == "Approved"
    assert desk.audited()[-1] == ("grace", "approveModelVersion", 200)
    event, data = desk.events()[-1]
    assert event == "approval.given"
    assert (data["version"], data["say"], data["reason"], data["evaluation_id"]) == (
        3, "approved", "better on every carrier", "e1",
    )  # fmt: skip


def test_who_is_in_none_of_the_groups_is_told_who_may(desk: Desk) -> None:
    with pytest.raises(Denied, match=r"bob may not sign version 3.*Members of risk, but not ada, may\."):
        desk.book.approve(desk.person("bob", "team"), MODEL, 3)

    assert desk.audited()[-1] == ("bob", "approveModelVersion", 403)
    assert desk.repository.of(str(MODEL)) == []


def test_who_may_not_read_the_model_cannot_sign_it(desk: Desk) -> None:
    stranger = desk.person("mallory", "risk", privilege=Privilege.APPLY_TAG)

    with pytest.raises(Denied):
        desk.book.approve(stranger, MODEL, 3)


def test_the_author_does_not_sign_where_somebody_else_has_to(desk: Desk) -> None:
    grace = desk.person("grace", "risk")
    desk.version(4, author="grace")
    desk.version(5, author="robot", run_id="run of grace")
    for version in (4, 5):
        desk.evaluate(version, f"e{version}")
        with pytest.raises(Denied, match="grace has made version"):
            desk.book.approve(grace, MODEL, version)


def test_without_groups_whoever_may_manage_the_model_signs(desk: Desk) -> None:
    desk.require(approval={"count": 1, "author_may_approve": True})

    with pytest.raises(Denied, match="Whoever may manage"):
        desk.book.approve(desk.person("bob"), MODEL, 3)
    assert desk.book.approve(desk.ada, MODEL, 3).tally.is_complete


def test_a_task_signs_nothing_in_the_name_of_its_principal(desk: Desk) -> None:
    grace = desk.person("grace", "risk")
    task = TaskContext(job_id=1, job_name="train", run_id=2, task_key="fit", task_run_id=3)

    with in_request(RequestContext(task=task)), pytest.raises(Denied, match="A task of a job may not sign"):
        desk.book.approve(grace, MODEL, 3)


def test_there_is_nothing_to_sign_before_there_is_evidence(desk: Desk) -> None:
    desk.version(4, author="bob")

    with pytest.raises(Conflict, match="has not been evaluated"):
        desk.book.approve(desk.person("grace", "risk"), MODEL, 4)


def test_who_has_seen_older_evidence_is_stopped(desk: Desk) -> None:
    grace = desk.person("grace", "risk")
    desk.evaluate(3, "e2")

    with pytest.raises(Conflict, match="has been evaluated again since"):
        desk.book.say(grace, MODEL, 3, Word(Say.APPROVED, evaluation_id="e1"))


def test_newer_evidence_ends_an_approval_and_says_so(desk: Desk) -> None:
    grace = desk.person("grace", "risk")
    desk.book.approve(grace, MODEL, 3)
    desk.evaluate(3, "e2")

    tally = desk.book.standing(grace, MODEL, 3).tally

    assert tally.missing == 1
    assert [each.why for each in tally.ended] == ["There is newer evidence than lay before grace."]


def test_an_approval_ends_with_the_time_of_its_policy(desk: Desk) -> None:
    grace = desk.person("grace", "risk")
    desk.require(approval={"count": 1, "groups": ["risk"], "valid_for": "2d"})
    desk.book.approve(grace, MODEL, 3)
    desk.clock.advance(timedelta(days=2))

    assert "held until 2026-03-03 10:00 UTC" in desk.book.standing(grace, MODEL, 3).tally.ended[0].why


def test_a_refusal_needs_a_reason_and_holds_until_it_is_withdrawn(desk: Desk) -> None:
    grace, rita = desk.person("grace", "risk"), desk.person("rita", "risk")

    with pytest.raises(InvalidInput, match="says why"):
        desk.book.refuse(grace, MODEL, 3, reason=" ")
    desk.book.refuse(grace, MODEL, 3, reason="unfair to small carriers")
    assert not desk.book.approve(rita, MODEL, 3).tally.is_complete
    assert desk.tags[str(MODEL), 3] == "Rejected"
    assert desk.book.withdraw(grace, MODEL, 3).tally.is_complete
    assert desk.tags[str(MODEL), 3] == "Approved"
    assert [event for event, _ in desk.events()] == ["approval.refused", "approval.given", "approval.refused"]


def test_nobody_takes_back_what_somebody_else_has_said(desk: Desk) -> None:
    grace, rita = desk.person("grace", "risk"), desk.person("rita", "risk")
    desk.book.refuse(grace, MODEL, 3, reason="no")

    with pytest.raises(NotFound, match="rita has said nothing"):
        desk.book.withdraw(rita, MODEL, 3)


def test_a_gate_is_waived_with_reason_and_end_where_the_tier_lets_it(desk: Desk) -> None:
    grace, until = desk.person("grace", "risk"), desk.clock.now() + timedelta(days=14)

    standing = desk.book.waive(grace, MODEL, 3, gate="calibration", reason="recalibrated in June", until=until)

    assert standing.tally.waived_gates == {"calibration"}
    assert standing.tally.missing == 1
    desk.clock.advance(timedelta(days=14))
    assert desk.book.standing(grace, MODEL, 3).tally.waived_gates == frozenset()


def test_a_waiver_that_is_not_whole_or_not_allowed_says_why(desk: Desk) -> None:
    grace, soon = desk.person("grace", "risk"), desk.clock.now() + timedelta(days=1)

    with pytest.raises(InvalidInput, match=r"asks no gate 'calibratoin'\. Did you mean calibration\?"):
        desk.book.waive(grace, MODEL, 3, gate="calibratoin", reason="because", until=soon)
    with pytest.raises(InvalidInput, match="within 90 days"):
        desk.book.waive(grace, MODEL, 3, gate="metric", reason="because", until=soon + timedelta(days=90))
    with pytest.raises(InvalidInput, match="in the future"):
        desk.book.waive(grace, MODEL, 3, gate="metric", reason="because", until=desk.clock.now())
    no_people = {"fairness": {"enabled": False, "reason": "it judges flights"}}
    desk.require(risk_tier="high", slices=["carrier"], approval={"groups": ["risk"]}, gates=no_people)
    with pytest.raises(Denied, match="lets no gate be waived"):
        desk.book.waive(grace, MODEL, 3, gate="metric", reason="because", until=soon)


def test_two_have_to_sign_and_the_tag_waits_for_both(desk: Desk) -> None:
    desk.require(approval={"count": 2, "groups": ["risk"]})
    grace, rita = desk.person("grace", "risk"), desk.person("rita", "risk")

    desk.book.approve(grace, MODEL, 3)
    assert desk.tags[str(MODEL), 3] == "1 of 2"
    desk.book.approve(rita, MODEL, 3)
    assert desk.tags[str(MODEL), 3] == "Approved"


def test_what_waits_for_me_is_what_i_may_sign_and_have_not(desk: Desk) -> None:
    grace, bob = desk.person("grace", "risk"), desk.person("bob", "team")
    desk.book.ask(desk.ada, MODEL, 3, run_id=7)
    desk.book.ask(desk.ada, MODEL, 3, run_id=7)

    assert [each.version for each in desk.book.pending(grace)] == [3]
    assert desk.book.pending(bob) == []
    assert desk.book.pending(desk.ada) == []
    assert [event for event, _ in desk.events()] == ["approval.asked"]
    desk.book.approve(grace, MODEL, 3)
    assert desk.book.pending(grace) == []


def test_a_model_without_requirements_has_nothing_to_sign(desk: Desk) -> None:
    desk.requirements = None

    with pytest.raises(Conflict, match="has no requirements"):
        desk.book.approve(desk.ada, MODEL, 3)


def test_a_version_that_is_not_there_is_named_with_those_that_are(desk: Desk) -> None:
    with pytest.raises(NotFound, match=r"has no version 9\. It has: 3\."):
        desk.book.approve(desk.ada, MODEL, 9)


def test_signatures_follow_a_renamed_model_and_end_with_a_deleted_version(desk: Desk) -> None:
    desk.book.approve(desk.person("grace", "risk"), MODEL, 3)

    desk.models.rename_model(str(MODEL), "dev.flights.later")
    assert len(desk.repository.of("dev.flights.later", 3)) == 1
    assert desk.repository.author("dev.flights.later", 3) == ("ada", None)
    desk.models.drop_source("dev.flights.later", 3)
    assert desk.repository.of("dev.flights.later") == []


def test_a_version_made_anew_under_an_old_number_has_no_signatures(desk: Desk) -> None:
    desk.book.approve(desk.person("grace", "risk"), MODEL, 3)
    desk.models.drop_source(str(MODEL), 3)
    desk.version(3, author="bob")

    assert desk.repository.of(str(MODEL), 3) == []
    assert desk.book.authors(str(MODEL), 3) == {"bob"}


def test_two_people_of_two_groups_sign_and_one_of_both_groups_counts_once(desk: Desk) -> None:
    desk.require(approval={"count": 2, "groups": ["risk", "legal"], "author_may_approve": False})
    both = desk.person("bea", "risk", "legal")
    desk.book.approve(both, MODEL, 3)
    assert not desk.book.approve(both, MODEL, 3, reason="again").tally.is_complete

    standing = desk.book.approve(desk.person("lea", "legal"), MODEL, 3)

    assert standing.tally.is_complete
    assert [each.principal for each in standing.tally.approved] == ["bea", "lea"]


def test_an_author_in_every_group_does_not_sign(desk: Desk) -> None:
    desk.require(approval={"count": 2, "groups": ["risk", "legal"], "author_may_approve": False})
    grace = desk.person("grace", "risk", "legal")
    desk.version(4, author="grace")
    desk.evaluate(4, "e4")

    with pytest.raises(Denied, match="grace has made version 4"):
        desk.book.approve(grace, MODEL, 4)
    desk.require(approval={"count": 1, "groups": ["risk", "legal"], "author_may_approve": True})
    assert desk.book.approve(grace, MODEL, 4).tally.is_complete
    desk.require(approval={"count": 1, "groups": ["risk", "legal"], "author_may_approve": False})
    standing = desk.book.standing(desk.ada, MODEL, 4)
    assert not standing.tally.is_complete
    assert "somebody else has to sign" in standing.tally.ended[0].why


def test_whether_somebody_may_sign_can_be_asked_without_signing(desk: Desk) -> None:
    desk.book.require_may_sign(desk.person("grace", "risk"), MODEL, 3)

    with pytest.raises(Denied, match="bob may not sign version 3"):
        desk.book.require_may_sign(desk.person("bob", "team"), MODEL, 3)
    assert desk.repository.of(str(MODEL)) == []
