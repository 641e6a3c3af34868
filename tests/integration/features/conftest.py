"""One real Boathouse for the room: MLflow's client, governed tables, people with tokens."""

import sys
from collections.abc import Callable, Iterator

import mlflow
import pytest

from boathouse.features.client import FeatureEngineeringClient
from boathouse.foundation.rest import Connection
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing.local import LocalBoathouse


@pytest.fixture
def as_tracking_server(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """MLflow's client beside the test, as whoever the token stands for."""

    def acting(token: str) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)

    monkeypatch.setenv("MLFLOW_TRACKING_URI", boathouse.url)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", boathouse.url)  # set_registry_uri sets it for good, for child processes
    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)
    acting(boathouse.token)
    mlflow.set_tracking_uri(boathouse.url)
    mlflow.set_registry_uri(boathouse.url)
    yield acting
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


@pytest.fixture
def session(boathouse: LocalBoathouse, as_tracking_server: Callable[[str], None]) -> Session:
    """An administrator's session over HTTP."""
    return connected_session(Connection(boathouse.url, boathouse.token))


@pytest.fixture
def schema(session: Session, request: pytest.FixtureRequest) -> str:
    """A schema of the test's own."""
    name = f"dev.t{abs(hash(request.node.nodeid)) % 10**9}"
    session.sql(f"CREATE SCHEMA {name}")
    return name


@pytest.fixture
def fe(session: Session) -> FeatureEngineeringClient:
    return FeatureEngineeringClient(session=session)
