"""The verbs: roll production back, and exercise that without moving anything."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.evidence.nouns import Evaluation, EvaluationKind, Measurement
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.nouns import AliasDecision, AliasMove, DecisionKind
from boathouse.models.promotion.policies import stages_of
from boathouse.models.registry import Registry
from boathouse.models.repository import ModelRepository
from boathouse.models.requirements.nouns import Revision
from boathouse.models.rollback.candidates import earlier_champions
from boathouse.models.rollback.nouns import Rollback, WayBack
from boathouse.models.rollback.repository import RollbackRepository
from boathouse.models.rollback.trying import Tried, first_that_answers
from boathouse.models.serving_check import FindInterpreter

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

KIND = SecurableKind.REGISTERED_MODEL
GATE = "rollback"
"""Under this name the serving check of a rollback stands in evidence; no rule judges it."""
LIMIT_SECONDS = 5.0
LONGEST_SECONDS = 120.0


class NothingToRollBackTo(Conflict):
    """There is no earlier champion, or none that answers."""

    written: Rollback | None = None
    """The attempt, as it was written down."""


@dataclass(frozen=True, slots=True)
class Around:
    """What rollbacks stand on."""

    registry: Registry
    history: ModelRepository
    evidence: EvidenceBook
    deployed: Callable[[str], Revision | None]
    folder: Callable[[str, int], Path]
    """Where the files of a version lie.

    Raises:
        NotFound: They are gone.
    """
    find: FindInterpreter


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants rolled back."""

    to: int | None = None
    """None: the last champion that answers."""
    reason: str | None = None
    within_seconds: float = LIMIT_SECONDS
    is_drill: bool = False


