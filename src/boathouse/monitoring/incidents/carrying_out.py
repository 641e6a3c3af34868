"""Doing a step of a playbook, once: what is done stays done, and a step that was begun knows what was there before."""

from typing import TYPE_CHECKING

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, NotFound
from boathouse.foundation.principals import Principal
from boathouse.monitoring.incidents import repository as rows
from boathouse.monitoring.incidents.acting import Actions, Order
from boathouse.monitoring.incidents.nouns import EntryKind, Incident, Step, StepState

if TYPE_CHECKING:
    from sqlalchemy import Connection


class CarryingOut:
    """Does steps; the tasks of the playbook's job call it."""

    def __init__(self, catalog: Catalog, actions: Actions, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._actions = actions
        self._clock = clock

    def do(self, principal: Principal, number: int, position: int) -> Step:
        """Do a step, unless it is done or waits for somebody's approval; what came of it is written down.

        Raises:
            Conflict: A step before it is not done.
            Denied: The principal has not put the playbook.
            BoathouseError: It failed; what was done before stays done, and it may be done again.
        """
        with self._catalog.audit.verb(principal, "incidents", "doStep", None, str(number), {"position": position}):
            incident, step = self._begin(principal, number, position)
            if step.state is not StepState.BEGUN:
                return step
            order = Order(step.step, number, incident.title, f"incident:{number}:{position}", step.facts)
            try:
                detail = self._actions.do(principal, order)
            except BoathouseError as error:
                self._end(principal, step, StepState.FAILED, str(error))
                raise
            except Exception as error:
                self._end(principal, step, StepState.FAILED, f"{type(error).__name__}: {error}")
                raise
            return self._end(principal, step, StepState.DONE, detail)

    def _begin(self, principal: Principal, number: int, position: int) -> tuple[Incident, Step]:
        """Write down that it begins, and first what is there now."""
        with self._database.read() as connection:
            incident, step = self._found(connection, number, position)
            self._require_may(connection, principal, incident)
        if step.state is StepState.DONE:
            return incident, step
        facts = step.facts or self._facts(principal, step)
        now = self._now()
        with self._database.write() as connection:
            rows.lock(connection, number)
            incident, step = self._found(connection, number, position)
            if step.state is StepState.DONE:
                return incident, step
            before = [each for each in rows.steps(connection, number) if each.position < position]
            if left := [each for each in before if each.state is not StepState.DONE]:
                raise Conflict(f"Step {position} comes after step {left[0].position}, which is not done.")
            if not step.is_approved:
                if step.state is not StepState.AWAITS_APPROVAL:
                    rows.change_step(connection, step, state=StepState.AWAITS_APPROVAL.value)
                    groups = " or ".join(step.step.approval.groups if step.step.approval else ())
                    text = f"Step {position}, {step.step.text}, awaits approval by {groups}"
                    rows.note(connection, number, now, EntryKind.STEP, text, principal.name)
            else:
                rows.change_step(
                    connection, step, state=StepState.BEGUN.value, begun_at=step.begun_at or now,
                    attempts=step.attempts + 1, facts=step.facts or facts, detail=None,
                )  # fmt: skip
            return self._found(connection, number, position)

    def _facts(self, principal: Principal, step: Step) -> "dict[str, object]":
        try:
            return dict(self._actions.before(principal, step.step))
        except BoathouseError:  # doing it will say what is wrong
            return {}

    def _end(self, principal: Principal, step: Step, state: StepState, detail: str) -> Step:
        now = self._now()
        with self._database.write() as connection:
            done_at = now if state is StepState.DONE else None
            rows.change_step(connection, step, state=state.value, detail=detail[:2000], done_at=done_at)
            word = "done" if state is StepState.DONE else "failed"
            text = f"Step {step.position}, {step.step.text}: {word}: {detail}"
            rows.note(connection, step.number, now, EntryKind.STEP, text[:2000], principal.name)
            return self._found(connection, step.number, step.position)[1]

    def _found(self, connection: "Connection", number: int, position: int) -> tuple[Incident, Step]:
        incident, step = rows.find(connection, number), rows.step(connection, number, position)
        if incident is None or step is None:
            raise NotFound(f"There is no step {position} of incident {number}.")
        return incident, step

    def _require_may(self, connection: "Connection", principal: Principal, incident: Incident) -> None:
        name, revision = incident.playbook, incident.playbook_revision
        kept = rows.find_playbook(connection, name or "", revision=revision) if name else None
        if not principal.is_admin and (kept is None or kept.principal != principal.name):
            raise Denied(f"{principal} may not do the steps of incident {incident.number}.")

    def _now(self) -> int:
        return epoch_ms(self._clock.now())
