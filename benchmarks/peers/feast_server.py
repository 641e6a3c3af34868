"""Feast's HTTP server over SQLite, by a Python that has it: ``feast_server.py FOLDER PORT KEYS FEATURES``.

Fills its online store with the values of ``serving_features.values``, and becomes ``feast serve`` with a worker per
processor.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64

CONFIG = """
project: served
provider: local
registry: registry.db
online_store: {type: sqlite, path: online.db}
entity_key_serialization_version: 3
telemetry: false
"""


def main() -> None:
    folder, port, keys, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feature_store.yaml").write_text(CONFIG)
    frame = pd.DataFrame({f"f{at}": np.arange(keys) + at / 8 for at in range(count)})
    frame = frame.assign(id=np.arange(keys), event_time=datetime(2025, 1, 1, tzinfo=UTC))
    frame.to_parquet(folder / "values.parquet")
    store = FeatureStore(repo_path=str(folder))
    entity = Entity(name="entity", join_keys=["id"], value_type=ValueType.INT64)
    source = FileSource(name="source", path=str(folder / "values.parquet"), timestamp_field="event_time")
    schema = [Field(name=f"f{at}", dtype=Float64) for at in range(count)]
    view = FeatureView(name="view", entities=[entity], ttl=timedelta(0), source=source, online=True, schema=schema)
    store.apply([entity, view])
    store.write_to_online_store("view", frame)
    feast = str(Path(sys.executable).with_name("feast"))
    command = [feast, "-c", str(folder), "serve", "-h", "127.0.0.1", "-p", port, "-w", str(os.cpu_count())]
    os.execv(feast, [*command, "--no-access-log"])


if __name__ == "__main__":
    main()
