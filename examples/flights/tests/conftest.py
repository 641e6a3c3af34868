"""A small airport year: a few aircraft, two carriers, honest clocks; random, but the same each time."""

import itertools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.features import FeatureEngineeringClient, TrainingSet
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.session import LocalLaw, Session

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

START = datetime(2013, 3, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """The real files, as they are."""
    from flights import source

    return {name: _read(source.read_raw(name), tmp_path_factory.mktemp("raw") / name) for name in source.FILES}


def _read(content: bytes, file: Path) -> pa.Table:
    file.write_bytes(content)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        return database.read_csv(str(file), na_values="NA").to_arrow_table()


@pytest.fixture(scope="session")
def flights() -> pl.DataFrame:
    """Three weeks of flights over the change to summer time, some cancelled, some diverted, some hours late."""
    chance = random.Random(7)
    return pl.DataFrame([_flight(chance, number) for number in range(1500)], infer_schema_length=None)


@pytest.fixture(scope="session")
def weather() -> pl.DataFrame:
    chance = random.Random(8)
    hours = [START - timedelta(hours=6) + timedelta(hours=hour) for hour in range(24 * 22)]
    rows = [
        {
            "origin": origin,
            "observed_at": hour,
            "known_at": hour + timedelta(hours=1),
            "temperature_f": chance.uniform(20, 60),
            "humidity": chance.choice([None, 40.0, 90.0]),
            **dict.fromkeys(("wind_mph", "gust_mph", "precipitation_inches", "visibility_miles"), 5.0),
            "pressure_mb": chance.uniform(990, 1030),
        }
        for origin in ("EWR", "JFK", "LGA")
        for hour in hours
        if chance.random() > 0.1  # some hours were never reported
    ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="session")
def planes() -> pl.DataFrame:
    return pl.DataFrame({"tailnum": ["N1", "N2", "N3"], "built": [1990, None, 2010], "seats": [50, 180, None]}).cast(
        {"built": pl.Int32, "seats": pl.Int32}
    )


@dataclass(frozen=True, slots=True)
class Store:
    """Feature tables of some flights, as the features job makes them."""

    client: FeatureEngineeringClient
    session: Session
    schema: str

    def training_set(self, questions: pl.DataFrame, **options: Any) -> TrainingSet:
        from flights.jobs.store import features

        return self.client.create_training_set(
            df=questions, feature_lookups=features(self.schema), label=None, **options
        )

    def answers(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Each question with everything that the store knew when it was asked."""
        return self.training_set(questions).load_df()


@pytest.fixture(scope="session")
def catalog(tmp_path_factory) -> Iterator[Catalog]:
    home = Home(tmp_path_factory.mktemp("flights") / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    made = Catalog(database, home)
    made.bootstrap("root")
    yield made
    database.dispose()


@pytest.fixture(scope="session")
def new_store(catalog) -> Callable[..., Store]:
    """Makes a feature store of flights, weather and planes; no server is needed."""
    session = Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())
    client, numbers = FeatureEngineeringClient(session=session), itertools.count()

    def make(flights: pl.DataFrame, weather: pl.DataFrame, planes: pl.DataFrame) -> Store:
        from flights.features import build_punctuality
        from flights.jobs.store import PUNCTUALITY, WEATHER, make_functions, put

        schema = f"dev.flights_{next(numbers)}"
        catalog.securables.create_schema(SYSTEM, SchemaName(*schema.split(".")))
        put(client, schema, WEATHER, weather.to_arrow())
        tables = build_punctuality(flights.to_arrow())
        for design in PUNCTUALITY:
            put(client, schema, design, tables[design.name])
        client.create_table(name=f"{schema}.planes", primary_keys="tailnum", df=planes)
        make_functions(session, schema)
        return Store(client, session, schema)

    return make


@pytest.fixture(scope="session")
def store(new_store, flights, weather, planes) -> Store:
    return new_store(flights, weather, planes)


@pytest.fixture(scope="session")
def questions(flights) -> pl.DataFrame:
    from flights.features import build_questions

    return pl.DataFrame(build_questions(flights.to_arrow()))


def _flight(chance: random.Random, number: int) -> dict[str, object]:
    departure = START + timedelta(minutes=10 * chance.randrange(6 * 24 * 20))
    arrival = departure + timedelta(minutes=chance.randrange(60, 400))
    fate = chance.choices(("landed", "diverted", "cancelled"), (90, 5, 5))[0]
    delay = int(chance.gauss(5, 40)) if fate == "landed" else None
    landed = {"landed": arrival + timedelta(minutes=delay or 0), "diverted": arrival + timedelta(hours=3)}.get(fate)
    return {
        "flight_id": f"{number:04}",
        "carrier": chance.choice(["AA", "UA"]),
        "tailnum": chance.choice(["N1", "N2", "N3", "N4", "N5", "N6"]) if fate != "cancelled" else None,
        "origin": chance.choice(["EWR", "JFK", "LGA"]),
        "dest": chance.choice(["BOS", "SFO", "SJU"]),
        "distance": chance.randrange(200, 2500),
        "departure_date": departure.astimezone(_new_york()).date(),
        "scheduled_departure_at": departure,
        "scheduled_arrival_at": arrival,
        "status": fate,
        "departed_at": departure if landed else None,
        "landed_at": landed,
        "arrival_delay_minutes": delay,
    }


def _new_york():
    from flights.clocks import NEW_YORK

    return NEW_YORK
