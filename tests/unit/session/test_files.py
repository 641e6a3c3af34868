"""Files of volumes: uploads, read_files, COPY INTO, and the jail."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import AlreadyExists, BoathouseError, Denied, InvalidInput, NotFound
from boathouse.foundation.names import VolumeName
from boathouse.lake import local_path
from boathouse.session import Session
from boathouse.session.volumes import VolumePath, jailed

LANDING = "/Volumes/dev/shop/landing"


@pytest.fixture
def landing(session: Session) -> Session:
    session.sql("CREATE VOLUME dev.shop.landing")
    session.upload(f"{LANDING}/a.csv", b"id,name\n1,ann\n2,bob\n")
    return session


def test_a_csv_file_is_read_as_a_table(landing: Session) -> None:
    query = "SELECT id, name FROM read_files(:path, format => 'csv', header => true) ORDER BY id"
    assert landing.sql(query, {"path": f"{LANDING}/a.csv"}).pl()["name"].to_list() == ["ann", "bob"]
    landing.upload(f"{LANDING}/b.csv", b"id,name\n3,eve\n")
    assert landing.sql(f"SELECT count(*) AS n FROM read_files('{LANDING}/*.csv')").rows() == [{"n": 3}]
    assert landing.sql(f"SELECT count(*) AS n FROM read_files('{LANDING}')").rows() == [{"n": 3}]


def test_json_and_parquet_files_are_read(landing: Session, tmp_path: Path) -> None:
    pl.DataFrame({"x": [1, 2]}).write_parquet(tmp_path / "x.parquet")
    landing.upload(f"{LANDING}/x.parquet", tmp_path / "x.parquet")
    landing.upload(f"{LANDING}/x.json", b'{"x": 3}\n{"x": 4}\n')
    assert landing.sql(f"SELECT sum(x) AS s FROM read_files('{LANDING}/x.parquet')").rows() == [{"s": 3}]
    assert landing.sql(f"SELECT sum(x) AS s FROM read_files('{LANDING}/x.json', format => 'json')").rows() == [{"s": 7}]


def test_a_broken_row_is_named_by_its_governed_path_and_line(landing: Session) -> None:
    landing.upload(f"{LANDING}/bad.csv", b"id,name\n1,ann\n2,bob,extra\n")
    with pytest.raises(InvalidInput, match=rf"{LANDING}/bad\.csv:3"):
        landing.sql(f"SELECT * FROM read_files('{LANDING}/bad.csv')").arrow()
    landing.sql("CREATE TABLE dev.shop.people (id INT, name STRING)")
    with pytest.raises(InvalidInput, match=rf"{LANDING}/bad\.csv:3"):
        landing.sql(f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV")
    assert len(landing.table("dev.shop.people")) == 0


def test_a_value_that_does_not_fit_the_table_is_named_by_file_and_line(landing: Session) -> None:
    landing.upload(f"{LANDING}/bad.csv", b"id,name\n3,eve\nx,zoe\n")
    landing.sql("CREATE TABLE dev.shop.people (id BIGINT, name STRING)")
    with pytest.raises(InvalidInput, match=rf"{LANDING}/bad\.csv:3: The value 'x' of column id"):
        landing.sql(f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')")
    assert len(landing.table("dev.shop.people")) == 0


def test_reading_files_needs_read_volume(landing: Session, session_of: Callable[..., Session]) -> None:
    ann = session_of("ann", Privilege.WRITE_VOLUME)
    with pytest.raises(Denied, match="READ_VOLUME"):
        ann.sql(f"SELECT * FROM read_files('{LANDING}/a.csv')")
    bob = session_of("bob", Privilege.READ_VOLUME)
    assert len(bob.sql(f"SELECT * FROM read_files('{LANDING}/a.csv')")) == 2
    with pytest.raises(Denied, match="WRITE_VOLUME"):
        bob.upload(f"{LANDING}/b.csv", b"x")


def test_reading_a_volume_leaves_an_edge(landing: Session, catalog: Catalog) -> None:
    landing.sql(f"CREATE TABLE dev.shop.t AS SELECT * FROM read_files('{LANDING}/a.csv')")
    edge = catalog.lineage.edges(landing.principal)[0].edge
    assert edge.source is not None
    assert edge.target is not None
    assert (edge.source.name, edge.target.name) == ("dev.shop.landing", "dev.shop.t")


def test_copy_into_loads_each_file_once(landing: Session) -> None:
    landing.sql("CREATE TABLE dev.shop.people (id INT, name STRING)")
    copy = f"COPY INTO dev.shop.people FROM '{LANDING}/' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')"
    assert landing.sql(copy).rows()[0]["num_loaded_files"] == 1
    assert landing.sql(copy).rows()[0]["num_loaded_files"] == 0
    landing.upload(f"{LANDING}/b.csv", b"name,id\neve,3\n")
    assert landing.sql(copy).rows() == [{"num_affected_rows": 1, "num_inserted_rows": 1, "num_loaded_files": 1}]
    names = landing.sql("SELECT name FROM dev.shop.people ORDER BY id").pl()["name"].to_list()
    assert names == ["ann", "bob", "eve"]
    assert landing.sql(f"{copy} COPY_OPTIONS ('force' = 'true')").rows()[0]["num_loaded_files"] == 2


def test_copy_into_chooses_files_by_name_or_pattern(landing: Session) -> None:
    landing.upload(f"{LANDING}/b.csv", b"id,name\n3,eve\n")
    landing.sql("CREATE TABLE dev.shop.people (id INT, name STRING)")
    landing.sql(f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV FILES = ('b.csv')")
    assert landing.sql("SELECT id FROM dev.shop.people").rows() == [{"id": 3}]
    landing.sql(f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV PATTERN = 'a*'")
    assert len(landing.table("dev.shop.people")) == 3
    with pytest.raises(NotFound, match=r"no file c\.csv"):
        landing.sql(f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV FILES = ('c.csv')")


def test_copy_into_changes_the_schema_only_when_asked(landing: Session) -> None:
    landing.sql("CREATE TABLE dev.shop.ids (id BIGINT)")
    copy = f"COPY INTO dev.shop.ids FROM '{LANDING}' FILEFORMAT = CSV"
    with pytest.raises(InvalidInput, match="name"):
        landing.sql(copy)
    landing.sql(f"{copy} COPY_OPTIONS ('mergeSchema' = 'true')")
    assert landing.sql("SELECT name FROM dev.shop.ids ORDER BY id").rows()[0] == {"name": "ann"}


def test_a_file_is_there_whole_or_not_at_all(landing: Session, catalog: Catalog) -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise OSError(28, "No space left on device")

    with pytest.raises((BoathouseError, OSError)):
        landing.upload(f"{LANDING}/new.csv", Broken())  # pyright: ignore
    with pytest.raises(AlreadyExists):
        landing.upload(f"{LANDING}/a.csv", b"x", overwrite=False)
    volume = catalog.securables.volume(landing.principal, VolumeName("dev", "shop", "landing"))
    assert [file.name for file in local_path(volume.storage_location).iterdir()] == ["a.csv"]


@pytest.mark.parametrize("path", [
    "/etc/passwd", "/Volumes/dev/shop", f"{LANDING}/../../x", f"{LANDING}/./x", "Volumes/dev/shop/landing/a",
    "/Volumes/dev/shop/landing/\0", "file:///etc/passwd", "http://example.org/a.csv", "s3://bucket/a.csv",
    "/Volumes/../etc/passwd", "\\\\server\\share", f"{LANDING}\\..\\x"])  # fmt: skip
def test_a_path_that_is_not_in_a_volume_is_refused(landing: Session, path: str) -> None:
    with pytest.raises(InvalidInput):
        landing.sql("SELECT * FROM read_files(:path, format => 'csv')", {"path": path})
    with pytest.raises(InvalidInput):
        landing.upload(path, b"x")


def test_a_link_does_not_lead_out_of_a_volume(landing: Session, catalog: Catalog, tmp_path: Path) -> None:
    volume = catalog.securables.volume(landing.principal, VolumeName("dev", "shop", "landing"))
    root = local_path(volume.storage_location)
    (tmp_path / "secret.csv").write_text("id\n1\n")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "folder").symlink_to(tmp_path)
    for path in (f"{LANDING}/link.csv", f"{LANDING}/folder/secret.csv", f"{LANDING}/l*.csv", f"{LANDING}/folder/*.csv"):
        with pytest.raises((InvalidInput, NotFound)):
            landing.sql("SELECT * FROM read_files(:path)", {"path": path}).arrow()
    with pytest.raises(InvalidInput, match="link"):
        landing.upload(f"{LANDING}/folder/new.csv", b"x")


@given(st.text(max_size=80))
def test_no_path_leaves_its_volume(text: str) -> None:
    root = Path("/nonexistent/lake/volumes/1")
    try:
        path = VolumePath.parse(f"{LANDING}/{text}")
    except InvalidInput:
        return
    assert jailed(root, path).is_relative_to(root)
    assert VolumePath.parse(str(path)) == path


def test_loads_at_the_same_moment_take_each_file_once(landing: Session) -> None:
    landing.sql("CREATE TABLE dev.shop.people (id BIGINT, name STRING)")
    copy = f"COPY INTO dev.shop.people FROM '{LANDING}' FILEFORMAT = CSV"
    with ThreadPoolExecutor(6) as pool:
        reports = [row for result in pool.map(landing.sql, [copy] * 12) for row in result.rows()]
    assert sum(report["num_loaded_files"] for report in reports) == 1
    assert len(landing.table("dev.shop.people")) == 2
