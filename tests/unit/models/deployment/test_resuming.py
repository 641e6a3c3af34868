"""A run that waits for signatures goes on when they are there, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.models.ground import MODEL

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.principals import SYSTEM
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.repository import ApprovalRepository
from boathouse.models.approval.signatures import Surroundings
from boathouse.models.deployment.resuming import Resuming
from boathouse.models.gates.policy import policy_of

if TYPE_CHECKING:
    from conftest import Desk


@pytest.fixture
def book(desk: Desk) -> Approvals:
    around = Surroundings(
        policy=lambda model: policy_of(desk.revisions[model].requirements),
        evaluation=lambda model, version: "e1",
        versions=desk.models.versions_of,
        author_of_run=lambda run_id: None,
    )
    desk.require(approval={"count": 1, "author_may_approve": True})
    desk.version(1)
    desk.deploying.start_waiting()
    return Approvals(desk.catalog, desk.database, desk.clock, ApprovalRepository(desk.database), around)


@pytest.fixture
def resuming(desk: Desk, book: Approvals) -> Resuming:
    return Resuming(desk.clock, ApprovalRepository(desk.database), book, desk.runner)


def waiting_run(desk: Desk, book: Approvals) -> int:
    """The run has asked and failed, as its approval task does."""
    run_id = desk.start(1).run_id
    assert run_id is not None
    book.ask(desk.ada, MODEL, 1, run_id=run_id)
    desk.end(run_id, failed="approval")
    return run_id


def states(desk: Desk, run_id: int) -> dict[str, str]:
    return {task.task_key: task.state.life_cycle.value for task in desk.jobs.get_run(SYSTEM, run_id).tasks}


def test_the_last_signature_lets_the_run_go_on_from_where_it_waits(
    desk: Desk, book: Approvals, resuming: Resuming
) -> None:
    run_id = waiting_run(desk, book)
    assert resuming.go_on() == 0

    book.approve(desk.ada, MODEL, 1)

    assert [resuming.go_on() for _ in range(3)] == [1, 0, 0]
    assert states(desk, run_id) == {
        "evaluate": "TERMINATED",
        "gates": "TERMINATED",
        "approval": "BLOCKED",
        "promote": "BLOCKED",
    }


def test_a_run_that_has_not_ended_yet_goes_on_as_soon_as_it_has(
    desk: Desk, book: Approvals, resuming: Resuming
) -> None:
    run_id = desk.start(1).run_id
    assert run_id is not None
    book.ask(desk.ada, MODEL, 1, run_id=run_id)
    book.approve(desk.ada, MODEL, 1)

    assert resuming.go_on() == 0
    desk.end(run_id, failed="approval")
    assert resuming.go_on() == 1


def test_a_refusal_lets_nothing_go_on_until_it_is_taken_back(desk: Desk, book: Approvals, resuming: Resuming) -> None:
    waiting_run(desk, book)
    grants = desk.catalog.grants
    bob = desk.person("bob")
    grants.grant(SYSTEM, "bob", [Privilege.MANAGE], SecurableKind.REGISTERED_MODEL, str(MODEL))

    book.approve(desk.ada, MODEL, 1)
    book.refuse(bob, MODEL, 1, reason="no")
    assert resuming.go_on() == 0
    book.withdraw(bob, MODEL, 1)
    assert resuming.go_on() == 1


def test_a_run_that_somebody_cancelled_stays_cancelled(desk: Desk, book: Approvals, resuming: Resuming) -> None:
    run_id = desk.start(1).run_id
    assert run_id is not None
    book.ask(desk.ada, MODEL, 1, run_id=run_id)
    desk.jobs.cancel_run(desk.ada, run_id)
    book.approve(desk.ada, MODEL, 1)

    resuming.go_on()

    assert desk.jobs.get_run(SYSTEM, run_id).state.result is not None
    assert set(states(desk, run_id).values()) <= {"TERMINATED", "SKIPPED"}
    assert ApprovalRepository(desk.database).open_requests() == []
