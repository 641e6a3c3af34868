"""The statements of clients elsewhere, joined: the service, and a pool of query processes when it starts."""

import os
import sys

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.foundation.settings import PREFIX, Settings
from boathouse.metastore import Database
from boathouse.session.statements.pool import QueryPool
from boathouse.session.statements.results import ResultStore
from boathouse.session.statements.service import Statements

QUERY_PROCESS = "boathouse.wiring.query_process"


def build_statements(database: Database, catalog: Catalog, home: Home, clock: Clock) -> Statements:
    return Statements(database, catalog, ResultStore(home), clock)


def query_pool(statements: Statements, home: Home, settings: Settings) -> QueryPool:
    """Query processes for the home; the settings travel as variables."""
    own = {PREFIX + name.upper(): str(getattr(settings, name)) for name in Settings.__slots__}
    return QueryPool(
        [sys.executable, "-m", QUERY_PROCESS, "--home", str(home.root)],
        statements,
        slots=max(1, settings.query_processes),
        seconds=settings.query_seconds,
        environment={**os.environ, **own},
    )
