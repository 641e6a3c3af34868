"""Feast's side of the point-in-time joins, by a Python that has it: ``feast_point_in_time.py STORE PLAN RESULT``.

``STORE`` is ``dask`` (its default offline store) or ``duckdb``. It reads the same Parquet files, by links in folders of
their own. Views have no TTL, so that no label is lost to one, and labels carry the zone that spares Feast a call of
Python for each. Feast knows no features without a time: the static table is given to it with an instant before all
labels. With two clocks the known time is what it calls created timestamp, and ``filter_by_created_timestamp`` is on.
"""

import json
import logging
import os
import sys
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytz
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float32, Float64
from measured import measured

BEFORE_ALL = datetime(2024, 12, 1, tzinfo=UTC)
TYPES = {"double": Float64, "float": Float32}


def main() -> None:
    kind, plan_file, result_file = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    plan = json.loads(Path(plan_file).read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = _store(folder, kind)
        entity = Entity(name="entity", join_keys=["id"], value_type=ValueType.INT64)
        views = [_view(folder, entity, table, kind) for table in plan["tables"]]
        store.apply([entity, *views])
        labels = pd.read_parquet(plan["labels"]).rename(columns={"at": "event_timestamp"})
        labels["event_timestamp"] = labels["event_timestamp"].dt.tz_convert(pytz.UTC)
        asked = [f"{view.name}:{field.name}" for view in views for field in view.features]
        clocks = {"filter_by_created_timestamp": True} if any(table["known"] for table in plan["tables"]) else {}

        def work() -> pa.Table | pd.DataFrame:
            job = store.get_historical_features(entity_df=labels, features=asked, **clocks)
            return job.to_df() if kind == "dask" else job.to_arrow()

        result = measured(work)
    if isinstance(result, pd.DataFrame):
        result = pa.Table.from_pandas(result, preserve_index=False)
    result = result.sort_by("row")
    with pa.OSFile(result_file, "wb") as sink, pa.ipc.new_file(sink, result.schema) as writer:
        writer.write_table(result)


def _store(folder: Path, kind: str) -> FeatureStore:
    return FeatureStore(
        config=RepoConfig(
            project="bench", provider="local", registry=str(folder / "registry.db"), offline_store={"type": kind},
            online_store={"type": "sqlite", "path": str(folder / "online.db")}, entity_key_serialization_version=3,
        )
    )  # fmt: skip


def _view(folder: Path, entity: Entity, table: dict, kind: str) -> FeatureView:
    name = table["name"].rpartition(".")[2]
    files = folder / name
    files.mkdir()
    for number, file in enumerate(table["files"]):
        if table["static"]:
            rows = pq.read_table(file)
            instants = pa.array([BEFORE_ALL] * rows.num_rows, pa.timestamp("us", "UTC"))
            pq.write_table(rows.append_column("event_time", instants), files / f"{number}.parquet")
        else:
            os.symlink(file, files / f"{number}.parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(table["files"][0])}
    return FeatureView(
        name=name, entities=[entity], ttl=timedelta(0),
        schema=[Field(name=feature, dtype=TYPES[types[feature]]) for feature in table["features"]],
        source=FileSource(
            name=f"{name}_source", path=str(files) if kind == "dask" else f"{files}/*.parquet",
            timestamp_field="event_time", created_timestamp_column=table["known"] or "",
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
