"""A/B tests that are under way: looked at from time to time, decided once, written down as evidence and told."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from boathouse.catalog import Catalog, Privilege
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.spans import parse_span
from boathouse.models.evidence.nouns import Evaluation, EvaluationKind, Measurement
from boathouse.serving.endpoints import repository as endpoint_rows
from boathouse.serving.endpoints.nouns import Route, Wanted
from boathouse.serving.endpoints.policy import Experiment, OnVerdict
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.rollout.experiments import repository as rows
from boathouse.serving.rollout.experiments.deciding import decide
from boathouse.serving.rollout.experiments.gathering import Source, gather
from boathouse.serving.rollout.experiments.nouns import ExperimentState, Outcomes, Report, Running
from boathouse.serving.rollout.experiments.wire import report_json
from boathouse.serving.rollout.inference_tables import predictions_table
from boathouse.serving.snapshot.nouns import LiveEndpoint, Snapshot
from boathouse.session import Session

log = logging.getLogger(__name__)

GATE = "ab_test"
"""Under this name verdicts stand in the evidence of a treatment's version; no gate judges them."""
EVERY_SECONDS = 15.0
"""How often an experiment is looked at."""
REST = 20
"""Times as long as a look has taken, none is taken again."""
_NOT_WRITTEN = "none"
_STANDINGS = 1_000
"""Of the endpoint's past, to know the names of the entities that have answered."""


class Lab(Protocol):
    """What a look may ask of others."""

    def snapshot(self) -> Snapshot | None: ...

    def session(self, endpoint: LiveEndpoint) -> Session:
        """With the rights of the endpoint's owner."""
        ...

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> None: ...


