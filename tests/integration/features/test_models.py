"""Models that carry their features: logged to a real server, registered, found again, and asked."""

import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.specs.spec_files import read_spec
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, NotFound
from boathouse.foundation.rest import Connection
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing.local import LocalBoathouse

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's own, at its import
    import mlflow
    import mlflow.pyfunc
    import mlflow.sklearn

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]


class Sum(mlflow.pyfunc.PythonModel):
    """Adds up what it is given, and says by which names."""

    def predict(self, context, model_input, params=None):
        return model_input.astype("float64").fillna(-1000).sum(axis=1)


def instants(*hours: float) -> pa.Array:
    start = datetime(2013, 1, 1, tzinfo=UTC)
    return pa.array([start + timedelta(hours=each) for each in hours], pa.timestamp("us", "UTC"))


@pytest.fixture
def wishes(fe: FeatureEngineeringClient, session: Session, schema: str) -> list[FeatureLookup | FeatureFunction]:
    weather = pa.table(
        {"origin": ["EWR", "EWR", "JFK"], "hour": instants(1, 3, 1), "temp": [1.0, 3.0, 5.0], "wind": [10, 30, 20]}
    )
    fe.create_table(name=f"{schema}.weather", primary_keys=["origin"], df=weather, timeseries_column="hour")
    planes = pa.table({"tail": ["N1", "N2"], "built": pa.array([1999, 2004], pa.int32())})
    fe.create_table(name=f"{schema}.planes", primary_keys="tail", df=planes)
    session.sql(f"CREATE FUNCTION {schema}.age(built INT, year INT) RETURNS INT RETURN year - built")
    return [
        FeatureLookup(f"{schema}.weather", lookup_key="origin", timestamp_lookup_key="at"),
        FeatureLookup(f"{schema}.planes", lookup_key="tail"),
        FeatureFunction(f"{schema}.age", {"built": "built", "year": "year"}),
    ]


def labels() -> pa.Table:
    return pa.table(
        {
            "origin": ["JFK", "EWR", "EWR"], "at": instants(2, 2, 5), "tail": ["N1", "N2", "N2"],
            "year": pa.array([2013, 2013, 2013], pa.int32()), "late": [1.0, 0.0, 2.0],
        }
    )  # fmt: skip


def keys() -> pa.Table:
    return pa.table(
        {
            "flight": ["a", "b", "c", "d"], "origin": ["EWR", "JFK", "LGA", "EWR"], "at": instants(4, 4, 4, 2),
            "tail": ["N2", None, "N1", "N1"], "year": pa.array([2014, 2014, 2014, 2014], pa.int32()),
        }
    )  # fmt: skip


@pytest.fixture
def model(fe: FeatureEngineeringClient, wishes: list[Any], schema: str) -> str:
    """A registered model that adds temp, wind and age up, without being told what it takes."""
    training_set = fe.create_training_set(
        df=labels(), feature_lookups=wishes, label="late", exclude_columns=["built", "year"]
    )
    with mlflow.start_run():
        fe.log_model(
            model=Sum(), artifact_path="model", flavor=mlflow.pyfunc, pip_requirements=[], training_set=training_set,
            registered_model_name=f"{schema}.sum",
        )  # fmt: skip
    return f"{schema}.sum"


def test_a_model_is_asked_by_keys_alone(fe: FeatureEngineeringClient, model: str) -> None:
    scored = fe.score_batch(model_uri=f"models:/{model}/1", df=keys())
    assert scored.schema.names == [*keys().schema.names, "temp", "wind", "age", "prediction"]
    assert scored.column("temp").to_pylist() == [3.0, 5.0, None, 1.0]
    assert scored.column("age").to_pylist() == [10, None, 15, 15]
    assert scored.column("prediction").to_pylist() == [43.0, -975.0, -1985.0, 26.0]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_predictions_come_in_the_frame_that_was_given(fe: FeatureEngineeringClient, model: str, kind: str) -> None:
    frame: Any = keys().to_pandas().set_index(pd.Index([4, 3, 2, 1])) if kind == "pandas" else pl.from_arrow(keys())
    scored = fe.score_batch(model_uri=f"models:/{model}/1", df=frame)
    assert type(scored) is type(frame)
    assert list(scored["prediction"]) == [43.0, -975.0, -1985.0, 26.0]
    if kind == "pandas":
        assert list(scored.index) == [4, 3, 2, 1]


