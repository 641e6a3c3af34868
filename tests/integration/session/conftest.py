"""A control plane of two rooms on a real port, and sessions that reach it over HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.rest import Connection
from boathouse.metastore import Database
from boathouse.server.authentication import AuthenticationMiddleware
from boathouse.server.errors import answer_errors
from boathouse.server.routes import files
from boathouse.server.routes import session as session_routes
from boathouse.session import LocalLaw, Session
from boathouse.session.default import connected_session
from boathouse.session.file_store import FileStore


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    made = Catalog(database, home)
    made.bootstrap("root")
    made.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield made
    database.dispose()


@pytest.fixture
def url(catalog: Catalog) -> Iterator[str]:
    app = FastAPI()
    answer_errors(app)
    law = LocalLaw(catalog)
    app.include_router(session_routes.routes(law))
    app.include_router(files.routes(FileStore(catalog)))
    app.add_middleware(AuthenticationMiddleware, authenticate=catalog.identities.authenticate)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def token(catalog: Catalog) -> Callable[..., str]:
    """A token for a user, who is made if need be and gets privileges on schema dev.shop."""

    def issue(name: str, *privileges: Privilege) -> str:
        if name != "root":
            catalog.identities.create_user(SYSTEM, name)
            catalog.grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
            catalog.grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA, *privileges], SecurableKind.SCHEMA, "dev.shop")
        return catalog.identities.issue_token(SYSTEM, name, comment="test").secret

    return issue


@pytest.fixture
def session(url: str, token: Callable[..., str]) -> Session:
    """An administrator's session over HTTP."""
    return connected_session(Connection(url, token("root")))