class Experiments:
    """Of one control plane."""

    def __init__(
        self,
        catalog: Catalog,
        endpoints: Endpoints,
        lab: Lab,
        clock: Clock,
        *,
        every_seconds: float = EVERY_SECONDS,
        rest: int = REST,
    ) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._endpoints = endpoints
        self._lab = lab
        self._clock = clock
        self._every_seconds = every_seconds
        self._rest = rest
        self._next: dict[str, float] = {}

    def of(self, principal: Principal, name: str) -> list[Running]:
        """The experiments of an endpoint, newest first."""
        endpoint = self._endpoints.get(principal, name)
        with self._database.read() as connection:
            return rows.of(connection, endpoint.endpoint_id)

    def stop(self, principal: Principal, name: str, reason: str) -> Running | None:
        """End the one that is under way, undecided; it stays ended until the policy declares another one."""
        with self._endpoints.access.verb(principal, "stopExperiment", name, reason=reason):
            self._endpoints.access.require(principal, Privilege.MANAGE, name)
            endpoint = self._endpoints.get(principal, name)
            with self._database.read() as connection:
                found = rows.running(connection, endpoint.endpoint_id)
            return self._end(found[0], reason, principal.name) if found else None

    def look(self) -> None:
        """Begin what is declared, decide what can be, end what is declared no more."""
        self._follow_up()
        snapshot = self._lab.snapshot()
        with self._database.read() as connection:
            under_way = {each.endpoint_id: each for each in rows.running(connection)}
        live = {each.endpoint_id: each for each in snapshot.endpoints} if snapshot else {}
        for endpoint in live.values():
            declared = endpoint.policy.experiment
            if declared is None or not endpoint.routes:
                continue
            try:
                running = self._current(endpoint, declared, under_way.pop(endpoint.endpoint_id, None))
                if running is not None:
                    self._look_at(endpoint, running)
            except BoathouseError as error:
                log.warning("The experiment of %s could not be looked at: %s", endpoint.name, error)
        for each in under_way.values():
            known = live.get(each.endpoint_id)
            if snapshot is not None and (known is None or known.policy.experiment is None):
                self._end(each, "it is declared no more", SYSTEM.name)

    # --- within

    def _current(self, endpoint: LiveEndpoint, declared: Experiment, running: Running | None) -> Running | None:
        """The experiment under way; a new one where another is declared; None where this one has ended."""
        arms = _arms(endpoint, declared)
        if len(arms) < 2 or arms[0] != declared.control:
            return None
        if running is not None:
            if _same(running, declared, arms):
                return running
            self._end(running, "another one is declared", SYSTEM.name)
        with self._database.write() as connection:
            if rows.running(connection, endpoint.endpoint_id):
                return None  # another control plane was faster
            before = rows.of(connection, endpoint.endpoint_id, limit=1)
            if running is None and before and _same(before[0], declared, arms):
                return None
            made = Running(
                new_id(), endpoint.endpoint_id, endpoint.name, declared, arms, ExperimentState.RUNNING, self._now()
            )
            rows.add(connection, made)
        return made

    def _look_at(self, endpoint: LiveEndpoint, running: Running) -> None:
        if time.monotonic() < self._next.get(running.experiment_id, 0.0):
            return
        began = time.monotonic()
        report = decide(
            running.declared, self._gathered(endpoint, running), _shares(endpoint), is_over=self._is_over(running)
        )
        took = time.monotonic() - began
        self._next[running.experiment_id] = time.monotonic() + max(self._every_seconds, took * self._rest)
        self._keep(running, report)

    def _gathered(self, endpoint: LiveEndpoint, running: Running) -> Outcomes:
        table = predictions_table(self._catalog, endpoint.endpoint_id, endpoint.capture)
        if table is None:
            return Outcomes({})
        with self._database.read() as connection:
            held = endpoint_rows.find(connection, endpoint.name)
            past = endpoint_rows.standings(connection, endpoint.endpoint_id, _STANDINGS)
        names = {entity.entity_id: entity.name for standing in past for entity in standing.entities}
        names |= {entity.entity_id: entity.name for entity in endpoint.entities}
        shared = max(running.began_at, held.config.created_at if held else 0)
        source = Source(
            table,
            {entity_id: name for entity_id, name in names.items() if name in running.arms},
            from_epoch_ms(running.began_at),
            from_epoch_ms(shared),
        )
        return gather(self._lab.session(endpoint), running.declared, source)

    def _keep(self, running: Running, report: Report) -> None:
        now = self._now()
        kept = {**report_json(report), "by": SYSTEM.name}
        after = replace(
            running, looked_at=now, report=kept, state=report.state, revision=running.revision + 1,
            ended_at=None if report.state is ExperimentState.RUNNING else now,
        )  # fmt: skip
        self._write(running, after)

    def _end(self, running: Running, reason: str, by: str) -> Running:
        report = {**(running.report or {}), "reason": reason, "winner": None, "by": by}
        after = replace(
            running, state=ExperimentState.STOPPED, ended_at=self._now(), report=report, revision=running.revision + 1
        )
        self._write(running, after)
        return after

    def _write(self, before: Running, after: Running) -> None:
        with self._database.write() as connection:
            if not rows.change(connection, after, seen=before.revision):
                return  # another control plane was faster
            if after.ended_at is not None:
                report = after.report or {}
                data: dict[str, Any] = {
                    "endpoint_id": after.endpoint_id, "experiment_id": after.experiment_id, "state": after.state.value,
                    "winner": report.get("winner"), "reason": report.get("reason"), "outcome": after.declared.outcome,
                }  # fmt: skip
                told = NewEvent(EventType.EXPERIMENT_DECIDED, after.endpoint, str(report.get("by")), data)
                events.write(connection, [told], after.ended_at)

    # --- what follows the end

    def _follow_up(self) -> None:
        """Write the verdict as evidence, then move the traffic where that is declared: the loser's version is known
        only while it has a share. Whoever is killed in between does both again, and it is the same."""
        with self._database.read() as connection:
            due = rows.without_evidence(connection)
        snapshot = self._lab.snapshot() if due else None
        live = {each.endpoint_id: each for each in snapshot.endpoints} if snapshot else {}
        for each in due:
            evaluation_id = _NOT_WRITTEN
            for note, measured in notes_of(each, live.get(each.endpoint_id)):
                try:
                    self._lab.record(note, measured)
                    evaluation_id = note.evaluation_id
                except BoathouseError as error:
                    log.warning("The verdict on %s stands in no evidence of %s: %s", each.endpoint, note.model, error)
            moved = self._promote(each)
            ended = each if moved is None else replace(each, report={**(each.report or {}), "traffic": moved})
            with self._database.write() as connection:
                rows.set_evidence(connection, ended, evaluation_id)

    def _promote(self, ended: Running) -> str | None:
        """Give the winner all of the traffic, where that is declared; a sentence of what was done."""
        winner = (ended.report or {}).get("winner")
        if ended.state is not ExperimentState.DECIDED or ended.declared.on_verdict is not OnVerdict.PROMOTE:
            return None
        try:
            held = self._endpoints.get(SYSTEM, ended.endpoint)
            shared = {route.entity for route in held.config.routes if route.percent > 0}
            if held.endpoint_id != ended.endpoint_id or shared not in ({winner}, set(ended.arms)):
                return "the traffic stays: somebody has changed the routes since"
            # The others keep a share of 0: they stay loaded, and can be asked by name.
            routes = tuple(Route(each.entity, 100.0 * (each.entity == winner)) for each in held.config.routes)
            wanted = Wanted(held.config.entities, routes, held.config.capture)
            self._endpoints.update_config(SYSTEM, ended.endpoint, wanted, seen=held.config)
        except BoathouseError as error:
            log.warning("The traffic of %s stays as it was: %s", ended.endpoint, error)
            return f"the traffic stays: {error.message}"
        return f"{winner} has all of the traffic"

    def _is_over(self, running: Running) -> bool:
        return self._now() - running.began_at >= parse_span(running.declared.longest).total_seconds() * 1000

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def notes_of(experiment: Running, endpoint: LiveEndpoint | None) -> list[tuple[Evaluation, list[Measurement]]]:
    """The verdict as evidence of each treatment's version that still answers."""
    if endpoint is None or experiment.report is None:
        return []
    report: Mapping[str, Any] = experiment.report
    answering = {route.entity_id for route in endpoint.routes if route.role != "canary"}
    models = {each.name: each for each in endpoint.entities if each.entity_id in answering}
    control = models.get(experiment.declared.control)
    found: list[tuple[Evaluation, list[Measurement]]] = []
    for at, compared in enumerate(report.get("compared") or []):
        entity = models.get(compared["treatment"])
        if entity is None or entity.version is None:
            continue
        baseline = f"{experiment.declared.control} ({control.entity}@{control.version})" if control else None
        said = {
            "endpoint": experiment.endpoint, "experiment_id": experiment.experiment_id, "state": experiment.state.value,
            "winner": report["winner"], "says": compared["reason"], "excluded_keys": report.get("excluded_keys"),
            "ratio_p_value": report.get("ratio_p_value"), "alpha": experiment.declared.alpha,
        }  # fmt: skip
        arms, guards = report["arms"], report.get("guards", {})
        differences = {experiment.declared.outcome: (compared["difference"], arms), **{
            name: (difference, guards.get(name, {})) for name, difference in compared["guards"].items()
        }}  # fmt: skip
        measured = [
            _measurement(metric, difference, of.get(compared["treatment"], {}), baseline, said)
            for metric, (difference, of) in differences.items()
        ]
        evaluation_id = f"experiment-{experiment.experiment_id[:8]}-{at}"
        found.append((Evaluation(evaluation_id, entity.entity, entity.version, kind=EvaluationKind.NOTE), measured))
    return found