def test_a_model_is_found_by_alias_run_and_version(fe: FeatureEngineeringClient, model: str) -> None:
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(model, "champion", "1")
    run_id = client.get_model_version(model, "1").run_id
    for uri in (f"models:/{model}@champion", f"runs:/{run_id}/model"):
        assert fe.score_batch(model_uri=uri, df=keys()).column("prediction").to_pylist()[0] == 43.0, uri


def test_given_values_stand_and_spare_the_lookup(
    fe: FeatureEngineeringClient, session: Session, model: str, schema: str
) -> None:
    frame = keys().append_column("temp", pa.array([None, 1, 1, 1], pa.float64()))
    scored = fe.score_batch(model_uri=f"models:/{model}/1", df=frame)
    assert scored.column("temp").to_pylist() == [None, 1.0, 1.0, 1.0]
    assert scored.column("prediction").to_pylist() == [-960.0, -979.0, -984.0, 26.0]
    rows = pa.table({"origin": ["JFK"], "hour": instants(1), "wind": [7]})
    session.write_table(f"{schema}.weather", rows, mode="overwrite", schema_mode="overwrite")
    frame = keys().append_column("temp", pa.array([0.0] * 4))
    assert fe.score_batch(model_uri=f"models:/{model}/1", df=frame).column("wind").to_pylist() == [None, 7, None, None]
    session.write_table(
        f"{schema}.weather", rows.append_column("temp", pa.array([1.0])), mode="overwrite", schema_mode="overwrite"
    )
    session.sql(f"DROP TABLE {schema}.planes")
    frame = keys().drop_columns(["tail"]).append_column("built", pa.array([2000] * 4))
    assert fe.score_batch(model_uri=f"models:/{model}/1", df=frame).column("age").to_pylist() == [14] * 4
    frame = keys().append_column("temp", pa.array(["warm"] * 4))
    with pytest.raises(InvalidInput, match="takes the feature temp as DOUBLE, and the frame gives it as string"):
        fe.score_batch(model_uri=f"models:/{model}/1", df=frame)


def test_the_bare_model_takes_its_features_as_any_model_does(fe: FeatureEngineeringClient, model: str) -> None:
    bare = mlflow.pyfunc.load_model(f"models:/{model}/1")
    assert bare.metadata.get_input_schema().input_names() == ["temp", "wind", "age"]
    answer = bare.predict(pd.DataFrame({"temp": [1.0], "wind": [2], "age": np.array([3], "int32")}))
    assert list(answer) == [6.0]


def test_the_recipe_lies_in_the_models_folder(model: str, schema: str) -> None:
    text = mlflow.artifacts.load_text(f"models:/{model}/1/feature_spec.yaml")
    spec = read_spec(text)
    assert spec.inputs == ("temp", "wind", "age")
    assert spec.labels == ("late",)
    assert spec.table_versions == {f"{schema}.weather": 0, f"{schema}.planes": 0}
    assert mlflow.models.get_model_info(f"models:/{model}/1").metadata == {"feature_spec": "feature_spec.yaml"}


def test_a_copy_of_a_version_carries_the_recipe_too(fe: FeatureEngineeringClient, model: str, schema: str) -> None:
    mlflow.MlflowClient().copy_model_version(f"models:/{model}/1", f"{schema}.copy")
    scored = fe.score_batch(model_uri=f"models:/{schema}.copy/1", df=keys())
    assert scored.column("prediction").to_pylist()[0] == 43.0


def test_a_version_tells_what_it_takes(boathouse: LocalBoathouse, model: str, schema: str) -> None:
    tags = mlflow.MlflowClient().get_model_version(model, "1").tags
    assert tags["features"] == f"4 features of {schema}.weather@v0, {schema}.planes@v0 and functions {schema}.age"
    told = boathouse.run("lineage", "show", f"{model}@1", "--up", "--json")
    if told.returncode:
        told = boathouse.run("lineage", f"{model}@1", "--json")
    assert told.returncode == 0, told.stderr
    assert f"{schema}.weather" in told.stdout
    assert "FEATURES" in told.stdout


