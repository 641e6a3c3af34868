"""Features of every day that has a week of history."""

import argparse

import boathouse as bh

from PROJECT_PACKAGE.feature_table import build_features

arguments = argparse.ArgumentParser()
arguments.add_argument("--schema", required=True)
given = arguments.parse_args()

features = build_features(bh.table(f"{given.schema}.rides").pl())
report = bh.write_table(f"{given.schema}.features", features, mode="overwrite")
print(f"{len(features)} rows in {report.table}, version {report.version}")
