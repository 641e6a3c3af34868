"""Feast's side of ``online_features.py``, by a Python that has it: ``feast_online.py sqlite|redis TASK``.

Prints, as JSON, the seconds of loading, the rows of a sample, and the milliseconds of each call by its number of keys.
"""

import json
import logging
import random
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64

MANY, TURNS, AT_ONCE = 100, 5, 100_000


def main() -> None:
    kind, task = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        online = (
            {"type": "sqlite", "path": str(folder / "online.db")} if kind == "sqlite"
            else {"type": "redis", "connection_string": f"127.0.0.1:{task['port']},db=1"}
        )  # fmt: skip
        config = RepoConfig(
            project="online", provider="local", registry=str(folder / "registry.db"), online_store=online,
            entity_key_serialization_version=3,
        )  # fmt: skip
        store = FeatureStore(config=config)
        names = [f"f{at}" for at in range(task["features"])]
        frame(np.arange(2), names).to_parquet(folder / "values.parquet")
        entity = Entity(name="entity", join_keys=["id"], value_type=ValueType.INT64)
        source = FileSource(name="source", path=str(folder / "values.parquet"), timestamp_field="event_time")
        view = FeatureView(
            name="view", entities=[entity], ttl=timedelta(0), source=source, online=True,
            schema=[Field(name=each, dtype=Float64) for each in names],
        )  # fmt: skip
        store.apply([entity, view])
        begin = time.perf_counter()
        for start in range(0, task["keys"], AT_ONCE):
            store.write_to_online_store(
                "view", frame(np.arange(start, min(task["keys"], start + AT_ONCE)), names)
            )  # fmt: skip
        load = time.perf_counter() - begin
        asked = [f"view:{each}" for each in names]

        def read(keys: list[int]) -> dict:
            return store.get_online_features(features=asked, entity_rows=[{"id": key} for key in keys]).to_dict()

        found = read(task["sample"])
        rows = list(zip(*(found[each] for each in names), strict=True))
        print(json.dumps({"load_s": load, "rows": rows, "times_ms": times(read, task["keys"], task["seconds"])}))


def times(read, keys: int, seconds: float) -> dict[int, list[float]]:
    source, noted = random.Random(11), {1: [], MANY: []}
    for _ in range(TURNS):
        for count, note in noted.items():
            until = time.perf_counter() + seconds / TURNS / len(noted)
            while time.perf_counter() < until:
                some = source.sample(range(keys), count)
                begin = time.perf_counter_ns()
                read(some)
                note.append((time.perf_counter_ns() - begin) / 1e6)
    return noted


def frame(keys: np.ndarray, names: list[str]) -> pd.DataFrame:
    values = ((keys[:, None] * 31 + np.arange(len(names)) * 7) % 1000) / 8.0
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    return pd.DataFrame(values, columns=names).assign(id=keys, event_time=moment)


if __name__ == "__main__":
    main()
