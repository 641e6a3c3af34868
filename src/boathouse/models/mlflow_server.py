"""MLflow's own server, loaded into this process.

It is configured by environment variables that it reads on import. Those with a leading underscore are internal to
MLflow; a test walks through them on every upgrade. The import takes seconds, so it happens in a thread of its own
while the rest of the control plane already answers.
"""

import logging
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.importing import importing_much

log = logging.getLogger(__name__)

ARTIFACT_ROOT = "mlflow-artifacts:/"
"""Clients reach every artifact through the server, under its grants."""

_importing = threading.RLock()

WEBHOOK_KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"

READY_DEADLINE_SECONDS = 60.0
"""How long a request waits for MLflow after a start before it is told to come back."""


@dataclass(frozen=True, slots=True)
class MlflowSettings:
    """Where MLflow keeps its things."""

    database_url: str
    """SQLAlchemy URL of MLflow's own database."""
    artifacts: Path
    """Folder that ``mlflow-artifacts:/`` stands for."""
    allowed_hosts: str = ""
    """Comma-separated host names that browsers may use; empty: loopback and private networks."""
    webhook_key: Callable[[], str | None] = lambda: None
    """The key under which MLflow keeps the secrets of its webhooks. Without one it makes another at every start, and
    can then read none of those it has kept."""

    @classmethod
    def of_home(cls, home: Home) -> "MlflowSettings":
        return cls(f"sqlite:///{home.databases / 'mlflow.db'}", home.artifacts)

    @property
    def sqlite_file(self) -> Path | None:
        prefix = "sqlite:///"
        return Path(self.database_url.removeprefix(prefix)) if self.database_url.startswith(prefix) else None

    def environment(self) -> dict[str, str]:
        """The variables that MLflow's server reads on import."""
        variables = {
            "_MLFLOW_SERVER_FILE_STORE": self.database_url,
            "_MLFLOW_SERVER_REGISTRY_STORE": self.database_url,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": self.artifacts.as_uri(),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            # MLflow's job runner would be a second scheduler beside ours, in processes of its own.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            # Nothing leaves the machine that its owner has not asked for.
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_MODEL_CATALOG_URI": "",
        }
        if self.allowed_hosts:
            variables["MLFLOW_SERVER_ALLOWED_HOSTS"] = self.allowed_hosts
        if WEBHOOK_KEY not in os.environ and (key := self.webhook_key()):
            variables[WEBHOOK_KEY] = key
        return variables


@dataclass(frozen=True, slots=True)
class MlflowApps:
    """MLflow's two applications: most routes are WSGI (Flask), the streaming and newer ones ASGI (FastAPI)."""

    wsgi: Callable[..., Any]
    asgi: Callable[..., Any]


class MlflowServer:
    """Loads MLflow once, in the background; whoever needs it waits."""

    def __init__(self, settings: MlflowSettings) -> None:
        self.settings = settings
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._apps: MlflowApps | None = None
        self._failure: str | None = None

    def start(self, then: Callable[[], None] | None = None) -> None:
        """Begin to load; ``then`` runs in the same thread before requests are let in."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, args=(then,), name="mlflow-import", daemon=True)
                self._thread.start()

    @property
    def state(self) -> str:
        """``starting``, ``ready`` or ``failed: ...``."""
        if not self._ready.is_set():
            return "starting"
        return "ready" if self._failure is None else f"failed: {self._failure}"

    @property
    def is_settled(self) -> bool:
        """Whether a wait would return at once."""
        return self._ready.is_set()

    def apps(self, deadline_seconds: float = READY_DEADLINE_SECONDS) -> MlflowApps:
        """The applications, as soon as they are loaded.

        Raises:
            Unavailable: MLflow could not be loaded, or not in time.
        """
        self.start()
        if not self._ready.wait(deadline_seconds):
            raise Unavailable("MLflow is still starting.", hint="Try again in a few seconds.")
        if self._apps is None:
            raise Unavailable(f"MLflow could not be started: {self._failure}", hint="The control plane's log says why.")
        return self._apps

    def _load(self, then: Callable[[], None] | None) -> None:
        begun = time.monotonic()
        self._failure = "its start was cut short"
        try:
            apps = load_apps(self.settings)
            if then is not None:
                then()
            self._apps, self._failure = apps, None
        except Exception as error:
            self._failure = str(error)
            raise  # the thread ends here, and Python writes the traceback to the log
        finally:
            self._ready.set()
            log.info("MLflow is %s after %.1f s", self.state, time.monotonic() - begun)


def load_apps(settings: MlflowSettings) -> MlflowApps:
    """Configure and import MLflow's server; its database is made or checked on the way."""
    os.environ.update(settings.environment())
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # in this process the store is the database, never our own door
    prepare_database(settings)
    with _importing, importing_much(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside MLflow's imports are MLflow's to mend
        import mlflow
        from mlflow.server import app as wsgi_app
        from mlflow.server.fastapi_app import app as asgi_app
    # MLflow's registry looks up models as a client would, and its server says where only with the first tracking call:
    # before that it would make a database of its own in the current folder.
    mlflow.set_tracking_uri(settings.database_url)
    return MlflowApps(wsgi_app, asgi_app)


def import_mlflow() -> None:
    """Import MLflow, or wait until somebody has: two threads that import it at the same time see it half made."""
    with _importing:
        import mlflow  # noqa: F401  # pyright: ignore[reportUnusedImport]


def prepare_database(settings: MlflowSettings) -> None:
    """Let readers of MLflow's SQLite file go on while somebody writes. The mode stays with the file."""
    if (file := settings.sqlite_file) is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()
