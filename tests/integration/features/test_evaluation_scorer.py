"""A version that carries its features is judged on rows that have only keys; its champion takes plain columns."""

import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureLookup
from boathouse.features.training.evaluation_scorer import scorer_of
from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.building import CaseOrder, opened_case
from boathouse.models.evaluation.running import run_gates
from boathouse.models.evidence import Slice
from boathouse.models.gates.policy import policy_of
from boathouse.models.requirements import Requirements
from boathouse.session import Session

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import mlflow
    import mlflow.sklearn

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]
ROWS = 600


@pytest.fixture
def flights(fe: FeatureEngineeringClient, session: Session, schema: str) -> pl.DataFrame:
    """Flights whose lateness the weather of their hour decides; training rows and rows to judge on."""
    random = np.random.default_rng(0)
    start = datetime(2013, 1, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=number) for number in range(100)]
    wind = random.normal(10, 4, 100)
    weather = pl.DataFrame({"origin": ["EWR"] * 100, "hour": hours, "wind": wind})
    fe.create_table(name=f"{schema}.weather", primary_keys=["origin"], df=weather, timeseries_column="hour")
    hour = random.integers(0, 100, 2 * ROWS)
    late = random.random(2 * ROWS) < 1 / (1 + np.exp(-(wind[hour] - 10)))
    frame = pl.DataFrame(
        {
            "flight": np.arange(2 * ROWS),
            "origin": ["EWR"] * (2 * ROWS),
            "at": [hours[each] + timedelta(minutes=30) for each in hour],
            "distance": random.normal(1000, 100, 2 * ROWS),
            "late": late.astype(int),
        }
    )
    session.write_table(f"{schema}.seen", frame.head(ROWS))
    session.write_table(f"{schema}.judged", frame.tail(ROWS))
    return frame


@pytest.fixture
def model(fe: FeatureEngineeringClient, session: Session, schema: str, flights: pl.DataFrame) -> ModelName:
    """Version 1 takes the distance, version 2 looks the wind up."""
    name = f"{schema}.late"
    seen = session.table(f"{schema}.seen").pl()
    sample = seen.select("distance").to_pandas()
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            LogisticRegression().fit(sample, seen["late"].to_numpy()), name="model", input_example=sample.head(),
            registered_model_name=name, pip_requirements=["scikit-learn"],
        )  # fmt: skip
    training_set = fe.create_training_set(
        df=seen, label="late", exclude_columns=["flight", "distance"],
        feature_lookups=[FeatureLookup(f"{schema}.weather", lookup_key="origin", timestamp_lookup_key="at")],
    )  # fmt: skip
    loaded = training_set.load_df().to_pandas()[["wind"]]
    with mlflow.start_run():
        fe.log_model(
            model=LogisticRegression().fit(loaded, seen["late"].to_numpy()), artifact_path="model",
            flavor=mlflow.sklearn, training_set=training_set, registered_model_name=name,
            pip_requirements=["scikit-learn"],
        )  # fmt: skip
    return ModelName.parse(name)


def needs(schema: str) -> Requirements:
    return Requirements.model_validate(
        {
            "objective": "Late flights are known in advance.",
            "decision": "Crew is planned by it.",
            "owner": "ops",
            "risk_tier": "low",
            "success": {"metric": "missed connections", "proxy": "log_loss"},
            "evaluation": {
                "table": f"{schema}.judged",
                "label": "late",
                "keys": ["flight"],
                "training_table": f"{schema}.seen",
            },
            "slices": [{"predicate": "wind > 10"}],
        }
    )


def test_a_version_is_judged_by_what_it_looks_up(session: Session, schema: str, model: ModelName) -> None:
    with opened_case(session, scorer_of(session), CaseOrder(model, 2, needs(schema), champion=1)) as case:
        assert set(case.missing) <= {"accepted_training"}  # nothing tells what version 1 was trained on
        assert case.rows is not None and case.candidate is not None and case.champion is not None
        assert "wind" in case.rows.frame.columns
        windy = case.rows.slices[Slice("wind > 10", "true")]
        assert (windy == np.flatnonzero(case.rows.frame["wind"].to_numpy() > 10)).all()
        assert case.training is not None
        assert "wind" in case.training.columns
        assert case.run is not None
        assert (schema.split(".")[1] in str(case.run.tables)) == bool(case.run.tables)
        gates = [each for each in policy_of(case.requirements).gates if each.name.startswith(("metric", "against"))]
        found = {(each.gate, each.metric): each for each in run_gates(case, gates)}
    improvement = found["against_champion", "log_loss_improvement"]
    assert improvement.baseline == "version 1"
    assert improvement.interval is not None
    assert improvement.interval[0] > 0
    assert found["metric", "auc"].value > 0.8


def test_a_feature_table_that_is_gone_is_said(session: Session, schema: str, model: ModelName) -> None:
    session.sql(f"DROP TABLE {schema}.weather")
    with opened_case(session, scorer_of(session), CaseOrder(model, 2, needs(schema), champion=1)) as case:
        assert case.candidate is None
        assert f"{schema}.weather" in case.missing["candidate"]
        assert case.champion is not None


def test_a_version_that_is_not_there_is_said(session: Session, schema: str, model: ModelName) -> None:
    with opened_case(session, scorer_of(session), CaseOrder(model, 9, needs(schema))) as case:
        assert case.candidate is None
        assert "9" in case.missing["candidate"]
