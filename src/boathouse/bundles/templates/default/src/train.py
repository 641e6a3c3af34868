"""Learn, judge on the last days, register; the alias champion moves only to a model that is better than a guess."""

import argparse

import boathouse as bh
import mlflow
from mlflow.models import infer_signature

from PROJECT_PACKAGE.feature_table import LABEL, split_by_time
from PROJECT_PACKAGE.learning import fit_model, inputs_of, mean_absolute_error, naive_error

arguments = argparse.ArgumentParser()
arguments.add_argument("--schema", required=True)
arguments.add_argument("--model", required=True)
arguments.add_argument("--experiment", required=True)
arguments.add_argument("--test-days", type=int, default=120)
given = arguments.parse_args()

train, test = split_by_time(bh.table(f"{given.schema}.features").pl(), given.test_days)
bh.write_table(f"{given.schema}.training", train, mode="overwrite")  # boathouse.yml names both: what a version has
bh.write_table(f"{given.schema}.evaluation", test, mode="overwrite")  # learned from, and what it is judged on

mlflow.set_experiment(given.experiment)
mlflow.sklearn.autolog(log_models=False)  # the model is logged below, with its signature and its name
with mlflow.start_run():
    model = fit_model(train)
    inputs = inputs_of(test)
    error = mean_absolute_error(test[LABEL], model.predict(inputs))
    naive = naive_error(test)
    mlflow.log_metrics({"test_mae": error, "naive_mae": naive, "train_days": len(train), "test_days": len(test)})
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(inputs, model.predict(inputs)),
        input_example=inputs.head(),
        registered_model_name=given.model,
    )

print(f"mean absolute error {error:.0f} rides a day; a guess is off by {naive:.0f}")
if error >= naive:
    raise SystemExit("The model is no better than a guess; champion stays where it is.")
version = logged.registered_model_version
mlflow.MlflowClient().set_registered_model_alias(given.model, "champion", version)
print(f"champion of {given.model} is version {version}")
