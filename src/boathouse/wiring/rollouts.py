"""Rollouts and falls, joined with the workers' counters, the snapshot, the evidence of models and the law."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.looping import Loop
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.models import Models
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.evidence.nouns import Evaluation, Measurement
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.policies import stages_of
from boathouse.models.rollback.rolling_back import Order, Rollbacks
from boathouse.serving.answering.states import read_states
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.rollout.asking import asked_guard, measured_skew
from boathouse.serving.rollout.controller import Controller
from boathouse.serving.rollout.experiments.experiments import Experiments
from boathouse.serving.rollout.falls import Falls, Reason
from boathouse.serving.rollout.judging import Guard, Skew
from boathouse.serving.rollout.moving import Traffic
from boathouse.serving.rollout.nouns import Rollout
from boathouse.serving.rollout.repository import RolloutFollower
from boathouse.serving.rollout.rollouts import Rollouts
from boathouse.serving.rollout.shadows import ShadowReports
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import LiveEndpoint, Snapshot
from boathouse.serving.telemetry.nouns import WorkerCounts
from boathouse.serving.telemetry.reading import read_counts
from boathouse.session import LocalLaw, Session

LOOK_SECONDS = 1.0
CHECK_SECONDS = 60.0
"""How long the check of the version that an alias goes back to may take; its traffic went back before."""
ASK_SECONDS = 10.0
"""How long an answer of a query (the guard's, the skew's) is taken for the present one."""
NOTHING_SECONDS = 1.0
"""The same at first where nothing was measured yet, which a canary waits for; half as long again each time."""

SessionOf = Callable[[Principal], Session]


class DataPlane:
    """The data plane, as the control plane sees it: its counters, its states, its snapshot."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._snapshot: tuple[tuple[int, int], Snapshot | None] | None = None

    def counts(self) -> Sequence[WorkerCounts]:
        return read_counts(self._home)

    def snapshot(self) -> Snapshot | None:
        """The snapshot in force; read anew only when the file is another one."""
        try:
            status = files.snapshot_file(self._home).stat()
        except FileNotFoundError:
            return None
        key = (status.st_ino, status.st_mtime_ns)
        if self._snapshot is None or self._snapshot[0] != key:
            self._snapshot = (key, files.read(self._home))
        return self._snapshot[1]

    def names(self) -> Mapping[str, str]:
        snapshot = self.snapshot()
        return {each.endpoint_id: each.name for each in snapshot.endpoints} if snapshot else {}

    def reason(self, endpoint_id: str) -> Reason | None:
        """Of the newest answer that fell in any worker."""
        falls = [
            state.last_fall
            for worker in self.counts()
            for state in read_states(self._home, f"{worker.pid}-{worker.started_at}")
            if state.endpoint_id == endpoint_id and state.last_fall is not None
        ]
        newest = max(falls, key=lambda fall: fall.at, default=None)
        return None if newest is None else Reason(newest.rung, newest.why, newest.at)


@dataclass(frozen=True, slots=True)
class Around:
    """What rollouts stand on."""

    catalog: Catalog
    models: Models
    evidence: EvidenceBook
    rollbacks: Rollbacks
    session_of: SessionOf


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    answer: Any
    good_for: float
    """Seconds."""


def _asked(answer: Any, before: _Asked | None) -> _Asked:
    """An answer of now, and how long it will do."""
    if answer is not None:
        good_for = ASK_SECONDS
    elif before is None or before.answer is not None:
        good_for = NOTHING_SECONDS
    else:
        good_for = min(1.5 * before.good_for, ASK_SECONDS)
    return _Asked(time.monotonic(), answer, good_for)


