"""The worker's parts, joined."""

from boathouse.catalog import Catalog
from boathouse.environments import Environments
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.jobs.workers.worker import Worker, WorkerSettings
from boathouse.metastore import wait_until_migrated
from boathouse.wiring.databases import boathouse_database, database_url
from boathouse.wiring.secret_keys import secret_keys

TASK_HOOKS = "boathouse.models.autolog:install"
"""What every task calls before its code runs. Named here, because jobs and models do not know each other."""
PRELOAD = ",".join(
    (
        "boathouse.session.default",
        "boathouse.foundation.rest",
        "scipy.special",
        "scipy.sparse",
        "sklearn.base",
        "matplotlib.figure",
        "matplotlib.backends.backend_agg",
        "mlflow.pyfunc",
    )
)
"""What evaluations, refreshes and SQL spend most of their start on."""


def build_worker(home: Home, settings: Settings) -> Worker:
    """A worker over the databases; waits until the control plane has migrated them."""
    clock = SystemClock()
    database = boathouse_database(home, settings)
    wait_until_migrated(database)
    catalog = Catalog(database, home, clock, secret_keys=secret_keys(settings))
    told = WorkerSettings(
        url=f"http://{own_address(settings.host)}:{settings.port}",
        dbos=database_url(home, settings, "dbos"),
        slots=settings.slots,
        hooks=TASK_HOOKS,
        preload=PRELOAD,
    )
    return Worker(database, catalog, Environments(home), home, told, clock)


def own_address(host: str) -> str:
    """Where this machine reaches a server of its own that listens on ``host``."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
