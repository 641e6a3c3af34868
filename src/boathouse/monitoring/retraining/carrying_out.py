"""Carrying decisions out: trial, training, judgement. Each step is asked for with a token of the decision, so that
whoever goes on after a crash gets the run that was begun, and is written down before the next."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.benefit.judging import judged
from boathouse.monitoring.retraining.benefit.tasks import CANDIDATE, VALUE
from boathouse.monitoring.retraining.brakes import in_vain, should_freeze
from boathouse.monitoring.retraining.candidates import Candidates
from boathouse.monitoring.retraining.nouns import (
    CAME_TO_NOTHING,
    BenefitFound,
    Brake,
    Choice,
    Decision,
    Revision,
    State,
)
from boathouse.monitoring.retraining.telling import tell, tell_frozen
from boathouse.monitoring.retraining.trainings import Check, Training, TrainingRuns

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 20
LOOK_MS = 1_000
WATCH_MS = 5_000
"""How often it is looked whether what has passed its gates has come to production."""
WATCHED_FOR_MS = 90 * 86_400_000
_NEVER = 2**62
_MOST_TRIES = 10
_FIRST_PAUSE_MS = 1_000
_LONGEST_PAUSE_MS = 60_000
_LASTING = (Conflict, Denied, InvalidInput, NotFound)
"""Trying again would not help: somebody has to change something."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What carrying out works with."""

    database: Database
    catalog: Catalog
    trainings: TrainingRuns
    candidates: Candidates
    clock: Clock


