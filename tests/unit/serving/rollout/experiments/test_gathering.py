"""What counts for which entity: held against the definition in plain Python."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, variance

import polars as pl
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.endpoints.policy import Experiment
from boathouse.serving.rollout.experiments.gathering import Source, gather
from boathouse.session import LocalLaw, Session

DECLARED = Experiment(
    key=["tail", "origin"], control="old", outcomes="dev.ab.outcomes", outcome="late", outcome_time="known_at",
    guards={"cost": 1.0},
)  # fmt: skip
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
SHARED = BEGAN + timedelta(hours=20)
NAMES = {"e-old": "old", "e-old-2": "old", "e-new": "new"}


@dataclass(frozen=True)
class Answer:
    tail: str
    origin: str
    entity: str
    route: str
    at: datetime


@dataclass(frozen=True)
class Known:
    tail: str
    origin: str
    late: float | None
    cost: float
    at: datetime


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home, SystemClock())
    catalog.bootstrap("ann")
    made = Session(SYSTEM, LocalLaw(catalog), DuckDBEngine())
    made.sql("CREATE SCHEMA dev.ab")
    yield made
    database.dispose()


def drawn(seed: int) -> tuple[list[Answer], list[Known]]:
    """Keys that mostly stay with one entity, and outcomes that come before and after, some twice, some null."""
    chance = random.Random(seed)
    answers: list[Answer] = []
    outcomes: list[Known] = []
    for number in range(300):
        key = (f"N{number // 2}", "JFK" if number % 2 else "LGA")
        usual = chance.choice(["e-old", "e-old-2", "e-new"])
        for _ in range(chance.randint(0, 4)):
            entity = chance.choice(list(NAMES)) if chance.random() < 0.1 else usual
            roles = ["treatment" if entity == "e-new" else "control"] * 12 + ["canary", "primary", "fallback"]
            at = BEGAN + timedelta(minutes=chance.randint(-200, 3000))
            answers.append(Answer(*key, entity, chance.choice(roles), at))
        for _ in range(chance.randint(0, 3)):
            late = chance.choice([0.0, 1.0, 1.0, None])
            at = BEGAN + timedelta(minutes=chance.randint(-200, 6000), seconds=chance.randint(0, 59))
            outcomes.append(Known(*key, late, chance.gauss(5, 2), at))
    return answers, outcomes


@pytest.mark.parametrize("seed", [1, 2])
def test_keys_and_outcomes_are_those_of_the_definition(session: Session, seed: int) -> None:
    answers, outcomes = drawn(seed)
    session.write_table(
        "dev.ab.late_predictions",
        pl.DataFrame(
            {
                "in_tail": [each.tail for each in answers],
                "in_origin": [each.origin for each in answers],
                "served_entity_id": [each.entity for each in answers],
                "route": [each.route for each in answers],
                "request_time": [each.at for each in answers],
            }
        ),
    )
    session.write_table(
        "dev.ab.outcomes",
        pl.DataFrame(
            {
                "tail": [each.tail for each in outcomes],
                "origin": [each.origin for each in outcomes],
                "late": [each.late for each in outcomes],
                "cost": [each.cost for each in outcomes],
                "known_at": [each.at for each in outcomes],
            }
        ),
    )
    source = Source(TableName.parse("dev.ab.late_predictions"), NAMES, BEGAN, SHARED)
    found = gather(session, DECLARED, source)

    by_key: dict[tuple[str, str], list[Answer]] = {}
    for each in answers:
        if each.at >= BEGAN and each.route in ("control", "treatment", "canary"):
            by_key.setdefault((each.tail, each.origin), []).append(each)
    values: dict[str, list[tuple[float, float]]] = {"old": [], "new": []}
    keys, recent, excluded = {"old": 0, "new": 0}, {"old": 0, "new": 0}, 0
    for key, mine in by_key.items():
        first = min(each.at for each in mine)
        if len(entities := {NAMES[each.entity] for each in mine}) == 1:
            recent[entities.pop()] += first >= SHARED
        arms = {"canary" if each.route == "canary" else NAMES[each.entity] for each in mine}
        if len(arms) > 1 or "canary" in arms:
            excluded += 1
            continue
        (arm,) = arms
        keys[arm] += 1
        later = [each for each in outcomes if (each.tail, each.origin) == key and each.at >= first]
        known = sorted((each.at, each.late, each.cost) for each in later if each.late is not None)
        if known:
            values[arm].append((float(known[0][1] or 0.0), known[0][2]))

    assert excluded > 0
    assert found.excluded == excluded
    assert found.first_keys == recent
    for arm, expected in values.items():
        assert (found.arms[arm].keys, found.arms[arm].outcomes) == (keys[arm], len(expected))
        assert found.arms[arm].is_binary
        assert found.arms[arm].mean == pytest.approx(mean(late for late, _ in expected))
        assert found.guards["cost"][arm].variance == pytest.approx(variance(cost for _, cost in expected))
        assert not found.guards["cost"][arm].is_binary
