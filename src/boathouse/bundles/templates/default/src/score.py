"""What the champion says of every day, beside what happened."""

import argparse

import boathouse as bh
import mlflow
import polars as pl

from PROJECT_PACKAGE.learning import inputs_of

arguments = argparse.ArgumentParser()
arguments.add_argument("--schema", required=True)
arguments.add_argument("--model", required=True)
given = arguments.parse_args()

champion = mlflow.MlflowClient().get_model_version_by_alias(given.model, "champion")
model = mlflow.pyfunc.load_model(f"models:/{given.model}@champion")
features = bh.table(f"{given.schema}.features").pl()
predictions = features.select(
    "day",
    pl.Series("predicted_rides", model.predict(inputs_of(features))),
    pl.col("rides").alias("actual_rides"),
    pl.lit(int(champion.version)).alias("model_version"),
)
report = bh.write_table(f"{given.schema}.predictions", predictions, mode="overwrite")
print(f"{len(predictions)} predictions of version {champion.version} in {report.table}")