@dataclass(slots=True)
class HomeWatch:
    """What a look at rollouts asks (``serving.rollout.controller.Watch``)."""

    plane: DataPlane
    around: Around
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict[tuple[str, str], _Asked])

    def counts(self) -> Sequence[WorkerCounts]:
        return self.plane.counts()

    def snapshot(self) -> Snapshot | None:
        return self.plane.snapshot()

    def skew(self, rollout: Rollout, endpoint: LiveEndpoint) -> Skew | None:
        return self._now_and_then(
            rollout, "skew", lambda: measured_skew(self.session(endpoint), rollout, endpoint.capture)
        )

    def guard(self, rollout: Rollout, endpoint: LiveEndpoint, query: str) -> Guard:
        return self._now_and_then(rollout, query, lambda: asked_guard(self.session(endpoint), rollout, query))

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> None:
        self.around.evidence.record(SYSTEM, evaluation, measurements)

    def roll_back_alias(self, rollout: Rollout) -> str:
        """Move the alias back, by the way that its policy allows."""
        served = rollout.served
        name, alias = ModelName.parse(served.model), served.alias or ""
        reason = f"the canary of version {rollout.to_version} on {served.endpoint} was aborted: {rollout.why}"
        aliases = self.around.models.registry.aliases
        if aliases.of(name).get(alias) != rollout.to_version:
            return f"{alias} does not mean version {rollout.to_version} any more, and stays"
        revision = self.around.models.requirements.deployed(str(name))
        if alias == stages_of(revision.requirements if revision else None)[PRODUCTION]:
            self.around.rollbacks.roll_back(SYSTEM, name, Order(rollout.from_version, reason, CHECK_SECONDS))
        else:
            aliases.set(SYSTEM, name, alias, rollout.from_version, expected=rollout.to_version, reason=reason)
        return f"{alias} means version {rollout.from_version} again"

    def session(self, endpoint: LiveEndpoint) -> Session:
        """With the rights of the endpoint's owner."""
        identities = self.around.catalog.identities
        return self.around.session_of(identities.as_owner(endpoint.owner) if endpoint.owner else SYSTEM)

    def _now_and_then(self, rollout: Rollout, what: str, ask: Callable[[], Any]) -> Any:
        key = (f"{rollout.rollout_id}/{rollout.revision}", what)
        known = self._asked.get(key)
        if known is None or time.monotonic() - known.at >= known.good_for:
            self._asked = {other: each for other, each in self._asked.items() if time.monotonic() - each.at < 60}
            self._asked[key] = known = _asked(ask(), known)
        return known.answer


@dataclass(frozen=True, slots=True)
class Changes:
    """What comes and goes by itself."""

    rollouts: Rollouts
    experiments: Experiments
    shadows: ShadowReports
    traffic: Traffic
    loops: tuple[Loop, ...]


def build_rollouts(home: Home, endpoints: Endpoints, around: Around, clock: Clock) -> Changes:
    """The verbs on rollouts, and the loops that step and tell."""
    catalog = around.catalog
    plane = DataPlane(home)
    around.models.provenance.follow(RolloutFollower())
    rollouts = Rollouts(catalog, endpoints, clock)
    watch = HomeWatch(plane, around)
    controller = Controller(catalog.database, rollouts, watch, clock)
    experiments = Experiments(catalog, endpoints, watch, clock)
    falls = Falls(catalog.database, plane, clock)
    loops = (
        Loop("rollouts", LOOK_SECONDS, controller.look, trouble="Rollouts could not be looked at"),
        Loop("aliases", LOOK_SECONDS, controller.move_aliases, trouble="Aliases could not be moved back"),
        Loop("experiments", LOOK_SECONDS, experiments.look, trouble="A/B tests could not be looked at"),
        Loop("falls", LOOK_SECONDS, falls.look, trouble="Endpoints could not be looked at"),
    )
    shadows = ShadowReports(catalog, endpoints, around.session_of, clock)
    return Changes(rollouts, experiments, shadows, Traffic(catalog.database, endpoints), loops)


def sessions_of(law: LocalLaw, engine: Any) -> SessionOf:
    return lambda principal: Session(principal, law, engine)
