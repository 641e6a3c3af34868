# Databricks notebook source
# MAGIC %md
# MAGIC # Is the challenger good enough?
# MAGIC It is judged on the month that follows its training data, against a naive forecast (the usual late share of the
# MAGIC carrier at that hour) and against the champion, on the same flights. A verdict on too few flights is no verdict:
# MAGIC then this notebook fails, and nothing is promoted.

# COMMAND ----------

import mlflow
import polars as pl
from flights.clocks import Windows, parse_as_of
from flights.evaluation import calibration, judge, score
from flights.training import forecast_naively, known_examples

import boathouse as bh
from boathouse.features import FeatureEngineeringClient

# COMMAND ----------

dbutils.widgets.text("schema", "dev.flights")
dbutils.widgets.text("as_of", "2013-12-01")
schema, as_of = dbutils.widgets.get("schema"), dbutils.widgets.get("as_of")

model, client = f"{schema}.delay_model", mlflow.MlflowClient()
windows = Windows.before(parse_as_of(as_of))
month = known_examples(
    bh.table(f"{schema}.questions", where=f"asked_at >= '{windows.train_until.isoformat()}'").pl(),
    bh.table(f"{schema}.labels").pl(),
    asked_from=windows.train_until,
    asked_until=windows.evaluate_until,
    known_by=windows.as_of,
)
late = month["late"].to_numpy()
print(f"{month.height:,} flights from {windows.train_until:%-d %B} to {windows.evaluate_until:%-d %B}")

# COMMAND ----------

# MAGIC %md ## What each of them says


# COMMAND ----------


def answers(version):
    """The probabilities that a version of the model gives, which looks its features up as they were known."""
    uri = f"models:/{model}/{version.version}"
    return FeatureEngineeringClient().score_batch(model_uri=uri, df=month)["prediction"].to_numpy()


challenger = client.get_model_version_by_alias(model, "challenger")
aliases = client.get_registered_model(model).aliases
champion = client.get_model_version(model, aliases["champion"]) if "champion" in aliases else None

said = answers(challenger)
baseline = pl.DataFrame(mlflow.artifacts.load_dict(f"runs:/{challenger.run_id}/naive_forecast.json"))
scores = {"challenger": score(late, said), "naive": score(late, forecast_naively(baseline, month))}
if champion is not None:
    scores["champion"] = score(late, answers(champion))
for name, each in scores.items():
    print(f"{name:11} AUC {each.auc:.3f}  log loss {each.log_loss:.4f}  Brier {each.brier:.4f}"
          f"  calibration error {each.calibration_error:.3f}")  # fmt: skip

# COMMAND ----------

# MAGIC %md ## The verdict, kept with the version and its run

# COMMAND ----------

verdict = judge(scores["challenger"], scores["naive"], scores.get("champion"))
with mlflow.start_run(run_id=challenger.run_id):
    for name, each in scores.items():
        mlflow.log_metrics(each.metrics("" if name == "challenger" else f"{name}_"))
    mlflow.log_dict([{"said": s, "came": c, "flights": n} for s, c, n in calibration(late, said)], "calibration.json")
tags = {
    "verdict": "promote" if verdict.promote else "keep",
    "reason": verdict.reason,
    "evaluated_on": f"{windows.train_until:%Y-%m-%d}/{windows.evaluate_until:%Y-%m-%d}",
}
for key, value in tags.items():
    client.set_model_version_tag(model, challenger.version, key, value)

# COMMAND ----------

dbutils.notebook.exit(f"{tags['verdict']}: {verdict.reason}")
