"""Features at the time of a request, from a real online store, opened from the snapshot alone."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from boathouse.catalog import Function, Language, Securable, SecurableKind
from boathouse.catalog.definitions import Parameter, function_json
from boathouse.features.feature_spec import Computed, FeatureSpec, Lookup, Output
from boathouse.features.online.contract import OnlineSchema
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.specs.spec_files import spec_text
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName
from boathouse.serving.answering.features import FeaturesFell, RequestFeatures
from boathouse.serving.answering.opening import open_features
from boathouse.serving.answering.refusals import FeaturesFailed
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import FeatureRules, OnMissing
from boathouse.serving.scoring.columns import column_of
from boathouse.serving.scoring.payloads import read_payload
from boathouse.serving.snapshot.nouns import LiveEntity, OnlineFeatures

PLANES, DAYS = TableName("dev", "air", "planes"), TableName("dev", "air", "days")
MINUTE = 60_000_000
USE = FeatureRules()


def function(name: str, language: Language, body: str, *parameters: tuple[str, str]) -> Function:
    securable = Securable("", SecurableKind.FUNCTION, f"dev.air.{name}", owner="ann")
    named = tuple(Parameter(each, kind) for each, kind in parameters)
    return Function(securable, language, named, "double", body)


FUNCTIONS = {
    "dev.air.per_seat": function("per_seat", Language.SQL, "x / seats", ("x", "double"), ("seats", "int")),
    "dev.air.twice": function("twice", Language.PYTHON, "return 2 * y", ("y", "double")),
}
SPEC = FeatureSpec(
    (
        Lookup(PLANES, (("tail", "tail"),), (Output("seats", "seats", "int", 7), Output("made", "made", "date"))),
        Lookup(DAYS, (("day", "day"),), (Output("delay", "delay", "double"),), event="at"),
        Computed(FunctionName("dev", "air", "per_seat"), (("x", "distance"), ("seats", "seats")), "per_seat", "double"),
        Computed(FunctionName("dev", "air", "twice"), (("y", "per_seat"),), "twice", "double"),
    ),
    frame=(("distance", "double"),),
    inputs=("distance", "seats", "delay", "twice"),
)  # fmt: skip
LOOKUPS = replace(SPEC, steps=SPEC.lookups, inputs=("distance", "seats", "delay"))


def publish(store: LmdbStore, name: str, keys: pa.Table, values: pa.Table, event: list[int] | None = None) -> None:
    with store.begin(name, OnlineSchema(keys.schema, values.schema), keep=False) as writer:
        writer.put(keys, values, event=None if event is None else pa.array(event))
        writer.commit({})


@pytest.fixture
def store(tmp_path: Path) -> LmdbStore:
    store, now = LmdbStore("default", tmp_path / "online"), time.time_ns() // 1000
    planes = pa.table({"seats": pa.array([100, None], pa.int32()), "made": [date(1999, 1, 2), None]})
    publish(store, "dev.air.planes_online", pa.table({"tail": ["a", "b"]}), planes)
    days = pa.table({"day": [date(2013, 1, 1), date(2013, 1, 2)]})
    publish(store, "dev.air.days_online", days, pa.table({"delay": [5.5, 7.5]}), [now, now - 60 * MINUTE])
    return store


@pytest.fixture
def told(store: LmdbStore, tmp_path: Path) -> OnlineFeatures:
    where = {"name": "default", "kind": "lmdb", "url": (tmp_path / "online").as_uri()}
    tables: dict[str, Any] = {
        str(PLANES): {"store": where, "online_table": "dev.air.planes_online"},
        str(DAYS): {"store": where, "online_table": "dev.air.days_online", "freshness_seconds": 600},
    }
    return OnlineFeatures(tables, {name: function_json(each) for name, each in FUNCTIONS.items()})


def opened(spec: FeatureSpec, told: OnlineFeatures) -> RequestFeatures:
    entity = LiveEntity("e", "spec", EntityKind.FEATURE_SPEC, "dev.air.spec", None, None, spec=spec_text(spec))
    found = open_features(entity, told)
    assert found is not None
    return found


@pytest.fixture
def features(told: OnlineFeatures) -> Iterator[RequestFeatures]:
    found = opened(LOOKUPS, told)
    yield found
    found.close()


def payload(*rows: dict[str, Any]) -> Any:
    return read_payload(json.dumps({"dataframe_records": rows}).encode(), "application/json", most_rows=100)


def test_keys_become_what_the_model_takes_and_what_was_used_is_told(features: RequestFeatures) -> None:
    filled = features.fill(payload({"tail": "a", "day": "2013-01-01", "distance": 10}), USE)
    assert (filled.payload.columns, filled.payload.data) == (["distance", "seats", "delay"], [[10, 100, 5.5]])
    (used,) = json.loads(filled.used)
    assert used["values"] == {"seats": 100, "made": "1999-01-02", "delay": 5.5}
    assert used["event"]["delay"] > 0
    assert features.is_fast


def test_names_that_few_rows_have_take_no_more_memory_than_the_rows(told: OnlineFeatures) -> None:
    features = opened(replace(LOOKUPS, inputs=()), told)
    rows = [{"tail": "a", "day": "2013-01-01", f"only-{number}": number} for number in range(3_000)]
    request = read_payload(json.dumps({"dataframe_records": rows}).encode(), "application/json", most_rows=3_000)
    tracemalloc.start()
    filled = features.fill(request, USE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    features.close()
    assert filled.payload.data[2] == {
        "tail": "a",
        "day": date(2013, 1, 1),
        "only-2": 2,
        "seats": 100,
        "made": "1999-01-02",
        "delay": 5.5,
    }
    assert column_of(filled.payload, "seats") == [100] * 3_000
    assert peak < 40_000_000


def test_every_shape_of_a_request_has_rows(features: RequestFeatures) -> None:
    columns = {"tail": ["a", "x"], "day": ["2013-01-01", "2013-01-02"], "distance": [1, 2]}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    split = {"columns": list(columns), "data": [list(row.values()) for row in rows]}
    bodies: list[Any] = [
        {"dataframe_records": rows},
        {"instances": rows},
        {"dataframe_split": split},
        {"inputs": columns},
    ]
    found = [
        features.fill(read_payload(json.dumps(body).encode(), "application/json", most_rows=9), USE).payload.data
        for body in bodies
    ]
    csv = b"tail,day,distance\na,2013-01-01,1\nx,2013-01-02,2\n"
    found.append(features.fill(read_payload(csv, "text/csv", most_rows=9), USE).payload.data)
    assert found == [[[1, 100, 5.5], [2, 7, 7.5]]] * 5


def test_a_feature_that_the_request_brings_stands_and_needs_no_key(features: RequestFeatures) -> None:
    given = {"seats": 1, "made": None, "day": "2013-01-02", "distance": 0}
    assert features.fill(payload(given), USE).payload.data == [[0, 1, 7.5]]
    everything = {"seats": 1, "made": None, "delay": 0.5, "distance": 0}
    assert features.fill(payload(everything), USE).payload.data == [[0, 1, 0.5]]
    some = payload({"tail": "a", "day": "2013-01-01", "seats": 3}, {"tail": "a", "day": "2013-01-01"})
    assert [row[0] for row in features.fill(some, USE).payload.data] == [3, 100]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"day": "2013-01-01"}, "tail"),
        ({"tail": "a", "day": "yesterday"}, "no date"),
        ({"tail": 7, "day": "2013-01-01"}, "tail"),
    ],
)
def test_a_wrong_key_is_named(features: RequestFeatures, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        features.fill(payload(row), USE)


def test_what_is_missing_is_used_refused_or_left_to_the_ladder(features: RequestFeatures) -> None:
    unknown = payload({"tail": "x", "day": "2013-01-01", "distance": 1})
    assert features.fill(unknown, USE).payload.data == [[1, 7, 5.5]]
    with pytest.raises(FeaturesFailed, match="seats"):
        features.fill(unknown, FeatureRules(missing=OnMissing.REFUSE))
    with pytest.raises(FeaturesFell, match="seats"):
        features.fill(unknown, FeatureRules(missing=OnMissing.FALL))


def test_what_is_older_than_promised_is_stale(features: RequestFeatures) -> None:
    fresh, old = (payload({"tail": "a", "day": f"2013-01-0{day}", "distance": 1}) for day in (1, 2))
    refuse = FeatureRules(stale=OnMissing.REFUSE)
    features.fill(fresh, refuse)
    features.fill(old, USE)
    with pytest.raises(FeaturesFailed, match="older than promised: delay"):
        features.fill(old, refuse)
    features.fill(old, FeatureRules(stale=OnMissing.REFUSE, stale_after="2h"))


def test_a_store_that_is_gone_is_what_the_policy_says(features: RequestFeatures, store: LmdbStore) -> None:
    store.drop("dev.air.planes_online")
    asked = payload({"tail": "a", "day": "2013-01-01", "distance": 1})
    with pytest.raises(FeaturesFell, match="planes_online"):
        features.fill(asked, USE)
    with pytest.raises(FeaturesFailed):
        features.fill(asked, FeatureRules(store_down=OnMissing.REFUSE))
    assert features.fill(asked, FeatureRules(store_down=OnMissing.USE)).payload.data == [[1, 7, None]]


def test_functions_compute_over_the_request_and_the_features_before_them(told: OnlineFeatures) -> None:
    features = opened(SPEC, told)
    try:
        rows = payload(
            {"tail": "a", "day": "2013-01-01", "distance": 50}, {"tail": "x", "day": "2013-01-01", "distance": 7}
        )
        filled = features.fill(rows, USE)
        assert filled.payload.data == [[50, 100, 5.5, 1.0], [7, 7, 5.5, 2.0]]
        assert json.loads(filled.used)[0]["values"]["twice"] == 1.0
        assert not features.is_fast
        outputs = json.loads(features.outputs(filled))
        assert outputs[0] == {"seats": 100, "made": "1999-01-02", "delay": 5.5, "per_seat": 0.5, "twice": 1.0}
        given = payload({"tail": "a", "day": "2013-01-01", "distance": 50, "per_seat": 9.0})
        assert features.fill(given, USE).values["twice"] == [18.0]
        with pytest.raises(InvalidInput, match="distance"):
            features.fill(payload({"tail": "a", "day": "2013-01-01"}), USE)
    finally:
        features.close()


def test_what_is_not_published_is_told_when_the_entity_is_loaded(told: OnlineFeatures) -> None:
    with pytest.raises(NotFound, match=r"dev\.air\.days, which is not published"):
        opened(LOOKUPS, OnlineFeatures({str(PLANES): told.tables[str(PLANES)]}))
    with pytest.raises(NotFound, match="no such function"):
        opened(SPEC, OnlineFeatures(told.tables))
    circle = replace(
        LOOKUPS, steps=(Computed(FunctionName("dev", "air", "twice"), (), "tail", "string"), *LOOKUPS.steps)
    )
    with pytest.raises(InvalidInput, match="is computed"):
        opened(circle, told)


def test_a_look_back_counts_from_now(told: OnlineFeatures) -> None:
    first, second = LOOKUPS.lookups
    spec = replace(LOOKUPS, steps=(first, replace(second, lookback=timedelta(minutes=5))))
    filled = opened(spec, told).fill(payload({"tail": "a", "day": "2013-01-02", "distance": 1}), USE)
    assert filled.payload.data == [[1, 100, None]]
