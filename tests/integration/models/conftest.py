"""One real server for the whole room, people with tokens, and things to be kept from them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.context import TaskContext
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database

HERE = Path(__file__).parent
START_SECONDS = 120
NEWS_SECONDS = 1.1
"""How long another process may take to hear of a grant."""
OWNER, STRANGER = "ada", "mallory"


class Server:
    """A server process over a home, and the law of that home opened beside it."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.home.create()
        database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.database = database
        self.catalog = Catalog(database, self.home)
        self.admin_token = self.catalog.bootstrap(OWNER) or ""
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self._people: list[httpx.Client] = []

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-W", "ignore", str(HERE / "serve.py"), str(self.home.root), str(port)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "MLFLOW"))}
        with (self.home.logs / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while self.state() == "starting":
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"The server did not start:\n{self.log()}")
            time.sleep(0.1)
        assert self.state() == "ready", self.log()

    def state(self) -> str:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).json()["mlflow"]
        except httpx.TransportError:
            return "starting"

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def close(self) -> None:
        self.stop()
        for http in self._people:
            http.close()
        self.database.dispose()

    def log(self) -> str:
        return (self.home.logs / "server.log").read_text()

    def token(self, name: str, task: TaskContext | None = None) -> str:
        return self.catalog.identities.issue_token(
            SYSTEM, name, lifetime_seconds=3600, comment="test", task=task
        ).secret

    def user(self, name: str) -> "Person":
        """A user who exists, signed in."""
        if name not in {each.name for each in self.catalog.identities.list()}:
            self.catalog.identities.create_user(SYSTEM, name)
        return self.person(self.token(name))

    def admin(self) -> "Person":
        return self.person(self.admin_token)

    def person(self, token: str) -> "Person":
        http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60
        )
        self._people.append(http)
        return Person(http, token)

    def schema(self, name: str) -> None:
        self.catalog.securables.create_schema(SYSTEM, SchemaName.parse(name))

    def grant(self, name: str, kind: SecurableKind, full_name: str, *privileges: Privilege) -> None:
        self.catalog.grants.grant(SYSTEM, name, privileges, kind, full_name)
        time.sleep(NEWS_SECONDS)

    def run_script(self, text: str, token: str, folder: Path, **variables: str) -> str:
        """Run Python with nothing but MLflow's two variables; what it printed."""
        file = folder / "script.py"
        file.write_text(text)
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "MLFLOW", "BOATHOUSE"))
        }
        environment = {**kept, "MLFLOW_TRACKING_URI": self.url, "MLFLOW_TRACKING_TOKEN": token, **variables}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(file)], env=environment, capture_output=True, text=True, cwd=folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@dataclass(frozen=True)
class Person:
    """Somebody with a token, and what they say over HTTP."""

    http: httpx.Client
    token: str

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.http.request(method, path, json=body, params=query or None)

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        return _good(self.call("POST", f"/api/2.0/mlflow/{path}", body or {}))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return _good(self.call("GET", f"/api/2.0/mlflow/{path}", **query))

    def delete(self, path: str, body: Any = None) -> dict[str, Any]:
        return _good(self.call("DELETE", f"/api/2.0/mlflow/{path}", body))

    def experiment(self, name: str) -> str:
        return self.post("experiments/create", {"name": name})["experiment_id"]

    def run(self, experiment_id: str, **fields: Any) -> str:
        return self.post("runs/create", {"experiment_id": experiment_id, **fields})["run"]["info"]["run_id"]

    def model(self, name: str) -> str:
        self.post("registered-models/create", {"name": name})
        return name

    def version(self, name: str, run_id: str) -> int:
        info = self.get("runs/get", run_id=run_id)["run"]["info"]
        body = {"name": name, "source": f"{info['artifact_uri']}/model", "run_id": run_id}
        return int(self.post("model-versions/create", body)["model_version"]["version"])

    def alias(self, name: str, alias: str, version: int) -> None:
        self.post("registered-models/alias", {"name": name, "alias": alias, "version": str(version)})


def _good(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json() if response.content else {}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The room's server; its schema ``dev.lab`` is Ada's playground."""
    server = Server(tmp_path_factory.mktemp("models") / "home")
    server.schema("dev.lab")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that a test may kill."""
    server = Server(tmp_path_factory.mktemp("mortal") / "home")
    server.schema("dev.lab")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def ada(server: Server) -> Person:
    return server.admin()


@pytest.fixture
def mallory(server: Server) -> Person:
    """Somebody with a valid token and no grants but those that everybody has."""
    return server.user(STRANGER)


@pytest.fixture
def new_name() -> Callable[[str], str]:
    """Names that no other test uses."""
    counter = iter(range(1_000_000))
    return lambda prefix: f"{prefix}_{os.getpid()}_{time.monotonic_ns()}_{next(counter)}"
