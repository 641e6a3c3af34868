"""What the law gives to a task that reproduces a model: tables as they were, and copies to write to."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, LineageEdge, SecurableKind
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import Denied
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName, TableName, VolumeName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.models.reproduction.diverting import Diversions
from boathouse.session import LocalLaw, Session

T, U = "dev.shop.t", "dev.shop.u"


class Then:
    """A table with three versions, of which a reproduction reads the second."""

    def __init__(self, root: Path, catalog: Catalog, home: Home) -> None:
        self.catalog, self.home = catalog, home
        self.noted: list[str] = []
        self.diversions = Diversions(home, lambda _: {self.id(T): 1}, lambda _, what: self.noted.append(what))
        self.session = Session(
            catalog.identities.principal("root"), LocalLaw(catalog, self.diversions.table), DuckDBEngine()
        )
        for number in range(3):
            self.session.write_table(T, pa.table({"n": [number]}), mode="overwrite")
        self.session.write_table(U, pa.table({"n": [7]}), mode="overwrite")
        self.session.sql(f"CREATE VIEW dev.shop.v AS SELECT n + 10 AS n FROM {T}")
        self.session.sql(f"CREATE FUNCTION dev.shop.f() RETURNS BIGINT RETURN SELECT max(n) FROM {T}")

    def id(self, name: str) -> str:
        return self.catalog.securables.table(SYSTEM, TableName.parse(name)).securable.id

    def ask(self, text: str) -> Any:
        return self.session.sql(text).arrow().column(0).to_pylist()


@pytest.fixture
def then(tmp_path: Path) -> Iterator[Then]:
    home = Home(tmp_path)
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield Then(tmp_path, catalog, home)
    database.dispose()


@pytest.fixture
def reproducing(then: Then) -> Iterator[None]:
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        yield


@pytest.mark.usefixtures("reproducing")
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"SELECT n FROM {T}", [1]),
        (f"SELECT n FROM {T} VERSION AS OF 2", [2]),
        ("SELECT n FROM dev.shop.v", [11]),
        ("SELECT dev.shop.f() AS n", [1]),
        (f"SELECT n FROM {U}", [7]),
        (f"SELECT a.n + b.n FROM {T} a, dev.shop.v b", [12]),
    ],
)
def test_tables_are_read_as_they_were(then: Then, text: str, answer: list[int]) -> None:
    assert then.ask(text) == answer


@pytest.mark.usefixtures("reproducing")
def test_programs_that_read_files_themselves_get_the_version_of_then(then: Then) -> None:
    assert [each.snapshot.version for each in then.session.open_tables([T, U])] == [1, 0]
    assert then.session.open_tables([T], {T: 2})[0].snapshot.version == 2


def test_everybody_else_reads_the_newest_version(then: Then) -> None:
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3))):
        assert then.ask(f"SELECT n FROM {T}") == [2]
    assert then.ask(f"SELECT n FROM {T}") == [2]


def test_what_is_written_goes_to_a_copy_and_is_read_from_there(then: Then) -> None:
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        then.session.write_table(T, pa.table({"n": [40]}))
        then.session.sql(f"UPDATE {U} SET n = 8")
        assert sorted(then.ask(f"SELECT n FROM {T}")) == [1, 40]
        assert then.ask(f"SELECT n FROM {U}") == [8]
        assert then.ask(f"SELECT count(*) FROM {T}") == [2]
    assert then.ask(f"SELECT n FROM {T}") == [2]
    assert then.ask(f"SELECT n FROM {U}") == [7]
    assert then.noted == [f"write to the table {T}", f"write to the table {U}"]
    assert then.diversions.written("x") == {then.id(T), then.id(U)}

    then.diversions.forget("x")
    assert then.diversions.written("x") == set()
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        assert then.ask(f"SELECT n FROM {T}") == [1]


def test_a_column_that_a_reproduction_adds_is_not_told_to_the_catalog(then: Then) -> None:
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        then.session.write_table(T, pa.table({"n": [1], "m": [2]}), schema_mode="merge")

    table = then.catalog.securables.table(SYSTEM, TableName.parse(T))
    assert [column.name for column in table.columns] == ["n"]


def test_reads_are_in_the_lineage_and_writes_are_not(then: Then) -> None:
    told: list[LineageEdge] = []
    then.catalog.lineage.subscribe(lambda _, edges, task: told.extend(edges))

    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        then.session.sql(f"INSERT INTO {U} SELECT n FROM {T}")

    assert [(edge.source and edge.source.name, edge.source and edge.source.version, edge.target) for edge in told] == [
        (T, 1, None)
    ]


@pytest.mark.usefixtures("reproducing")
def test_volumes_are_not_written(then: Then) -> None:
    then.catalog.securables.create_volume(SYSTEM, VolumeName.parse("dev.shop.files"))

    with pytest.raises(Denied, match="nothing may be written to the volume"):
        then.session.upload("/Volumes/dev/shop/files/a.txt", b"x")


@pytest.mark.usefixtures("reproducing")
def test_new_tables_are_refused(then: Then) -> None:
    with pytest.raises(Denied, match="nothing may be written to the new table"):
        then.session.write_table("dev.shop.new", pa.table({"n": [1]}))


@pytest.mark.usefixtures("reproducing")
@pytest.mark.parametrize(
    "text",
    [
        "UPDATE {} SET n = 8",
        "DELETE FROM {}",
        "TRUNCATE TABLE {}",
        "INSERT INTO {} VALUES (9)",
        "INSERT OVERWRITE {} VALUES (9)",
        "MERGE INTO {} USING (SELECT 7 AS n) s ON s.n = {}.n WHEN MATCHED THEN DELETE",
        "OPTIMIZE {}",
        "RESTORE TABLE {} TO VERSION AS OF 0",
        "ALTER TABLE {} ADD COLUMN m INT",
    ],
)
def test_no_statement_reaches_the_table_itself(then: Then, text: str) -> None:
    place = Path(then.catalog.securables.table(SYSTEM, TableName.parse(U)).storage_location.removeprefix("file://"))
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}

    with suppress(Denied):  # where the catalog would have to be told
        then.session.sql(text.replace("{}", U))

    assert {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()} == before


def test_the_copy_leaves_the_table_its_own_when_that_is_vacuumed(then: Then) -> None:
    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        then.session.write_table(T, pa.table({"n": [40]}))
    then.session.sql(f"ALTER TABLE {T} SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    then.session.sql(f"VACUUM {T} RETAIN 0 HOURS")

    with in_request(RequestContext(task=TaskContext(1, "train", 2, "fit", 3, reproduction="x"))):
        assert sorted(then.ask(f"SELECT n FROM {T}")) == [1, 40]
    assert then.catalog.securables.list(SYSTEM, SecurableKind.TABLE)
