"""An experiment begins with its declaration, is decided once, and ends with its declaration."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.models.evidence.nouns import Evaluation, Measurement
from boathouse.serving.capture import repository as inference_tables
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind, Route, ServedEntity, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy, Experiment
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
    clock: ManualClock
    lab: Lab
    experiments: Experiments

    @property
    def states(self) -> list[ExperimentState]:
        return [each.state for each in self.experiments.of(SYSTEM, "offer")]

    @property
    def told(self) -> list[Any]:
        found = self.catalog.events.settled_after(0)
        return [each.data for each in found if each.type == "experiment.decided"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    migrate(database)
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
    yield House(catalog, clock, lab, Experiments(catalog, endpoints, lab, clock, every_seconds=0, rest=0))
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
