"""The raw file into a table; a file that is not what it should be stops here."""

import argparse
from pathlib import Path

import boathouse as bh

from PROJECT_PACKAGE.rides import read_rides

arguments = argparse.ArgumentParser()
arguments.add_argument("--schema", required=True)
given = arguments.parse_args()

rides = read_rides(Path(__file__).parent.parent / "data" / "rides.csv")
report = bh.write_table(f"{given.schema}.rides", rides, mode="overwrite")
first, last = rides["day"].min(), rides["day"].max()
print(f"{len(rides)} days from {first} to {last} in {report.table}, version {report.version}")
