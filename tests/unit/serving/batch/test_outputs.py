import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.catalog import LineageNode, NodeKind
from boathouse.foundation.errors import InvalidInput, Unavailable
from boathouse.foundation.names import SchemaName, VolumeName
from boathouse.serving.batch.models import BatchModel
from boathouse.serving.batch.nouns import Mode, Scoring
from boathouse.serving.batch.outputs import databases, files, tables
from boathouse.serving.batch.running import open_source
from boathouse.serving.batch.scoring import ScoredRows
from boathouse.session import Session

WANTED = Scoring("dev.shop.linear@3", "dev.shop.inputs", "dev.shop.scored")


def scored(model: BatchModel, ids: Sequence[int] = (1, 2)) -> ScoredRows:
    rows = pa.table({"id": list(ids), "a": [0.5] * len(ids), "b": [0.1 * number for number in ids]})
    return ScoredRows(model, rows.to_reader())


def test_rows_go_into_a_new_table(session: Session, model: BatchModel) -> None:
    version = tables.write(session, WANTED, scored(model))

    assert version == 1
    assert session.table("dev.shop.scored").columns == ["id", "a", "b", "prediction", "model_version"]
    assert len(session.table("dev.shop.scored")) == 2


def test_of_several_attempts_of_a_run_one_lands(session: Session, model: BatchModel) -> None:
    wanted = replace(WANTED, run_key="run-7/score")

    assert not tables.has_landed(session, wanted)
    assert tables.write(session, wanted, scored(model)) == 1
    assert tables.has_landed(session, wanted)
    assert tables.write(session, wanted, scored(model)) is None
    assert tables.write(session, replace(wanted, run_key="run-8/score"), scored(model)) == 2
    assert len(session.table("dev.shop.scored")) == 4


def test_rows_replace_all_or_those_with_the_same_key(session: Session, model: BatchModel) -> None:
    tables.write(session, WANTED, scored(model, [1, 2, 3]))

    tables.write(session, replace(WANTED, mode=Mode.MERGE, key=("id",)), scored(model, [3, 4]))
    assert sorted(session.table("dev.shop.scored").arrow()["id"].to_pylist()) == [1, 2, 3, 4]

    tables.write(session, replace(WANTED, mode=Mode.OVERWRITE), scored(model, [9]))
    assert session.table("dev.shop.scored").arrow()["id"].to_pylist() == [9]


def test_lineage_leads_from_the_version_and_the_inputs_to_the_predictions(session: Session, model: BatchModel) -> None:
    session.sql("CREATE TABLE dev.shop.inputs AS SELECT 1 AS id, 0.5D AS a, 0.25D AS b")
    source = open_source(session, "dev.shop.inputs")
    rows = ScoredRows(model, source.rows.reader())
    version = tables.write(session, WANTED, rows)

    target = LineageNode(NodeKind.TABLE, "dev.shop.scored", version)
    tables.draw_lineage(session, target, tables.model_node("dev.shop.linear", 3), source.sources)

    assert source.sources == (LineageNode(NodeKind.TABLE, "dev.shop.inputs", 0),)
    found = session.sql(
        "SELECT source_table_full_name AS source FROM system.access.table_lineage "
        "WHERE target_table_full_name = 'dev.shop.scored' AND source_table_full_name IS NOT NULL"
    ).rows()
    assert {"source": "dev.shop.inputs"} in found


def test_a_file_in_a_volume_is_parquet_or_csv(session: Session, model: BatchModel, tmp_path: Path) -> None:
    session.law.create_schema(session.principal, SchemaName("dev", "files"))
    session.law.create_volume(session.principal, VolumeName("dev", "files", "out"))

    for name in ("rows.parquet", "rows.csv"):
        files.write(session, f"/Volumes/dev/files/out/{name}", scored(model))
        found = session.sql(f"SELECT * FROM read_files('/Volumes/dev/files/out/{name}')").arrow()
        assert found.num_rows == 2
        assert found.column_names == ["id", "a", "b", "prediction", "model_version"]
    with pytest.raises(InvalidInput, match="neither Parquet nor CSV"):
        files.write(session, "/Volumes/dev/files/out/rows.json", scored(model))


def test_rows_are_put_into_a_database_by_key(model: BatchModel, tmp_path: Path) -> None:
    wanted = replace(WANTED, output=f"sqlite:///{tmp_path}/out.db", table="late", key=("id",), mode=Mode.MERGE)

    databases.write(wanted, scored(model, [1, 2]))
    databases.write(wanted, scored(model, [2, 3]))

    with sqlite3.connect(tmp_path / "out.db") as connection:
        found = connection.execute("SELECT id, model_version FROM late ORDER BY id").fetchall()
    connection.close()
    assert found == [(1, 3), (2, 3), (3, 3)]


def test_a_database_is_appended_to_or_written_anew(model: BatchModel, tmp_path: Path) -> None:
    wanted = replace(WANTED, output=f"sqlite:///{tmp_path}/out.db", table="late")

    databases.write(wanted, scored(model))
    databases.write(wanted, scored(model))
    databases.write(replace(wanted, mode=Mode.OVERWRITE), scored(model, [5]))

    with sqlite3.connect(tmp_path / "out.db") as connection:
        assert connection.execute("SELECT id FROM late").fetchall() == [(5,)]
    connection.close()


def test_a_block_that_fails_leaves_nothing_in_the_database(model: BatchModel, tmp_path: Path) -> None:
    from boathouse.serving.batch.models import NATIVE_ROWS

    late = pa.table({"a": ["1"] * NATIVE_ROWS * 6 + ["no number"], "b": [0.5] * (NATIVE_ROWS * 6 + 1)})
    rows = ScoredRows(model, late.to_reader())

    with pytest.raises(InvalidInput, match="no number"):
        databases.write(replace(WANTED, output=f"sqlite:///{tmp_path}/out.db", table="late"), rows)

    with sqlite3.connect(tmp_path / "out.db") as connection:
        assert connection.execute("SELECT count(*) FROM late").fetchone() == (0,)
    connection.close()


def test_a_password_is_in_no_message(model: BatchModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORES_PASSWORD", "sesame/open@9")
    output = "postgresql+psycopg://boat:{{env/SCORES_PASSWORD}}@127.0.0.1:1/none"

    with pytest.raises(Unavailable) as refused:
        databases.write(replace(WANTED, output=output, table="late"), scored(model))

    assert "sesame" not in str(refused.value)
    assert "boat:***@127.0.0.1" in str(refused.value)


@pytest.mark.parametrize("output", ["nonsense://x/y", "postgresql+psycopg://[::1/x"])
def test_an_address_that_cannot_be_read_is_refused(model: BatchModel, output: str) -> None:
    with pytest.raises(InvalidInput):
        databases.write(replace(WANTED, output=output, table="late"), scored(model))


def test_a_reference_where_it_would_stay_as_it_is_written_is_refused(
    model: BatchModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCORES_PASSWORD", "sesame")
    output = "postgresql+psycopg://127.0.0.1:1/none?user=boat&password={{env/SCORES_PASSWORD}}"

    with pytest.raises(InvalidInput, match="no reference is filled in"):
        databases.write(replace(WANTED, output=output, table="late"), scored(model))