def test_what_a_version_was_trained_on_stays_readable(
    fe: FeatureEngineeringClient, session: Session, model: str, schema: str
) -> None:
    run_id = mlflow.MlflowClient().get_model_version(model, "1").run_id
    inputs = mlflow.get_run(run_id).inputs.dataset_inputs
    assert {each.dataset.name for each in inputs} == {f"{schema}.weather", f"{schema}.planes"}
    session.sql(f"DELETE FROM {schema}.planes WHERE true")
    session.sql(f"ALTER TABLE {schema}.planes SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    session.sql(f"VACUUM {schema}.planes RETAIN 0 HOURS")
    assert session.table(f"{schema}.planes", version=0).arrow().num_rows == 2


def test_what_has_gone_is_named_with_the_model(
    fe: FeatureEngineeringClient, session: Session, model: str, schema: str
) -> None:
    uri = f"models:/{model}/1"
    with pytest.raises(
        InvalidInput, match=rf"Model {uri} needs the column origin, by which it looks features of {schema}.weather"
    ):
        fe.score_batch(model_uri=uri, df=keys().drop_columns(["origin"]))
    with pytest.raises(InvalidInput, match="needs the column year, which function"):
        fe.score_batch(model_uri=uri, df=keys().drop_columns(["year"]))
    with pytest.raises(InvalidInput, match="has a column prediction already"):
        fe.score_batch(model_uri=uri, df=fe.score_batch(model_uri=uri, df=keys()))
    rows = pa.table({"origin": ["EWR"], "hour": instants(1), "temp": ["warm"], "wind": [1]})
    session.write_table(f"{schema}.weather", rows, mode="overwrite", schema_mode="overwrite")
    with pytest.raises(
        InvalidInput, match=rf"Model {uri} takes temp from table {schema}.weather as DOUBLE, and it is STRING"
    ):
        fe.score_batch(model_uri=uri, df=keys())
    session.write_table(f"{schema}.weather", rows.drop_columns(["temp"]), mode="overwrite", schema_mode="overwrite")
    with pytest.raises(
        InvalidInput, match=rf"Model {uri} takes temp from table {schema}.weather, which has no such column"
    ):
        fe.score_batch(model_uri=uri, df=keys())
    session.sql(f"DROP TABLE {schema}.weather")
    with pytest.raises(NotFound, match=rf"Model {uri} needs what cannot be read: Table {schema}.weather was not found"):
        fe.score_batch(model_uri=uri, df=keys())


def test_a_model_without_a_recipe_says_so(fe: FeatureEngineeringClient, schema: str) -> None:
    with mlflow.start_run():
        info = fe.log_model(
            model=Sum(),
            name="plain",
            flavor=mlflow.pyfunc,
            pip_requirements=[],
            registered_model_name=f"{schema}.plain",
        )
    assert int(info.registered_model_version or 0) == 1
    with pytest.raises(InvalidInput, match=f"Model models:/{schema}.plain/1 carries no recipe of features"):
        fe.score_batch(model_uri=f"models:/{schema}.plain/1", df=keys())
    with pytest.raises(NotFound):
        fe.score_batch(model_uri=f"models:/{schema}.nothing/1", df=keys())


@pytest.mark.parametrize(
    ("told", "meant"),
    [("", "models:/{name}@champion"), ("@best", "models:/{name}@best"), ("/3", "models:/{name}/3")],
)
def test_a_models_name_is_not_its_address(fe: FeatureEngineeringClient, schema: str, told: str, meant: str):
    with pytest.raises(InvalidInput, match=f"{schema}.plain{told}' is no address of a model") as refused:
        fe.score_batch(model_uri=f"{schema}.plain{told}", df=keys())
    assert meant.format(name=f"{schema}.plain") in str(refused.value.hint)
    with pytest.raises(InvalidInput, match="no flavour of MLflow"):
        fe.log_model(model=Sum(), name="plain", flavor=pd)


def test_who_may_not_read_a_table_gets_no_prediction(
    fe: FeatureEngineeringClient, boathouse: LocalBoathouse, model: str, schema: str, session: Session,
    as_tracking_server: Callable[[str], None],
) -> None:  # fmt: skip
    name = f"eve_{schema.replace('.', '_')}"
    told = boathouse.run("users", "create", name)
    assert told.returncode == 0, told.stderr + told.stdout
    told = boathouse.run("tokens", "create", "--for", name)
    assert told.returncode == 0, told.stderr + told.stdout
    token = told.stdout.split()[-1]
    for grant in (f"EXECUTE ON FUNCTION {schema}.age", f"EXECUTE ON MODEL {model}", f"USE SCHEMA ON SCHEMA {schema}",
                  f"SELECT ON TABLE {schema}.weather", "USE CATALOG ON CATALOG dev"):  # fmt: skip
        session.sql(f"GRANT {grant} TO {name}")
    as_tracking_server(token)
    eve = FeatureEngineeringClient(session=connected_session(Connection(boathouse.url, token)))
    with pytest.raises(
        (Denied, NotFound), match=rf"Model models:/{model}/1 needs what cannot be read: .*{schema}.planes"
    ):
        eve.score_batch(model_uri=f"models:/{model}/1", df=keys())
    session.sql(f"GRANT SELECT ON TABLE {schema}.planes TO {name}")
    assert eve.score_batch(model_uri=f"models:/{model}/1", df=keys()).num_rows == 4


def test_a_fitted_model_says_itself_what_it_takes(fe: FeatureEngineeringClient, wishes: list[Any], schema: str) -> None:
    training_set = fe.create_training_set(df=labels().to_pandas(), feature_lookups=wishes, label="late")
    frame = training_set.load_df()
    fitted = LinearRegression().fit(frame[["wind", "temp"]], frame["late"])
    with mlflow.start_run():
        info = fe.log_model(
            model=fitted, name="model", flavor=mlflow.sklearn, pip_requirements=[],
            training_set=training_set, infer_input_example=True,
            serialization_format="cloudpickle",
        )  # fmt: skip
    assert info.signature.inputs.input_names() == ["wind", "temp"]
    scored = fe.score_batch(model_uri=info.model_uri, df=keys().slice(0, 2), result_type="float")
    expected = fitted.predict(pd.DataFrame({"wind": [30, 20], "temp": [3.0, 5.0]}))
    assert scored.column("prediction").type == pa.float32()
    assert scored.column("prediction").to_pylist() == pytest.approx(list(expected), abs=1e-5)
    other = LinearRegression().fit(frame[["wind", "temp"]].assign(more=1.0), frame["late"])
    with pytest.raises(InvalidInput, match=r"takes 3 inputs \(wind, temp, more\), and the training set has"):
        fe.log_model(model=other, name="model", flavor=mlflow.sklearn, pip_requirements=[], training_set=training_set)


class Several(mlflow.pyfunc.PythonModel):
    """Answers in the shape that its parameter names."""

    def predict(self, context, model_input, params=None):
        base = model_input["wind"].fillna(0).to_numpy(dtype="float64")
        return {
            "matrix": np.column_stack([base, base * 2]),
            "frame": pd.DataFrame({"low": base - 1, "high": base + 1}),
            "column": base.reshape(-1, 1),
            "list": [str(each) for each in base],
            "short": base[:1],
        }[(params or {}).get("shape", "matrix")]


def test_several_outputs_are_lists_or_structs(fe: FeatureEngineeringClient, wishes: list[Any]) -> None:
    from mlflow.models import infer_signature

    training_set = fe.create_training_set(df=labels(), feature_lookups=wishes, label="late")
    signature = infer_signature(pd.DataFrame({"wind": [1]}), params={"shape": "matrix"})
    with mlflow.start_run():
        info = fe.log_model(
            model=Several(),
            name="several",
            flavor=mlflow.pyfunc,
            pip_requirements=[],
            training_set=training_set,
            signature=signature,
        )
    found = {
        shape: fe.score_batch(model_uri=info.model_uri, df=keys().slice(0, 2), params={"shape": shape}).column(
            "prediction"
        )
        for shape in ("matrix", "frame", "column", "list")
    }
    assert found["matrix"].to_pylist() == [[30.0, 60.0], [20.0, 40.0]]
    assert found["frame"].to_pylist() == [{"low": 29.0, "high": 31.0}, {"low": 19.0, "high": 21.0}]
    assert found["column"].to_pylist() == [30.0, 20.0]
    assert found["list"].to_pylist() == ["30.0", "20.0"]
    with pytest.raises(InvalidInput, match="gave 1 answers for 2 rows"):
        fe.score_batch(model_uri=info.model_uri, df=keys().slice(0, 2), params={"shape": "short"})
    with pytest.raises(InvalidInput, match="cannot be double"):
        fe.score_batch(model_uri=info.model_uri, df=keys().slice(0, 2), result_type="double")


def test_no_rows_give_no_predictions(fe: FeatureEngineeringClient, model: str) -> None:
    scored = fe.score_batch(model_uri=f"models:/{model}/1", df=keys().slice(0, 0))
    assert scored.num_rows == 0
    assert scored.schema.names[-1] == "prediction"


def test_nulls_where_the_training_rows_had_none_reach_the_model(fe: FeatureEngineeringClient, model: str) -> None:
    bare = mlflow.pyfunc.load_model(f"models:/{model}/1")
    assert str(bare.metadata.get_input_schema().input_dict()["wind"].type) == "DataType.long"
    frame = keys().slice(2, 1)
    assert fe.score_batch(model_uri=f"models:/{model}/1", df=frame).column("prediction").to_pylist() == [-1985.0]


def test_the_certificate_goes_with_the_version(fe: FeatureEngineeringClient, wishes: list[Any], schema: str) -> None:
    training_set = fe.create_training_set(df=labels(), feature_lookups=wishes, label="late")
    certificate = training_set.certify(sample=3)
    name = f"{schema}.certified"
    with mlflow.start_run():
        fe.log_model(
            model=Sum(), name="model", flavor=mlflow.pyfunc, pip_requirements=[],
            training_set=training_set, registered_model_name=name,
            signature=mlflow.models.infer_signature(pd.DataFrame({"temp": [1.0]})),
        )  # fmt: skip
    told = json.loads(mlflow.artifacts.load_text(f"models:/{name}/1/feature_certificate.json"))
    assert told
    assert mlflow.MlflowClient().get_model_version(name, "1").tags["certificate"] == str(certificate.verdict)


def test_a_function_that_raises_stops_the_scoring(
    fe: FeatureEngineeringClient, session: Session, schema: str, wishes: list[Any]
) -> None:
    session.sql(
        f"CREATE FUNCTION {schema}.odd(wind BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS $$\nreturn 100 // (wind - 20)\n$$"
    )
    training_set = fe.create_training_set(
        df=labels().slice(1), feature_lookups=[wishes[0], FeatureFunction(f"{schema}.odd")], label="late"
    )
    with mlflow.start_run():
        info = fe.log_model(model=Sum(), name="model", flavor=mlflow.pyfunc, pip_requirements=[],
                            training_set=training_set,
                            signature=mlflow.models.infer_signature(pd.DataFrame({"odd": [1]})))  # fmt: skip
    with pytest.raises(BoathouseError, match=rf"{schema}.odd failed in row 2 with wind=20 .*ZeroDivisionError"):
        fe.score_batch(model_uri=info.model_uri, df=keys().slice(0, 2))


def test_a_big_frame_is_given_to_the_model_in_blocks(
    fe: FeatureEngineeringClient, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fe.score_batch(model_uri=f"models:/{model}/1", df=keys())
    monkeypatch.setattr("boathouse.features.training.scoring.BLOCK_ROWS", 3)
    assert fe.score_batch(model_uri=f"models:/{model}/1", df=keys()) == whole


def test_a_prediction_sees_the_features_that_training_saw(
    fe: FeatureEngineeringClient, model: str, wishes: list[Any]
) -> None:
    trained = fe.create_training_set(df=labels(), feature_lookups=wishes, label="late").load_df()
    scored = fe.score_batch(model_uri=f"models:/{model}/1", df=labels())
    for name in ("temp", "wind", "age"):
        assert scored.column(name) == trained.column(name)


def test_a_tracking_server_that_is_not_ours_is_told(
    fe: FeatureEngineeringClient, wishes: list[Any], tmp_path: Path
) -> None:
    training_set = fe.create_training_set(df=labels(), feature_lookups=wishes, label="late")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_registry_uri(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = mlflow.create_experiment("elsewhere", artifact_location=str(tmp_path / "artifacts"))
    with pytest.warns(UserWarning, match="Is MLFLOW_TRACKING_URI that of this Boathouse"):
        with mlflow.start_run(experiment_id=experiment):
            fe.log_model(
                model=Sum(), name="model", flavor=mlflow.pyfunc, training_set=training_set, pip_requirements=[],
                registered_model_name="dev.elsewhere.sum",
                signature=mlflow.models.infer_signature(pd.DataFrame({"temp": [1.0]})),
            )  # fmt: skip
    scored = fe.score_batch(model_uri="models:/dev.elsewhere.sum/1", df=labels())
    assert scored.column("prediction").to_pylist() == [5.0, 1.0, 3.0]
