"""What the feature store knows of a model's training reaches the evidence of the version, and its gates."""

import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from boathouse.features import FeatureEngineeringClient, FeatureLookup, TrainingSet
from boathouse.foundation.rest import Connection
from boathouse.models.evidence import EvaluationKind, Evidence
from boathouse.models.evidence.client import EvidenceClient
from boathouse.session import Session
from boathouse.session.default import connected_session
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
def training_set(fe: FeatureEngineeringClient, schema: str) -> TrainingSet:
    dice = np.random.default_rng(0)
    hours = [START + timedelta(hours=n) for n in range(60)]
    weather = pl.DataFrame({"origin": ["JFK"] * 60, "at": hours, "temp": dice.normal(size=60)})
    fe.create_table(name=f"{schema}.weather", primary_keys="origin", timeseries_column="at", df=weather)
    late = dice.integers(0, 2, size=60)
    rows = pl.DataFrame(
        {"origin": ["JFK"] * 60, "t": [each + timedelta(minutes=30) for each in hours], "copy": late, "late": late}
    )
    lookup = FeatureLookup(f"{schema}.weather", lookup_key="origin", timestamp_lookup_key="t")
    return fe.create_training_set(df=rows, feature_lookups=[lookup], label="late")


def logged(fe: FeatureEngineeringClient, found: TrainingSet, name: str) -> None:
    with mlflow.start_run():
        fe.log_model(
            model=Nothing(), flavor=mlflow.pyfunc, name="model", pip_requirements=[],
            training_set=found, registered_model_name=name,
        )  # fmt: skip


def evidence_of(session: Session, name: str, version: int = 1) -> dict[tuple[str, str], Evidence]:
    found = EvidenceClient(session.law.client).of(name, version)
    return {(each.measurement.gate, each.measurement.metric): each for each in found}


def test_certificate_and_leak_signals_become_evidence_of_the_version(
    fe: FeatureEngineeringClient, session: Session, training_set: TrainingSet, schema: str
) -> None:
    training_set.certify(sample=30)
    training_set.leak_signals()
    logged(fe, training_set, f"{schema}.late")
    found = evidence_of(session, f"{schema}.late")
    assert {each.evaluation.kind for each in found.values()} == {EvaluationKind.NOTE}
    violations = found["point_in_time", "violations"].measurement
    assert (violations.value, violations.rows) == (0.0, 30)
    assert violations.details["source"] == "features" and "examples" not in str(violations.details)
    signals = found["leakage", "suspicious_signals"].measurement
    assert signals.value is not None and signals.value >= 1
    assert "copy" in [each["column"] for each in signals.details["suspicious"]]


def test_a_training_set_that_nobody_looked_into_sends_nothing(
    fe: FeatureEngineeringClient, session: Session, training_set: TrainingSet, schema: str
) -> None:
    logged(fe, training_set, f"{schema}.plain")
    assert evidence_of(session, f"{schema}.plain") == {}


def test_the_model_carries_the_same_as_files(
    fe: FeatureEngineeringClient, training_set: TrainingSet, schema: str, tmp_path: Path
) -> None:
    training_set.certify(sample=30)
    training_set.leak_signals()
    logged(fe, training_set, f"{schema}.carried")
    place = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{schema}.carried/1", dst_path=str(tmp_path))
    there = {each.name for each in Path(place).iterdir()}
    assert {"feature_spec.yaml", "feature_certificate.json", "leak_signals.json"} <= there


def test_evidence_that_may_not_be_sent_leaves_the_model_registered(
    fe: FeatureEngineeringClient, session: Session, training_set: TrainingSet, schema: str, boathouse: LocalBoathouse,
    as_tracking_server: Callable[[str], None],
) -> None:  # fmt: skip
    training_set.certify(sample=30)
    name = f"{schema}.guarded"
    logged(fe, training_set, name)
    user = f"eve_{schema.replace('.', '_')}"
    assert boathouse.run("users", "create", user).returncode == 0
    token = boathouse.run("tokens", "create", "--for", user).stdout.split()[-1]
    for grant in (f"EXECUTE ON MODEL {name}", f"USE SCHEMA ON SCHEMA {schema}", "USE CATALOG ON CATALOG dev"):
        session.sql(f"GRANT {grant} TO {user}")
    eve = FeatureEngineeringClient(session=connected_session(Connection(boathouse.url, token)))
    with pytest.warns(UserWarning, match=rf"{name}, version 2, is registered, but its evidence for point_in_time"):
        logged(eve, training_set, name)
    assert mlflow.MlflowClient().get_model_version(name, "2").version in (2, "2")
    assert evidence_of(session, name, 2) == {}
