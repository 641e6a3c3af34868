"""Tables whose Parquet files alone do not say what the rows are go through delta-rs' own reader."""

import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boathouse.lake import DuckDBEngine, Engine, EngineQuery, Snapshot, as_url, open_snapshot, tables

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def _write_log(folder: Path, *actions: dict[str, Any]) -> str:
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020d}.json").write_text("\n".join(json.dumps(action) for action in actions))
    return as_url(folder)


def _metadata(fields: list[dict[str, Any]], configuration: dict[str, str]) -> dict[str, Any]:
    return {
        "metaData": {
            "id": "11111111-1111-1111-1111-111111111111",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": [],
            "configuration": configuration,
            "createdTime": 0,
        }
    }


def _protocol(*features: str) -> dict[str, Any]:
    return {
        "protocol": {
            "minReaderVersion": 3,
            "minWriterVersion": 7,
            "readerFeatures": list(features),
            "writerFeatures": list(features),
        }
    }


def _add(file: Path, **more: Any) -> dict[str, Any]:
    size = file.stat().st_size
    action = {"path": file.name, "partitionValues": {}, "size": size, "modificationTime": 0, "dataChange": True, **more}
    return {"add": {"stats": json.dumps({"numRecords": pq.read_metadata(file).num_rows}), **action}}


def _field(name: str, kind: str, **metadata: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def _deleted_rows(rows: list[int]) -> dict[str, Any]:
    """An inline deletion vector: a Roaring bitmap array of one array container, in Z85."""
    container = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + struct.pack(f"<{len(rows)}H", *rows)
    data = struct.pack("<IQI", 1681511377, 1, 0) + container
    padded = data + b"\0" * (-len(data) % 4)
    text = ""
    for (word,) in struct.iter_unpack(">I", padded):
        text += "".join(Z85[word // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return {"storageType": "i", "pathOrInlineDv": text, "sizeInBytes": len(data), "cardinality": len(rows)}


@pytest.fixture
def mapped(tmp_path: Path) -> Snapshot:
    """A table whose files call its columns otherwise."""
    folder = tmp_path / "mapped"
    folder.mkdir()
    pq.write_table(pa.table({"col-1": [1, 2], "col-2": ["a", "b"]}), folder / "part-0.parquet")
    names = {"id": ("col-1", 1, "long"), "name": ("col-2", 2, "string")}
    fields = [
        _field(name, kind, **{"delta.columnMapping.physicalName": physical, "delta.columnMapping.id": number})
        for name, (physical, number, kind) in names.items()
    ]
    mapping = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"}
    location = _write_log(
        folder, _protocol("columnMapping"), _metadata(fields, mapping), _add(folder / "part-0.parquet")
    )
    return open_snapshot(location)


@pytest.fixture
def punctured(tmp_path: Path) -> Snapshot:
    """A table of four rows, of which two are deleted by a deletion vector."""
    folder = tmp_path / "punctured"
    folder.mkdir()
    pq.write_table(pa.table({"id": [1, 2, 3, 4]}), folder / "part-0.parquet")
    vector = _deleted_rows([0, 2])
    location = _write_log(
        folder,
        _protocol("deletionVectors"),
        _metadata([_field("id", "long")], {"delta.enableDeletionVectors": "true"}),
        _add(folder / "part-0.parquet", deletionVector=vector),
    )
    return open_snapshot(location)


def test_renamed_columns_are_read_under_their_names(engine: Engine, mapped: Snapshot) -> None:
    assert mapped.needs_delta_reader
    assert engine.scan(mapped).arrow().to_pydict() == {"id": [1, 2], "name": ["a", "b"]}


def test_deleted_rows_stay_deleted(engine: Engine, punctured: Snapshot) -> None:
    assert punctured.needs_delta_reader
    assert engine.scan(punctured).arrow().to_pydict() == {"id": [2, 4]}


def test_such_a_table_can_be_named_twice_in_one_query(engine: Engine, punctured: Snapshot) -> None:
    query = EngineQuery("SELECT a.id, b.id AS other FROM t AS a CROSS JOIN t AS b", snapshots={"t": punctured})

    assert engine.run(query).arrow().num_rows == 4


def test_such_a_table_can_be_copied_into_another(punctured: Snapshot, location: str) -> None:
    """delta-rs reads and writes in one statement; its runtime must not wait for itself."""
    tables.create_table(location, data=DuckDBEngine().scan(punctured).reader())
    tables.append(location, DuckDBEngine().scan(punctured).relation())

    assert sorted(DuckDBEngine().scan(open_snapshot(location)).arrow()["id"].to_pylist()) == [2, 2, 4, 4]


def test_strings_of_the_fallback_are_plain(mapped: Snapshot) -> None:
    assert DuckDBEngine().scan(mapped).schema.field("name").type == pa.string()


def test_ordinary_tables_do_not_need_it(trips_table: str) -> None:
    assert not open_snapshot(trips_table).needs_delta_reader