class CarryingOut:
    """Goes on with what was decided."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._steps = {
            State.TRYING: self._try,
            State.CHECKING: self._check,
            State.STARTING: self._start,
            State.TRAINING: self._train,
            State.JUDGING: self._judge,
            State.PASSED: self._judge,
        }

    def go_on(self) -> int:
        """One step of every decision that can be carried further; gives how many were."""
        if not self._parts.candidates.are_known:
            return 0
        with self._parts.database.read() as connection:
            waiting = rows.to_go_on(connection, self._now())
        return sum(self._step(each) for each in waiting)

    def _step(self, decision: Decision) -> bool:
        try:
            held = self._held(decision)
            changed = self._steps[decision.state](decision, held)
        except _LASTING as error:
            changed = self._given_up(decision, str(error))
        except BoathouseError as error:
            changed = self._later(decision, str(error))
        except Exception as error:  # one that fails in a way we did not foresee must not keep the others from going on
            log.exception("Decision %d of %s could not be carried out", decision.decision_id, decision.model)
            changed = self._later(decision, f"{type(error).__name__}: {error}")
        return self._keep(decision, changed)

    # --- steps

    def _try(self, decision: Decision, held: Revision) -> Decision:
        """The project's own trial."""
        asked = held.policy.brakes.benefit
        if decision.trial_run_id is None:
            assert asked.job is not None
            wanted = Training(asked.job, _token(decision, "trial"), asked.parameters, decision.as_of, _facts(decision))
            _, run_id = self._parts.trainings.train(self._principal(held), wanted)
            return replace(self._soon(decision), trial_run_id=run_id)
        ended = self._parts.trainings.ended(decision.trial_run_id)
        if ended is None:
            return self._soon(decision)
        if not ended.is_success:
            return self._unmeasured(decision, held, f"the trial, run {decision.trial_run_id}, failed: {ended.message}")
        found = self._parts.trainings.value(decision.trial_run_id, VALUE)
        if found is not None:
            return self._settled(decision, held, benefit_of(found))
        address = self._parts.trainings.value(decision.trial_run_id, CANDIDATE)
        if not isinstance(address, str) or not address:
            told = f"the trial, run {decision.trial_run_id}, has left neither {CANDIDATE} nor {VALUE} as a task value"
            return self._unmeasured(decision, held, told)
        return replace(self._soon(decision), state=State.CHECKING, candidate_uri=address)

    def _check(self, decision: Decision, held: Revision) -> Decision:
        """Champion and trial on the freshest labels."""
        if decision.check_run_id is None:
            champion = self._parts.candidates.champion(decision.model)
            requirements = self._parts.candidates.requirements(decision.model)
            if champion is None or requirements is None:
                missing = "there is no champion" if champion is None else "the model has no requirements"
                return self._unmeasured(decision, held, f"{missing}, so there is nothing to compare with")
            wanted = Check(
                decision.model,
                champion.version,
                held.policy.brakes.benefit.model_dump_json(exclude_defaults=True),
                _token(decision, "check"),
                decision.candidate_uri,
                decision.as_of,
                requirements.deployment.environment or {},
            )
            return replace(
                self._soon(decision), check_run_id=self._parts.trainings.check(self._principal(held), wanted)
            )
        ended = self._parts.trainings.ended(decision.check_run_id)
        if ended is None:
            return self._soon(decision)
        found = self._parts.trainings.value(decision.check_run_id, VALUE) if ended.is_success else None
        if found is None:
            return self._unmeasured(
                decision, held, f"the comparison, run {decision.check_run_id}, failed: {ended.message}"
            )
        return self._settled(decision, held, benefit_of(found))

    def _start(self, decision: Decision, held: Revision) -> Decision:
        policy = held.policy
        wanted = Training(policy.job, _token(decision, "train"), policy.parameters, decision.as_of, _facts(decision))
        job_id, run_id = self._parts.trainings.train(self._principal(held), wanted)
        return replace(self._soon(decision), state=State.TRAINING, job_id=job_id, run_id=run_id)

    def _train(self, decision: Decision, held: Revision) -> Decision:
        assert decision.run_id is not None
        ended = self._parts.trainings.ended(decision.run_id)
        if ended is None:
            return self._soon(decision)
        version = self._parts.candidates.made_by(decision.model, decision.run_id)
        if version is not None:  # what a run has registered before it failed is a candidate like any other
            return replace(self._soon(decision), state=State.JUDGING, version=version, next_at=0)
        if ended.is_success or ended.is_cancelled:
            how = "was cancelled" if ended.is_cancelled else "has registered no version"
            return self._over(decision, State.NO_CANDIDATE, f"The training, run {decision.run_id}, {how}.")
        return self._over(decision, State.FAILED, f"The training, run {decision.run_id}, failed: {ended.message}")

    def _judge(self, decision: Decision, held: Revision) -> Decision:
        assert decision.version is not None
        found = self._parts.candidates.judged(decision.model, decision.version)
        if found.state is State.JUDGING:
            return self._soon(decision)
        if found.state is State.PASSED:
            old = self._now() - decision.decided_at > WATCHED_FOR_MS
            next_at = _NEVER if old else self._now() + WATCH_MS
            return replace(
                decision, state=State.PASSED, outcome=found.reason, next_at=next_at, attempts=0, problem=None
            )
        if decision.state is State.PASSED and found.state is not State.PROMOTED:
            # It had passed; that it is no longer what gates would let through is no fault of the training.
            refused = found.state if found.state is State.REJECTED else State.PASSED
            return self._over(decision, refused, found.reason)
        return self._over(decision, found.state, found.reason)

    # --- what comes of a trial

    def _settled(self, decision: Decision, held: Revision, found: BenefitFound) -> Decision:
        said = judged(held.policy.brakes.benefit, found)
        changed = replace(
            self._soon(decision),
            benefit=found.to_json(),
            brakes=(*decision.brakes, said.to_json()),
            reason=said.reason,
            next_at=0,
        )
        if said.holds:
            return replace(changed, choice=Choice.DECLINED, brake=Brake.BENEFIT, state=State.DECLINED)
        return replace(changed, choice=Choice.STARTED, state=State.STARTING)

    def _unmeasured(self, decision: Decision, held: Revision, problem: str) -> Decision:
        metric = held.policy.brakes.benefit.metric or "benefit"
        return self._settled(decision, held, BenefitFound(metric, None, problem=problem.strip().removesuffix(":")))

    # --- within

    def _held(self, decision: Decision) -> Revision:
        with self._parts.database.read() as connection:
            found = rows.revision(connection, decision.model, decision.revision)
        if found is None:
            raise NotFound(f"Revision {decision.revision} of the retraining of {decision.model} is gone.")
        return found

    def _principal(self, held: Revision) -> Principal:
        return self._parts.catalog.identities.principal(held.principal)

    def _keep(self, before: Decision, changed: Decision) -> bool:
        """Write a step down, and freeze the loop when it was one too many in vain."""
        now = self._now()
        if changed == before:
            return False
        is_new = (changed.state, changed.version, changed.run_id) != (before.state, before.version, before.run_id)
        changed = replace(changed, updated_at=now if is_new else before.updated_at)
        with self._parts.database.write() as connection:
            if not rows.change_decision(connection, changed, before.state):
                return False
            if changed.choice is not before.choice:
                tell(connection, self._parts.catalog, changed, now)
            if changed.state in CAME_TO_NOTHING and before.state is not changed.state:
                self._freeze_after(connection, changed, now)
        return is_new

    def _freeze_after(self, connection: Connection, decision: Decision, now: int) -> None:
        held = rows.policy(connection, decision.model)
        for _ in range(_MOST_TRIES):  # a look that goes on at the same time may have been faster
            known = rows.state(connection, decision.model)
            if held is None or known.is_frozen:
                return
            outcomes = rows.outcomes(connection, decision.model, known.counted_from)
            if not should_freeze(outcomes, held.policy.brakes.freeze_after):
                return
            why = f"{in_vain(outcomes)} trainings in a row came to nothing; the last: {decision.outcome}"
            frozen = replace(known, frozen_at=now, frozen_by=held.principal, frozen_why=why)
            if rows.keep_state(connection, frozen):
                tell_frozen(connection, decision.model, held.principal, why, now)
                return

    def _over(self, decision: Decision, state: State, outcome: str) -> Decision:
        return replace(decision, state=state, outcome=outcome.strip(), next_at=_NEVER, attempts=0, problem=None)

    def _soon(self, decision: Decision) -> Decision:
        return replace(decision, next_at=self._now() + LOOK_MS, attempts=0, problem=None)

    def _given_up(self, decision: Decision, problem: str) -> Decision:
        """A step that cannot be made: of a trial nothing is known then, a training has failed before it began."""
        if decision.state in (State.TRYING, State.CHECKING):
            try:
                return self._unmeasured(decision, self._held(decision), problem)
            except NotFound:
                return replace(
                    self._over(decision, State.DECLINED, problem),
                    choice=Choice.DECLINED,
                    brake=Brake.PROBLEM,
                    reason=problem,
                )
        if decision.state is State.STARTING:
            return self._over(decision, State.FAILED, f"The training could not be started: {problem}")
        return self._over(decision, State.FAILED, problem)

    def _later(self, decision: Decision, problem: str) -> Decision:
        attempts = decision.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            return self._given_up(decision, problem)
        pause = min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << (attempts - 1))
        return replace(decision, attempts=attempts, next_at=self._now() + pause, problem=problem)

    def _now(self) -> int:
        return epoch_ms(self._parts.clock.now())


