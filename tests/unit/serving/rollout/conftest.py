"""A catalog with an endpoint that follows an alias, and a watch whose figures a test writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.models.evidence.nouns import Evaluation, Measurement
from boathouse.serving.endpoints.nouns import Endpoint, EntityKind, Route, ServedEntity, Wanted
from boathouse.serving.endpoints.policy import AbortRules, Canary, EndpointPolicy
from boathouse.serving.endpoints.service import Endpoints, NewEndpoint
from boathouse.serving.rollout.judging import Guard, Skew
from boathouse.serving.rollout.nouns import Rollout
from boathouse.serving.rollout.plan import Live, routes_of
from boathouse.serving.rollout.rollouts import Rollouts
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, Snapshot
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS, Counts, Series, WorkerCounts

POLICY = EndpointPolicy(
    canary=Canary(steps=[5, 50], bake="60s", minimum_requests=50, abort=AbortRules(prediction_psi=None))
)
MODEL = "prod.flights.late"


@dataclass
class House:
    """What a control plane has of rollouts."""

    database: Database
    catalog: Catalog
    clock: ManualClock
    endpoints: Endpoints
    rollouts: Rollouts
    endpoint: Endpoint

    def means(self, version: int, policy: EndpointPolicy = POLICY):
        """The alias means a version now."""
        return self.rollouts.standings(self.endpoint, policy, {"late": version})["late"]


@dataclass
class Watched:
    """A data plane that answers as a test says."""

    house: House
    version: int = 1
    canary: Counts | None = None
    replaced: Counts | None = None
    recorded: dict[str, tuple[Evaluation, Sequence[Measurement]]] = field(
        default_factory=dict[str, tuple[Evaluation, Sequence[Measurement]]]
    )
    rolled_back: list[int] = field(default_factory=list[int])
    measured: Skew | None = None

    def answers(self, canary: int, replaced: int, errors: int = 0) -> None:
        self.canary, self.replaced = counts(canary, errors), counts(replaced)

    def counts(self) -> Sequence[WorkerCounts]:
        endpoint_id = self.house.endpoint.endpoint_id
        rollout = self.house.rollouts.running()[0]
        series = {
            Series(endpoint_id, f"late@{rollout.to_version}", "canary"): self.canary or counts(0),
            Series(endpoint_id, f"late@{rollout.from_version}", "primary"): self.replaced or counts(0),
        }
        return [WorkerCounts(1, 0, series, 0, 0, is_alive=True)]

    def snapshot(self) -> Snapshot:
        house = self.house
        (running,) = house.rollouts.running()
        standings = house.rollouts.standings(house.endpoint, POLICY, {"late": running.to_version})
        live: Live = {
            ("late", version): LiveEntity(f"late@{version}", "late", EntityKind.MODEL, MODEL, version, None)
            for version in (running.from_version, running.to_version)
        }
        routes = routes_of(house.endpoint, POLICY, live, standings)
        made = LiveEndpoint(house.endpoint.endpoint_id, "late", 1, tuple(live.values()), routes, frozenset(), POLICY)
        return Snapshot(1, 0, (made,), {})

    def skew(self, rollout: Rollout, endpoint: LiveEndpoint) -> Skew | None:
        return self.measured

    def guard(self, rollout: Rollout, endpoint: LiveEndpoint, query: str) -> Guard:
        return Guard(None, "there is no query")

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> None:
        self.recorded[evaluation.evaluation_id] = (evaluation, measurements)

    def roll_back_alias(self, rollout: Rollout) -> str:
        self.rolled_back.append(rollout.from_version)
        return "the alias was moved back"


def counts(good: int, bad: int = 0) -> Counts:
    latency = [0] * (len(LATENCY_BOUNDS_MS) + 1)
    latency[4] = good + bad
    return Counts({200: good, 500: bad}, 0, tuple(latency), 1.0, good, ())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ann")
    endpoints = Endpoints(catalog, clock)
    wanted = Wanted((ServedEntity("late", EntityKind.MODEL, MODEL, alias="champion"),), (Route("late", 100),), None)
    made = endpoints.create(SYSTEM, NewEndpoint("late", wanted, policy=POLICY))
    yield House(database, catalog, clock, endpoints, Rollouts(catalog, endpoints, clock), made)
    database.dispose()


def events_of(house: House) -> list[tuple[str, Any]]:
    found = house.catalog.events.settled_after(0)
    return [(each.type, each.data) for each in found if each.type.startswith("rollout.")]