def _measurement(
    metric: str, found: Mapping[str, float] | None, arm: Mapping[str, Any], baseline: str | None, said: dict[str, Any]
) -> Measurement:
    count = int(arm.get("outcomes") or 0)
    if found is None:
        return Measurement(GATE, metric, None, count, baseline=baseline, problem="too few outcomes", details=said)
    interval = (found["lower"], found["upper"])
    return Measurement(
        GATE, metric, found["value"], count, None, interval, baseline, details={**said, "p_value": found["p_value"]}
    )


def _arms(endpoint: LiveEndpoint, declared: Experiment) -> tuple[str, ...]:
    """Served entities with a share, the control first."""
    shares = _shares(endpoint)
    return tuple(
        sorted((name for name, share in shares.items() if share > 0), key=lambda name: name != declared.control)
    )


def _shares(endpoint: LiveEndpoint) -> dict[str, float]:
    names = {each.entity_id: each.name for each in endpoint.entities}
    shares: dict[str, float] = {}
    for route in endpoint.routes:
        name = names[route.entity_id]
        shares[name] = shares.get(name, 0.0) + route.percent
    return shares


def _same(running: Running, declared: Experiment, arms: Sequence[str]) -> bool:
    one, two = (json.dumps(each.model_dump(mode="json"), sort_keys=True) for each in (running.declared, declared))
    return one == two and tuple(arms) == running.arms
