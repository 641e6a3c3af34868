"""A real server over HTTP, with the catalog's doors, for clients that nobody modified."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import Principal
from boathouse.foundation.rest import Connection, RestClient
from boathouse.metastore import Database
from boathouse.server.authentication import AuthenticationMiddleware
from boathouse.server.errors import answer_errors
from boathouse.server.routes import catalog as catalog_routes


@dataclass
class CatalogServer:
    """The catalog's doors on a free port; schema ``dev.trips`` is there, and bob may use nothing yet."""

    url: str
    catalog: Catalog
    admin: Principal
    admin_token: str
    bob: Principal
    bob_token: str
    folder: Path

    def rest(self, token: str | None = None) -> RestClient:
        return RestClient(Connection(self.url, token or self.admin_token))

    def let_bob(self, *privileges: Privilege, kind: SecurableKind = SecurableKind.CATALOG, name: str = "dev") -> None:
        self.catalog.grants.grant(self.admin, "bob", privileges, kind, name)

    def make_table(self, name: str = "dev.trips.rides") -> TableName:
        """A managed table with three rows in two commits."""
        import pyarrow as pa

        from boathouse.catalog.columns import columns_from_delta
        from boathouse.lake import open_snapshot
        from boathouse.lake.tables import append, create_table

        table = TableName.parse(name)
        place = self.catalog.securables.stage_table(self.admin, table)
        rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "city": ["Kiel", "Lund", "Riga"]})
        create_table(place.storage_location, rows.schema)
        append(place.storage_location, rows)
        self.catalog.securables.create_table(
            self.admin,
            table,
            table_id=place.table_id,
            storage_location=place.storage_location,
            columns=columns_from_delta(open_snapshot(place.storage_location).schema_json),
        )
        return table


@pytest.fixture
def served(tmp_path: Path) -> Iterator[CatalogServer]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    secret = catalog.bootstrap("alice")
    assert secret is not None
    admin = catalog.identities.authenticate(secret).principal
    catalog.securables.create_schema(admin, SchemaName("dev", "trips"))
    catalog.identities.create_user(admin, "bob")
    bob_secret = catalog.identities.issue_token(admin, "bob").secret
    with Serving(catalog) as url:
        bob = catalog.identities.principal("bob")
        yield CatalogServer(url, catalog, admin, secret, bob, bob_secret, tmp_path)
    database.dispose()


class Serving:
    """Runs the app in a thread until the block ends."""

    def __init__(self, catalog: Catalog) -> None:
        app = FastAPI()
        answer_errors(app)
        app.include_router(catalog_routes.routes(catalog))
        app.add_middleware(AuthenticationMiddleware, authenticate=catalog.identities.authenticate)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