class Rollbacks:
    """Rolls back, drills, and remembers both."""

    def __init__(
        self, catalog: "Catalog", database: Database, clock: Clock, repository: RollbackRepository, around: Around
    ) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock
        self._repository = repository
        self._around = around

    def roll_back(self, principal: Principal, name: ModelName, order: Order) -> Rollback:
        """Let production point at an earlier champion that loads and answers.

        A protected alias moves too: this is the way back that its policy allows. The check is written down as evidence,
        and the decision is kept with the move.

        Raises:
            NothingToRollBackTo: There is no earlier champion, or none that answers in time.
            InvalidInput: There is no reason, or the version that is named was never in production.
            AliasMoved: Somebody moved the alias meanwhile.
            Denied: The principal may not manage the model.
        """
        if not (order.reason and order.reason.strip()):
            raise InvalidInput("A rollback is done for a reason.", hint="Give --reason.")
        return self._done(principal, name, replace(order, is_drill=False), "rollBackModel")

    def drill(self, principal: Principal, name: ModelName, order: Order | None = None) -> Rollback:
        """Take every step of a rollback but the last, and write down whether and how fast it went.

        What keeps a rollback from succeeding is the result of a drill, not an error.
        """
        order = replace(order or Order(), is_drill=True)
        try:
            return self._done(principal, name, order, "drillModelRollback")
        except NothingToRollBackTo as error:
            if error.written is None:
                raise
            return error.written

    def way_back(self, principal: Principal, name: ModelName) -> WayBack:
        """Where a rollback would go; nothing is tried, and nothing moves."""
        model = self._around.registry.get(principal, name)
        revision = self._around.deployed(str(name))
        alias = stages_of(revision.requirements if revision else None)[PRODUCTION]
        current = model.aliases.get(alias)
        return WayBack(alias, current, tuple(self._earlier(principal, name, alias, current)))

    def of(self, principal: Principal, name: ModelName) -> list[Rollback]:
        """The rollbacks and drills of a model, newest first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._repository.of(str(name))

    # --- within

    def _done(self, principal: Principal, name: ModelName, order: Order, action: str) -> Rollback:
        if not 0 < order.within_seconds <= LONGEST_SECONDS:
            raise InvalidInput(f"{order.within_seconds:g} s is no limit; up to {LONGEST_SECONDS:g} s are possible.")
        began, started = epoch_ms(self._clock.now()), time.monotonic()
        params = {"to": order.to, "reason": order.reason}
        with self._catalog.audit.verb(principal, "models", action, KIND, str(name), params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            revision = self._around.deployed(str(name))
            alias = stages_of(revision.requirements if revision else None)[PRODUCTION]
            current = self._around.registry.aliases.of(name).get(alias)
            attempt = Rollback(
                0, str(name), alias, current, None, order.is_drill, principal.name, order.reason, began, 0
            )
            try:
                tried = self._carried_out(principal, name, attempt, order, revision)
            except BoathouseError as error:
                took = round((time.monotonic() - started) * 1000)
                details = error.details if isinstance(error, _NoneAnswers) else {}
                written = self._write(replace(attempt, took_ms=took, problem=str(error), details=details))
                if isinstance(error, NothingToRollBackTo):
                    error.written = written
                raise
            took = round((time.monotonic() - started) * 1000)
            return self._write(replace(attempt, to_version=tried[0], took_ms=took, details=tried[1]))

    def _carried_out(
        self, principal: Principal, name: ModelName, attempt: Rollback, order: Order, revision: Revision | None
    ) -> tuple[int, dict[str, Any]]:
        found, tried = first_that_answers(
            self._versions(principal, name, attempt, order),
            lambda version: self._around.folder(str(name), version),
            self._around.find,
            within_seconds=order.within_seconds,
        )
        details = {"tried": [_tried_json(each) for each in tried]}
        notes = {each.version: self._note(principal, name, each) for each in tried}
        if found is None:
            raise _NoneAnswers(name, tried, details)
        if not order.is_drill:
            decision = AliasDecision(
                new_id(),
                DecisionKind.ROLLBACK,
                str(name),
                found.version,
                attempt.alias,
                _document(found, tried, notes[found.version], revision),
                principal.name,
                epoch_ms(self._clock.now()),
            )
            registry = self._around.registry
            registry.aliases.carry_out(principal, decision, expected=attempt.from_version, reason=order.reason)
        return found.version, details

    def _versions(self, principal: Principal, name: ModelName, attempt: Rollback, order: Order) -> list[int]:
        moves = self._moves(principal, name, attempt.alias)
        existing = self._around.history.versions_of(str(name))
        earlier = earlier_champions(list(reversed(moves)), attempt.from_version, existing)
        if order.to is None:
            if not earlier:
                raise NothingToRollBackTo(
                    f"{name} has nothing to roll back to: {_only(attempt)}.",
                    hint=f"Promote another version: boathouse model promote {name}@VERSION",
                )
            return earlier
        if order.to == attempt.from_version:
            raise InvalidInput(f"Version {order.to} of {name} is {attempt.alias} already.")
        if order.to not in existing or not any(each.to_version == order.to for each in moves):
            known = ", ".join(str(each) for each in earlier) or "none"
            raise InvalidInput(
                f"Version {order.to} of {name} was never {attempt.alias}, so it is no way back.",
                hint=f"Earlier champions: {known}. Any other is promoted: boathouse model promote {name}@{order.to}",
            )
        return [order.to]

    def _earlier(self, principal: Principal, name: ModelName, alias: str, current: int | None) -> list[int]:
        existing = self._around.history.versions_of(str(name))
        return earlier_champions(list(reversed(self._moves(principal, name, alias))), current, existing)

    def _moves(self, principal: Principal, name: ModelName, alias: str) -> list[AliasMove]:
        """Those of an alias, newest first. A model of this name that was deleted had other versions, under the same
        numbers."""
        made = self._around.registry.get(principal, name).created_at
        history = self._around.registry.aliases.history(principal, name, alias)
        return [each for each in history if each.moved_at >= made]

    def _note(self, principal: Principal, name: ModelName, tried: Tried) -> str:
        """Write down as evidence what the check of a version has found."""
        problem = None if tried.answers else tried.why_not
        rows, details = tried.check.answered_rows, {"problems": list(tried.check.problems), "light": True}
        measured = [
            Measurement(GATE, "answered_rows", float(rows), rows, problem=problem, details=details),
            Measurement(GATE, "seconds", tried.seconds, max(1, rows)),
        ]
        evaluation = Evaluation(new_id(), str(name), tried.version, kind=EvaluationKind.NOTE)
        self._around.evidence.record(principal, evaluation, measured)
        return evaluation.evaluation_id

    def _write(self, rollback: Rollback) -> Rollback:
        with self._database.write() as connection:
            return replace(rollback, rollback_id=self._repository.add(connection, rollback))


class _NoneAnswers(NothingToRollBackTo):
    """There are earlier champions, and none of them answers."""

    def __init__(self, name: ModelName, tried: Sequence[Tried], details: dict[str, Any]) -> None:
        self.details = details
        told = "; ".join(f"version {each.version}: {each.why_not}" for each in tried) or "there was no time to try one"
        super().__init__(
            f"No earlier champion of {name} answers: {told}.",
            hint="With more time, --within 60 may do; or promote another version.",
        )


def _does(found: Tried) -> str:
    return "answers" if found.check.answered_rows else "loads; without an input example it could not be asked"


def _only(attempt: Rollback) -> str:
    if attempt.from_version is None:
        return f"no version is {attempt.alias}"
    return f"no other version was {attempt.alias} before version {attempt.from_version}"


def _tried_json(tried: Tried) -> dict[str, Any]:
    return {
        "version": tried.version,
        "answers": tried.answers,
        "seconds": round(tried.seconds, 3),
        "problems": list(tried.check.problems),
        "environment": tried.check.environment,
    }


def _document(found: Tried, tried: Sequence[Tried], evaluation_id: str, revision: Revision | None) -> dict[str, Any]:
    """The decision, with the fields that a promotion's has."""
    reasons = [f"Version {each.version} does not answer: {each.why_not}." for each in tried if not each.answers]
    return {
        "stage": PRODUCTION,
        "standing": "rolled_back",
        "reasons": [*reasons, f"Version {found.version} was champion before, and {_does(found)}."],
        "requirements_revision": revision.revision if revision else None,
        "policy_hash": None,
        "evaluation_id": evaluation_id,
        "data_table": None,
        "data_version": None,
        "compared_with": None,
        "approvals": [],
        "evidence": [],
        "tried": [_tried_json(each) for each in tried],
    }
