"""A home with a catalog and a few Delta tables, without a server."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.metastore import Database


class CareHome:
    """A home that nobody serves."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / ".boathouse")
        self.home.create()
        self.database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, self.home)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.catalog.securables.create_catalog(self.ada, "main")
        self.schema = SchemaName.parse("main.s")
        self.catalog.securables.create_schema(self.ada, self.schema)

    def names(self) -> list[str]:
        return [table.securable.full_name for table in self.catalog.securables.tables(self.ada, self.schema)]


def make_delta(folder: Path, rows: int = 3, **options: object) -> Path:
    write_deltalake(str(folder), pa.table({"id": list(range(rows)), "part": ["a"] * rows}), **options)  # pyright: ignore
    return folder


@pytest.fixture
def care_home(tmp_path: Path) -> Iterator[CareHome]:
    found = CareHome(tmp_path)
    yield found
    found.database.dispose()
