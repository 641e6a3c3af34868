"""A certificate travels with the model and is printed by whoever may read it."""

import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from click.testing import CliRunner

from boathouse.cli.feature_certificates import certificate
from boathouse.features import FeatureEngineeringClient, FeatureLookup, TrainingSet
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.testing.local import LocalBoathouse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import mlflow
    import mlflow.pyfunc

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]

START = datetime(2024, 1, 1, tzinfo=UTC)


class Nothing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [0] * len(model_input)


@pytest.fixture
def training_set(fe: FeatureEngineeringClient, schema: str) -> Callable[[str], TrainingSet]:
    def make(origin: str) -> TrainingSet:
        weather = pl.DataFrame(
            {"origin": ["JFK"] * 3, "at": [START + timedelta(hours=n) for n in range(3)], "temp": [1, 2, 3]}
        )
        fe.create_table(name=f"{schema}.weather", primary_keys="origin", timeseries_column="at", df=weather)
        rows = pl.DataFrame(
            {"origin": [origin] * 3, "t": [START + timedelta(hours=n + 0.5) for n in range(3)], "late": [0, 1, 0]}
        )
        lookup = FeatureLookup(f"{schema}.weather", lookup_key="origin", timestamp_lookup_key="t")
        return fe.create_training_set(df=rows, feature_lookups=[lookup], label="late")

    return make


@pytest.fixture
def ask(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("BOATHOUSE_URL", boathouse.url)
    monkeypatch.setenv("BOATHOUSE_TOKEN", boathouse.token)

    def asking(*arguments: str) -> str:
        done = CliRunner().invoke(certificate, list(arguments), catch_exceptions=False)
        return done.output

    return asking


def test_the_command_prints_the_certificate_of_a_version_an_alias_and_a_run(
    fe: FeatureEngineeringClient, training_set: Callable[[str], TrainingSet], schema: str, ask: Callable[..., str]
) -> None:
    found = training_set("JFK")
    made = found.certify()
    name = f"{schema}.model"
    with mlflow.start_run() as run:
        fe.log_model(
            model=Nothing(), flavor=mlflow.pyfunc, name="model", training_set=found, registered_model_name=name
        )
    mlflow.MlflowClient().set_registered_model_alias(name, "champion", "1")
    for place in (name, f"{name}/1", f"{name}@champion", f"models:/{name}/1", run.info.run_id):
        assert str(made) in ask(place)
    assert json.loads(ask(name, "--output", "json", "--require"))["verdict"] == "passed"


def test_a_gate_refuses_a_certificate_that_proves_nothing(
    fe: FeatureEngineeringClient, training_set: Callable[[str], TrainingSet], schema: str, ask: Callable[..., str]
) -> None:
    found = training_set("nowhere")
    found.certify()
    name = f"{schema}.model"
    fe.log_model(model=Nothing(), flavor=mlflow.pyfunc, name="model", training_set=found, registered_model_name=name)
    assert "INCONCLUSIVE" in ask(name)
    with pytest.raises(Conflict, match="inconclusive"):
        ask(name, "--require")


def test_a_model_without_certificate_and_names_of_nothing_are_told(
    fe: FeatureEngineeringClient, training_set: Callable[[str], TrainingSet], schema: str, ask: Callable[..., str]
) -> None:
    name = f"{schema}.model"
    with mlflow.start_run():
        fe.log_model(
            model=Nothing(),
            flavor=mlflow.pyfunc,
            name="model",
            training_set=training_set("JFK"),
            registered_model_name=name,
        )
    with mlflow.start_run() as empty:
        pass
    with pytest.raises(NotFound, match=r"carries no certificate.*certify\(\)"):
        ask(name)
    with pytest.raises(NotFound, match="logged no model"):
        ask(empty.info.run_id)
    with pytest.raises(NotFound, match=f"^Registered model {schema}.nobody was not found") as unknown:
        ask(f"{schema}.nobody")
    assert "certify" not in str(unknown.value)  # that would not help
    with pytest.raises(InvalidInput, match="neither a model nor a run"):
        ask("what is this")
