"""An experiment begins with its declaration, is decided once, and ends with its declaration."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.models.evidence.nouns import Evaluation, Measurement
from boathouse.serving.capture import repository as inference_tables
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind, Route, ServedEntity, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy, Experiment, OnVerdict
from boathouse.serving.endpoints.service import Endpoints, NewEndpoint
from boathouse.serving.rollout.experiments.experiments import Experiments
from boathouse.serving.rollout.experiments.nouns import ExperimentState
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, Snapshot
from boathouse.session import LocalLaw, Session

DECLARED = Experiment(key=["id"], control="old", outcomes="dev.ab.outcomes", outcome="good", outcome_time="at")
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
TARGET = CaptureTarget("dev", "ab", "offer")


@dataclass
class Lab:
    """One endpoint, as the data plane answers by it."""

    at: Session
    endpoint: LiveEndpoint
    recorded: list[tuple[Evaluation, Sequence[Measurement]]] = field(
        default_factory=list[tuple[Evaluation, Sequence[Measurement]]]
    )

    def snapshot(self) -> Snapshot:
        return Snapshot(1, 0, (self.endpoint,), {})

    def session(self, endpoint: LiveEndpoint) -> Session:
        return self.at

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> None:
        self.recorded.append((evaluation, measurements))

    def declare(self, experiment: Experiment | None) -> None:
        self.endpoint = replace(self.endpoint, policy=EndpointPolicy(experiment=experiment))


@dataclass
class House:
    catalog: Catalog
    endpoints: Endpoints
    clock: ManualClock
    lab: Lab
    experiments: Experiments

    @property
    def states(self) -> list[ExperimentState]:
        return [each.state for each in self.experiments.of(SYSTEM, "offer")]

    @property
    def shares(self) -> dict[str, float]:
        return {route.entity: route.percent for route in self.endpoints.get(SYSTEM, "offer").config.routes}

    @property
    def told(self) -> list[Any]:
        found = self.catalog.events.settled_after(0)
        return [each.data for each in found if each.type == "experiment.decided"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    clock = ManualClock(BEGAN)
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ann")
    session = Session(SYSTEM, LocalLaw(catalog), DuckDBEngine())
    session.sql("CREATE SCHEMA dev.ab")
    endpoints = Endpoints(catalog, clock)
    served = tuple(ServedEntity(name, EntityKind.MODEL, "dev.ab.offer", at) for at, name in ((1, "old"), (2, "new")))
    made = endpoints.create(SYSTEM, NewEndpoint("offer", Wanted(served, (Route("old", 50), Route("new", 50)), TARGET)))
    live = tuple(
        LiveEntity(f"e-{each.name}", each.name, EntityKind.MODEL, each.entity, each.version, None) for each in served
    )
    routes = (LiveRoute("e-old", 50, "control"), LiveRoute("e-new", 50, "treatment"))
    endpoint = LiveEndpoint(
        made.endpoint_id, "offer", 1, live, routes, frozenset(), EndpointPolicy(experiment=DECLARED), capture=TARGET
    )
    lab = Lab(session, endpoint)
    yield House(catalog, endpoints, clock, lab, Experiments(catalog, endpoints, lab, clock, every_seconds=0, rest=0))
    database.dispose()


def answered(house: House, keys: int, better: float, canary: float = 0.0) -> None:
    """So many keys were answered, half by each; the new entity's outcomes are better by so much, and a canary of the
    old one has answered a part of its keys."""
    chance, session = random.Random(3), house.lab.at
    arms = ["new" if chance.random() < 0.5 else "next" if chance.random() < canary else "old" for _ in range(keys)]
    routes = {"new": "treatment", "next": "canary", "old": "control"}
    session.write_table(
        "dev.ab.offer_predictions",
        pl.DataFrame(
            {
                "in_id": list(range(keys)),
                "served_entity_id": [f"e-{arm}" for arm in arms],
                "route": [routes[arm] for arm in arms],
                "request_time": [BEGAN + timedelta(minutes=1)] * keys,
            }
        ),
    )
    good = [float(chance.random() < 0.4 + (better if arm == "new" else 0.0)) for arm in arms]
    outcomes = pl.DataFrame({"id": list(range(keys)), "good": good, "at": [BEGAN + timedelta(hours=1)] * keys})
    session.write_table("dev.ab.outcomes", outcomes)
    table = house.catalog.securables.get(SYSTEM, SecurableKind.TABLE, "dev.ab.offer_predictions")
    with house.catalog.database.write() as connection:
        place = (house.lab.endpoint.endpoint_id, "predictions", "dev.ab.offer", "offer")
        inference_tables.put(connection, inference_tables.Kept(*place, table.id, "dev.ab.offer_predictions", 0))


def test_it_begins_with_its_declaration_and_is_open_without_answers(house: House) -> None:
    house.experiments.look()
    house.experiments.look()
    assert house.states == [ExperimentState.RUNNING]
    assert house.told == []


def test_a_better_treatment_is_decided_once_told_once_and_stands_in_evidence(house: House) -> None:
    house.experiments.look()
    answered(house, 4000, better=0.15)
    for _ in range(3):
        house.experiments.look()
    assert house.states == [ExperimentState.DECIDED]
    ((told),) = house.told
    assert (told["winner"], told["state"]) == ("new", "decided")
    ((evaluation, (measured,)),) = house.lab.recorded
    assert (evaluation.model, evaluation.version, measured.gate, measured.metric) == (
        "dev.ab.offer",
        2,
        "ab_test",
        "good",
    )
    assert measured.interval is not None
    assert measured.interval[0] > 0
    assert house.shares == {"old": 50, "new": 50}, "a verdict moves no traffic by itself"


@pytest.mark.parametrize(("better", "winner"), [(0.15, "new"), (-0.15, "old")])
def test_the_winner_gets_all_of_the_traffic_where_that_is_declared(house: House, better: float, winner: str) -> None:
    house.lab.declare(DECLARED.model_copy(update={"on_verdict": OnVerdict.PROMOTE}))
    house.experiments.look()
    answered(house, 4000, better=better)
    house.experiments.look()
    assert house.shares == {"old": 50, "new": 50}
    for _ in range(3):
        house.experiments.look()
    assert (house.states, house.shares) == ([ExperimentState.DECIDED], {"old": 0, "new": 0, winner: 100})
    found = house.endpoints.get(SYSTEM, "offer").config
    assert (found.version, found.created_by, len(found.entities)) == (2, SYSTEM.name, 2)
    (running,) = house.experiments.of(SYSTEM, "offer")
    assert running.report and running.report["traffic"] == f"{winner} has all of the traffic"
    assert [(each.model, each.version) for each, _ in house.lab.recorded] == [("dev.ab.offer", 2)]


def test_routes_that_somebody_has_changed_since_stay(house: House) -> None:
    house.lab.declare(DECLARED.model_copy(update={"on_verdict": OnVerdict.PROMOTE}))
    house.experiments.look()
    answered(house, 4000, better=0.15)
    house.experiments.look()
    held = house.endpoints.get(SYSTEM, "offer").config
    house.endpoints.update_config(SYSTEM, "offer", Wanted(held.entities[:1], (Route("old", 100),), TARGET))
    house.experiments.look()
    assert house.shares == {"old": 100}
    (running,) = house.experiments.of(SYSTEM, "offer")
    assert "somebody has changed the routes" in str((running.report or {})["traffic"])


def test_a_configuration_that_was_changed_meanwhile_is_not_overwritten(house: House) -> None:
    held = house.endpoints.get(SYSTEM, "offer").config
    wanted = Wanted(held.entities, (Route("new", 100),), TARGET)
    house.endpoints.update_config(SYSTEM, "offer", Wanted(held.entities, (Route("old", 100),), TARGET), seen=held)
    with pytest.raises(Conflict, match="changed meanwhile"):
        house.endpoints.update_config(SYSTEM, "offer", wanted, seen=held)


def test_a_canary_of_an_entity_takes_nothing_from_its_share_of_the_keys(house: House) -> None:
    coming = LiveEntity("e-next", "old", EntityKind.MODEL, "dev.ab.offer", 3, None)
    routes = (LiveRoute("e-next", 15, "canary"), LiveRoute("e-old", 35, "control"), LiveRoute("e-new", 50, "treatment"))
    house.lab.endpoint = replace(house.lab.endpoint, entities=(*house.lab.endpoint.entities, coming), routes=routes)
    house.experiments.look()
    answered(house, 4000, better=0.0, canary=0.3)
    house.experiments.look()
    assert house.states == [ExperimentState.RUNNING]
    (running,) = house.experiments.of(SYSTEM, "offer")
    report: Any = running.report
    assert 500 < report["excluded_keys"] < 700
    assert report["ratio_p_value"] > 0.001


def test_no_difference_stays_open_until_its_time_is_over(house: House) -> None:
    house.experiments.look()
    answered(house, 3000, better=0.0)
    house.experiments.look()
    assert house.states == [ExperimentState.RUNNING]
    house.clock.advance(timedelta(days=28))
    house.experiments.look()
    assert house.states == [ExperimentState.STOPPED]
    assert house.told[0]["winner"] is None


def test_another_declaration_is_another_experiment(house: House) -> None:
    house.experiments.look()
    house.clock.advance(timedelta(minutes=1))
    house.lab.declare(DECLARED.model_copy(update={"alpha": 0.01}))
    house.experiments.look()
    assert house.states == [ExperimentState.RUNNING, ExperimentState.STOPPED]


def test_without_its_declaration_it_ends(house: House) -> None:
    house.experiments.look()
    house.lab.declare(None)
    house.experiments.look()
    assert house.states == [ExperimentState.STOPPED]


def test_what_somebody_stops_does_not_begin_again(house: House) -> None:
    house.experiments.look()
    stopped = house.experiments.stop(SYSTEM, "offer", "the season is over")
    assert stopped is not None
    house.experiments.look()
    assert house.states == [ExperimentState.STOPPED]
    assert house.told[0]["reason"] == "the season is over"
