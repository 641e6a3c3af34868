"""Models that are no plain function over numbers: with features to look up, and with code of their own."""

import shutil
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from boathouse.features import FeatureEngineeringClient, FeatureLookup
from boathouse.features.specs.spec_files import SPEC_FILE, spec_text
from boathouse.serving.batch.models import loaded
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.session import Session

OWN = """
import mlflow

class Words(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return ["late" if value > 1 else "in time" for value in model_input["x"]]

mlflow.models.set_model(Words())
"""


def test_features_are_looked_up_as_they_were_known(
    session: Session, model_folder: Path, bare: Any, tmp_path: Path
) -> None:
    fe = FeatureEngineeringClient(session=session)
    at = pd.to_datetime(["2025-01-01", "2025-02-01"], utc=True)
    fe.create_table(
        name="dev.shop.users", primary_keys=["user_id", "ts"], timeseries_column="ts",
        df=pd.DataFrame({"user_id": [1, 1], "ts": at, "b": [0.25, 0.75]}),
    )  # fmt: skip
    days = pa.array([datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    asked = pa.table({"user_id": [1, 1], "day": days, "a": [0.5, 0.5]})
    lookup = FeatureLookup(table_name="dev.shop.users", lookup_key="user_id", timestamp_lookup_key="day")
    spec = fe.create_training_set(df=asked, feature_lookups=[lookup], label=None).spec
    folder = tmp_path / "with_features"
    shutil.copytree(model_folder, folder)
    (folder / SPEC_FILE).write_text(spec_text(spec))

    with loaded(folder, "dev.shop.featured", 2, session) as model:
        found = ScoredRows(model, asked.to_reader()).reader().read_all()

    assert found.column_names == ["user_id", "day", "a", "prediction", "model_version"]
    assert found["prediction"].to_pylist() == bare.predict([[0.5, 0.25], [0.5, 0.75]]).tolist()


def test_a_model_of_its_own_code_is_asked_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)
    file = tmp_path / "words.py"
    file.write_text(OWN)
    inputs = pd.DataFrame({"x": [0.5, 1.5]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        mlflow.pyfunc.save_model(
            tmp_path / "words", python_model=str(file), input_example=inputs, pip_requirements=[],
            signature=mlflow.models.infer_signature(inputs, ["late", "in time"]),
        )  # fmt: skip

    with loaded(tmp_path / "words", "dev.shop.words", 1) as model:
        found = ScoredRows(model, pa.table({"x": [0.0, 2.0, None]}).to_reader()).reader().read_all()
        assert not model.is_native
        assert model.prediction_type == pa.string()

    assert found["prediction"].to_pylist() == ["in time", "late", "in time"]
