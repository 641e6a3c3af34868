"""Looks at every rollout under way, and takes the steps that its rules allow.

Each look first finishes what an earlier one began: evidence that is not yet written. Of two controllers only one takes
a step, since each step is a compare and set.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.models.evidence.nouns import Evaluation, EvaluationKind, Measurement
from boathouse.serving.rollout import repository as rows
from boathouse.serving.rollout.counting import Tallies
from boathouse.serving.rollout.judging import Guard, Seen, Skew, judge
from boathouse.serving.rollout.nouns import Finding, Rollout, Ruling, Step, Verdict
from boathouse.serving.rollout.plan import CANARY
from boathouse.serving.rollout.rollouts import RolloutMoved, Rollouts
from boathouse.serving.snapshot.nouns import LiveEndpoint, Snapshot
from boathouse.serving.telemetry.nouns import WorkerCounts

log = logging.getLogger(__name__)

GATE = "canary"
"""Under this name the steps of rollouts stand in a model's evidence; no gate judges them."""
_NOT_WRITTEN = "none"


class Watch(Protocol):
    """What a look may ask of others."""

    def counts(self) -> Sequence[WorkerCounts]: ...

    def snapshot(self) -> Snapshot | None: ...

    def skew(self, rollout: Rollout, endpoint: LiveEndpoint) -> Skew | None:
        """What was measured of the canary's features since the rollout began; None: nothing."""
        ...

    def guard(self, rollout: Rollout, endpoint: LiveEndpoint, query: str) -> Guard: ...

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> None:
        """Write evidence; the same twice is written once."""
        ...

    def roll_back_alias(self, rollout: Rollout) -> str:
        """Move the alias back to the version before; a sentence of what was done."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look has seen of one rollout."""

    rollout: Rollout
    verdict: Verdict