def benefit_of(said: Any) -> BenefitFound:
    """What a trial has left as its value; whatever is no number says nothing."""
    if not isinstance(said, Mapping):
        return BenefitFound("benefit", None, problem=f"what the trial left is no object but {json.dumps(said)[:80]}")
    given: dict[str, Any] = {str(name): value for name, value in said.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    known = {name: value for name, value in given.items() if name in BenefitFound.__slots__}
    numbers = {
        name: _number(known.get(name)) for name in ("improvement", "lower", "upper", "champion_value", "trial_value")
    }
    counts = {name: int(_number(known.get(name)) or 0) for name in ("rows", "trained_rows")}
    problem = known.get("problem")
    if numbers["improvement"] is None and not problem:
        problem = "the trial names no improvement"
    if numbers["improvement"] is not None and numbers["lower"] is None:
        numbers["lower"] = numbers["improvement"]  # a trial of the project's own may know no interval
    plain = {name: known.get(name) for name in ("champion", "freshest_from", "data_table", "data_version")}
    return BenefitFound(str(known.get("metric") or "benefit"), problem=problem, **numbers, **counts, **plain)  # type: ignore[arg-type]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _token(decision: Decision, step: str) -> str:
    return f"retraining:{step}:{decision.decision_id}:{decision.decided_at}"


def _facts(decision: Decision) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "model": decision.model,
        "trigger": decision.trigger,
        "why": decision.why,
    }
