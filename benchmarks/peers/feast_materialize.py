"""Feast's side of publishing, by a Python that has it: ``feast_materialize.py STORE FOLDER REDIS_URL KEYS``.

``STORE`` is ``sqlite`` or ``redis``. All rows are materialised from one file, then the interval of a last commit
that holds 1 % of the keys.
"""

import json
import logging
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

START = datetime(2026, 1, 1, tzinfo=UTC)
LAST_HOUR = 10


def main() -> None:
    kind, place, url, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        store = _store(Path(name), kind, url)
        rows = pq.read_table(place / "rows.parquet")
        changed = rows.slice(0, count // 100)
        moments = np.full(len(changed), int((START + timedelta(hours=LAST_HOUR)).timestamp() * 1e6), np.int64)
        changed = changed.set_column(1, "ts", pa.array(moments, pa.timestamp("us", "UTC")))
        file = Path(name) / "rows.parquet"
        pq.write_table(pa.concat_tables([rows, changed]), file)
        entity = Entity(name="user", join_keys=["id"], value_type=ValueType.INT64)
        features = [Field(name=each, dtype=Float64) for each in rows.schema.names if each not in ("id", "ts")]
        source = FileSource(path=str(file), timestamp_field="ts")
        store.apply(
            [entity, FeatureView(name="users", entities=[entity], ttl=timedelta(0), schema=features, source=source)]
        )
        between = START + timedelta(hours=LAST_HOUR - 1)
        full = _seconds(lambda: store.materialize(START - timedelta(hours=1), between))
        part = _seconds(lambda: store.materialize(between, between + timedelta(hours=2)))
        asked = [f"users:{field.name}" for field in features]
        found = store.get_online_features(features=asked, entity_rows=[{"id": id} for id in range(100)]).to_dict()
        assert all(value is not None for value in found[features[0].name]), "Feast has lost rows"
    print(json.dumps({"full": full, "changed": part}), flush=True)


def _store(folder: Path, kind: str, url: str) -> FeatureStore:
    address = url.removeprefix("redis://").partition("/")[0]
    online = (
        {"type": "redis", "connection_string": f"{address},db=1"}
        if kind == "redis"
        else {"type": "sqlite", "path": str(folder / "online.db")}
    )
    return FeatureStore(
        config=RepoConfig(
            project="bench", provider="local", registry=str(folder / "registry.db"), offline_store={"type": "duckdb"},
            online_store=online, entity_key_serialization_version=3,
        )
    )  # fmt: skip


def _seconds(work) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
