"""Which labels Feast gives back, shown with six of them: ``feast_kept_labels.py``, by a Python that has it.

Prints, as JSON, what became of each label by offline store and TTL in days (0 is none): the value, null, or lost.
"""

import json
import logging
import sys
import tempfile
import warnings
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64


def _day(day: int) -> pd.Timestamp:
    return pd.Timestamp(2025, 1, day, tz="UTC")


VALUES = pd.DataFrame({"id": [1, 1, 2], "event_time": [_day(5), _day(10), _day(20)], "value": [1.0, 2.0, 3.0]})
LABELS = {
    "a day after a value": (1, _day(6)),
    "18 days after a value": (1, _day(28)),
    "before the first value of its key": (2, _day(10)),
    "a key without values": (3, _day(10)),
    "one of two equal rows": (1, _day(12)),
    "the other of two equal rows": (1, _day(12)),
}


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    found = {f"{kind}, {ttl}": _fates(kind, ttl) for kind in ("dask", "duckdb") for ttl in (0, 7)}
    sys.stdout.write(json.dumps(found) + "\n")


def _fates(kind: str, ttl: int) -> dict[str, str]:
    labels = pd.DataFrame(list(LABELS.values()), columns=["id", "event_timestamp"]).assign(label=list(LABELS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        VALUES.to_parquet(folder / "values.parquet")
        store = FeatureStore(
            config=RepoConfig(
                project="few", provider="local", registry=str(folder / "registry.db"), offline_store={"type": kind},
                online_store={"type": "sqlite", "path": str(folder / "online.db")}, entity_key_serialization_version=3,
            )
        )  # fmt: skip
        entity = Entity(name="entity", join_keys=["id"], value_type=ValueType.INT64)
        source = FileSource(name="source", path=str(folder / "values.parquet"), timestamp_field="event_time")
        view = FeatureView(
            name="view", entities=[entity], ttl=timedelta(days=ttl), schema=[Field(name="value", dtype=Float64)],
            source=source,
        )  # fmt: skip
        store.apply([entity, view])
        result = store.get_historical_features(entity_df=labels, features=["view:value"]).to_df()
    values = dict(zip(result["label"], result["value"], strict=True))
    return {label: _fate(values[label]) if label in values else "lost" for label in LABELS}


def _fate(value: float) -> str:
    return "null" if value != value else f"{value:g}"


if __name__ == "__main__":
    main()