class Controller:
    """Of one control plane."""

    def __init__(self, database: Database, rollouts: Rollouts, watch: Watch, clock: Clock) -> None:
        self._database = database
        self._rollouts = rollouts
        self._watch = watch
        self._clock = clock

    def look(self) -> list[Looked]:
        """Judge every rollout under way, and step where the rules say so."""
        self._write_evidence()
        running = self._rollouts.running()
        if not running:
            return []
        snapshot = self._watch.snapshot()
        live = {each.endpoint_id: each for each in snapshot.endpoints} if snapshot else {}
        counts = self._watch.counts()
        found: list[Looked] = []
        for rollout in running:
            endpoint = live.get(rollout.served.endpoint_id)
            try:
                if endpoint is None and self._rollouts.forget(rollout):
                    continue
                found.append(Looked(rollout, self._looked(rollout, endpoint, counts)))
            except RolloutMoved:
                log.info("The rollout of %s was stepped by somebody else.", rollout.served.endpoint)
            except BoathouseError:
                log.warning("The rollout of %s could not be looked at.", rollout.served.endpoint, exc_info=True)
        self._write_evidence()
        return found

    def _looked(self, rollout: Rollout, endpoint: LiveEndpoint | None, counts: Sequence[WorkerCounts]) -> Verdict:
        sides = sides_of(rollout, endpoint) if endpoint is not None else None
        if endpoint is None or sides is None:
            text = "the data plane does not answer by the canary yet"
            verdict = Verdict((Finding("snapshot", Ruling.WAIT, text),))
            self._note(rollout, verdict, None)
            return verdict
        with self._database.read() as connection:
            tallies = Tallies(rows.tallies(connection, rollout.rollout_id))
        changed = tallies.look(counts, rollout.served.endpoint_id, sides, since=rollout.step_began_at)
        verdict = judge(rollout.canary, self._seen(rollout, endpoint, tallies))
        match verdict.ruling:
            case Ruling.ABORT:
                self._rollouts.end(SYSTEM, rollout, findings=verdict.findings, reason="; ".join(verdict.reasons))
            case Ruling.FINE if rollout.canary.automatic:
                self._rollouts.step(SYSTEM, rollout, findings=verdict.findings, reason="every rule is met")
            case _:
                self._note(rollout, verdict, tallies if changed else None)
        return verdict

    def _seen(self, rollout: Rollout, endpoint: LiveEndpoint, tallies: Tallies) -> Seen:
        rules = rollout.canary.abort
        coming = {each.entity_id for each in endpoint.entities if each.version == rollout.to_version}
        has_features = any(entity_id in endpoint.features for entity_id in coming)
        return Seen(
            canary=tallies.of("canary"),
            replaced=tallies.of("replaced"),
            seconds=(epoch_ms(self._clock.now()) - rollout.step_began_at) / 1000,
            has_features=has_features,
            skew=self._watch.skew(rollout, endpoint) if has_features and rules.skew_rate is not None else None,
            guard=self._watch.guard(rollout, endpoint, rules.guard) if rules.guard is not None else None,
        )

    def _note(self, rollout: Rollout, verdict: Verdict, tallies: Tallies | None) -> None:
        why = "; ".join(verdict.reasons) if verdict.ruling is not Ruling.FINE else "ready for the next step"
        if tallies is None and why == rollout.why:
            return
        with self._database.write() as connection:
            kept = tallies.to_json() if tallies else rows.tallies(connection, rollout.rollout_id)
            rows.note(connection, rollout, why, kept)

    # --- what follows a step

    def _write_evidence(self) -> None:
        with self._database.read() as connection:
            due = rows.without_evidence(connection)
        for step, rollout in due:
            evaluation_id = f"rollout-{step.step_id}-{rollout.rollout_id[:8]}"
            try:
                note = Evaluation(
                    evaluation_id, rollout.served.model, rollout.to_version, champion=rollout.from_version,
                    kind=EvaluationKind.NOTE,
                )  # fmt: skip
                self._watch.record(note, measurements_of(step, rollout))
            except BoathouseError as error:  # the version is gone: there is nothing left to note it at
                log.warning("A step of %s stands in no evidence: %s", rollout.served.endpoint, error)
                evaluation_id = _NOT_WRITTEN
            with self._database.write() as connection:
                rows.set_evidence(connection, step.step_id, evaluation_id)

    def move_aliases(self) -> None:
        """Move aliases back after aborts. That takes its time, so nobody waits for it; what is killed is done again."""
        with self._database.read() as connection:
            due = rows.with_alias_due(connection)
        for rollout in due:
            try:
                done = self._watch.roll_back_alias(rollout)
            except BoathouseError as error:
                done = f"the alias {rollout.served.alias} stays: {error.message}"
                log.warning("After the abort on %s, %s", rollout.served.endpoint, done)
            with self._database.write() as connection:
                rows.alias_done(connection, rollout.rollout_id, f"{rollout.why}; {done}")


def sides_of(rollout: Rollout, endpoint: LiveEndpoint) -> Mapping[str, Sequence[str]] | None:
    """The entities of the canary and of what it replaces; None while the snapshot has no such canary."""
    mine = [each for each in endpoint.entities if each.name == rollout.served.entity]
    canary = [each.entity_id for each in mine if each.version == rollout.to_version]
    replaced = [each.entity_id for each in mine if each.version == rollout.from_version]
    if not any(route.role == CANARY and route.entity_id in canary for route in endpoint.routes):
        return None
    return {"canary": canary, "replaced": replaced}


def measurements_of(step: Step, rollout: Rollout) -> list[Measurement]:
    """A step as evidence: where the traffic went, and each rule's figure."""
    answers = next((round(each.value or 0) for each in step.findings if each.rule == "minimum_requests"), 0)
    baseline = f"version {rollout.from_version}"
    told = {
        "endpoint": rollout.served.endpoint, "entity": rollout.served.entity, "rollout_id": rollout.rollout_id,
        "step": step.kind.value, "from_percent": step.from_percent, "reason": step.reason, "by": step.principal,
        "at": step.at,
    }  # fmt: skip
    return [
        Measurement(GATE, "percent", step.to_percent, answers, baseline=baseline, details=told),
        *(_measurement(each, baseline) for each in step.findings),
    ]


def _measurement(finding: Finding, baseline: str) -> Measurement:
    details = {"says": finding.text, "ruling": finding.ruling.value, "threshold": finding.threshold, **finding.details}
    problem = finding.text if finding.value is None else None
    return Measurement(GATE, finding.rule, finding.value, finding.rows, None, None, baseline, problem, details)
