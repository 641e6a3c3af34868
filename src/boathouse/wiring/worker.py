"""A worker's parts, joined."""

import time

from sqlalchemy import inspect

from boathouse.catalog import Catalog
from boathouse.environments import Environments
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.jobs.worker import Worker, WorkerSettings
from boathouse.metastore import Database
from boathouse.wiring.databases import boathouse_database, database_url

TASK_HOOKS = "boathouse.models.autolog:install"
"""What every Python task calls first."""
SCHEMA_WITHIN_SECONDS = 60
_LAST_TABLE = "job_runs"


def build_worker(home: Home, settings: Settings) -> Worker:
    """Join the parts of a worker, once the control plane has brought the database to this release's schema.

    Raises:
        Unavailable: It has not done so within a minute.
    """
    home.create()
    database = boathouse_database(home, settings)
    _wait_for_schema(database)
    clock = SystemClock()
    catalog = Catalog(database, home, clock)
    worker_settings = WorkerSettings(
        url=f"http://{_reachable(settings.host)}:{settings.port}",
        dbos=database_url(home, settings, "dbos"),
        slots=settings.slots,
        hooks=TASK_HOOKS,
    )
    return Worker(database, catalog.identities, Environments(home), home, worker_settings, clock)


def _wait_for_schema(database: Database) -> None:
    deadline = time.monotonic() + SCHEMA_WITHIN_SECONDS
    while not inspect(database.engine).has_table(_LAST_TABLE):
        if time.monotonic() > deadline:
            raise Unavailable("The database has no tables for jobs.", hint="The control plane's log says why.")
        time.sleep(0.05)


def _reachable(host: str) -> str:
    """The address under which tasks of this machine reach the control plane."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host
