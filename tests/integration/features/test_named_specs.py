"""Named specs at the doors: described, found, listed, and in the lineage of the models trained with them."""

import json
import warnings

import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureLookup
from boathouse.session import Session
from boathouse.testing.local import LocalBoathouse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import mlflow
    import mlflow.sklearn

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def spec(fe: FeatureEngineeringClient, schema: str) -> str:
    planes = pa.table({"tail": ["N1", "N2", "N3"], "built": [1999.0, 2004.0, 2010.0]})
    fe.create_table(name=f"{schema}.planes", primary_keys="tail", df=planes)
    fe.create_feature_spec(name=f"{schema}.recipe", features=[FeatureLookup(f"{schema}.planes", lookup_key="tail")])
    return f"{schema}.recipe"


def test_a_spec_is_described_found_and_listed(
    boathouse: LocalBoathouse, session: Session, spec: str, schema: str
) -> None:
    told = boathouse.run("describe", spec, "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["detail"]["language"] == "FEATURE_SPEC"
    assert boathouse.run("describe", spec).returncode == 0
    found = boathouse.run("search", "recipe", "--json")
    assert spec in found.stdout, found.stderr
    info = boathouse.client().get(f"/api/2.1/unity-catalog/functions/{spec}")
    assert (info["routine_body"], info["external_language"]) == ("EXTERNAL", "FEATURE_SPEC")
    assert [each["name"] for each in info["input_params"]["parameters"]] == ["tail"]
    assert [each["name"] for each in info["return_params"]["parameters"]] == ["built"]
    shown = session.sql(f"SHOW FUNCTIONS IN {schema}").arrow().column(0).to_pylist()
    assert any(name.endswith("recipe") for name in shown)
    session.sql(f"ALTER FUNCTION {spec} SET TAGS ('team' = 'flights')")
    session.sql(f"ALTER FUNCTION {spec} OWNER TO admins")


def test_a_model_leads_back_to_its_spec(
    fe: FeatureEngineeringClient, boathouse: LocalBoathouse, spec: str, schema: str
) -> None:
    labels = pa.table({"tail": ["N1", "N2"], "late": [0.0, 1.0]})
    training_set = fe.create_training_set(df=labels.to_pandas(), feature_spec=spec, label="late")
    frame = training_set.load_df()
    with mlflow.start_run():
        fe.log_model(
            model=LinearRegression().fit(frame[["built"]], frame["late"]), name="model", flavor=mlflow.sklearn,
            training_set=training_set, registered_model_name=f"{schema}.delay", pip_requirements=[],
            serialization_format="cloudpickle",
        )  # fmt: skip
    scored = fe.score_batch(model_uri=f"models:/{schema}.delay/1", df=labels.select(["tail"]))
    assert scored.column("prediction").to_pylist() == pytest.approx([0.0, 1.0])
    told = boathouse.run("lineage", f"{schema}.delay@1", "--json")
    assert spec in told.stdout, told.stderr + told.stdout
    consumers = boathouse.run("features", "consumers", f"{schema}.planes", "-o", "json")
    assert f"{schema}.delay" in consumers.stdout, consumers.stderr
    assert spec in consumers.stdout
    consumers = boathouse.run("features", "consumers", f"{schema}.planes.built", "-o", "json")
    assert f"{schema}.delay" in consumers.stdout, consumers.stderr
