"""Many requests, good and bad, while processes are killed and configurations change; then the books are balanced.

    python tests/integration/serving/soak/soaking.py 200000

Every answer with status 200 must be in the inference table exactly once, as it was sent; nothing may be refused with a
status that was not foreseen; and all workers must be there at the end.
"""

import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse, running_boathouse

SCHEMA, MODEL, ENDPOINTS, WORKERS = "dev.soak", "dev.soak.plus", ("followed", "split"), 2
CALLERS, PATIENCE_SECONDS = 4, 240.0
VARIABLES = {"BOATHOUSE_SERVING_WORKERS": str(WORKERS), "BOATHOUSE_CAPTURE_SECONDS": "0.2"}
FORESEEN = {
    "good": {200},
    "broken": {400},
    "incomplete": {400},
    "mistyped": {400},
    "unknown kind": {415},
    "nowhere": {404},
    "nobody": {401},
    "huge": {413},
}
WHILE_THINGS_DIE = {503}
"""With Retry-After; nothing else of the 500s is an answer."""


@dataclass(slots=True)
class Books:
    """What callers have seen."""

    answered: dict[str, tuple[str, float, list[float]]] = field(default_factory=dict[str, Any])
    """Endpoint, what was sent and what came back, by the id of the request."""
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    cut: int = 0
    """Connections that ended without an answer: a worker was killed in the middle of it."""
    not_ready: Counter[str] = field(default_factory=Counter[str])
    """What was said with status 503."""
    surprises: list[str] = field(default_factory=list[str])
    killed: Counter[str] = field(default_factory=Counter[str])
    changed: int = 0


class Caller(threading.Thread):
    """Asks and writes down, on a connection that is kept or on another one each time."""

    def __init__(self, server: LocalBoathouse, requests: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.books = Books()
        self._address = urlsplit(server.serving_url).netloc
        self._token = server.token
        self._requests = requests
        self._dice = random.Random(seed)
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for number in range(self._requests):
            self._await_connection()
            kind = "good" if self._dice.random() < 0.8 else self._dice.choice(list(FORESEEN))
            try:
                self._ask(kind, float(number))
            except (OSError, http.client.HTTPException):
                self.books.cut += 1
                self._let_go()
                time.sleep(0.02)
            if self._dice.random() < 0.2:
                self._let_go()
        self._let_go()

    def _ask(self, kind: str, x: float) -> None:
        endpoint = "nowhere" if kind == "nowhere" else self._dice.choice(ENDPOINTS)
        headers = {"content-type": "text/x-unknown" if kind == "unknown kind" else "application/json"}
        if kind != "nobody":
            headers["authorization"] = f"Bearer {self._token}"
        assert self._connection is not None
        self._connection.request("POST", f"/serving-endpoints/{endpoint}/invocations", body_of(kind, x), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        self.books.statuses[kind, answer.status] += 1
        if answer.status == 200:
            self.books.answered[answer.headers["x-request-id"]] = (endpoint, x, json.loads(body)["predictions"])
        self._judge(kind, answer, body)
        if answer.status in WHILE_THINGS_DIE:
            self.books.not_ready[json.loads(body)["message"]] += 1
            time.sleep(0.05)

    def _judge(self, kind: str, answer: http.client.HTTPResponse, body: bytes) -> None:
        is_dying = answer.status in WHILE_THINGS_DIE and "retry-after" in answer.headers
        fits = is_dying or answer.status in FORESEEN[kind]
        told = json.loads(body)
        if not fits or (answer.status != 200 and not (told.get("error_code") and told.get("message"))):
            self.books.surprises.append(f"{kind}: {answer.status} {body[:300]!r}")

    def _await_connection(self) -> None:
        """Nobody listens while the data plane is started again; that is no answer, and nothing was sent."""
        while self._connection is None:
            self._connection = http.client.HTTPConnection(self._address, timeout=60)
            try:
                self._connection.connect()
            except ConnectionRefusedError:
                self._connection = None
                time.sleep(0.1)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def body_of(kind: str, x: float) -> bytes:
    """What a request of this kind sends; the model adds one or two to ``x``."""
    match kind:
        case "broken":
            return b'{"dataframe_records": [{"x": '
        case "incomplete":
            return b'{"dataframe_records": [{"y": 1.0}]}'
        case "mistyped":
            return b'{"dataframe_records": [{"x": "much"}]}'
        case "huge":
            rows = ",".join(['{"x": 1.0}'] * 101)
            return f'{{"dataframe_records": [{rows}]}}'.encode()
        case _:
            return json.dumps({"dataframe_records": [{"x": x}]}).encode()


class Trouble(threading.Thread):
    """Kills and changes, one after another, until it is told to stop."""

    def __init__(self, server: LocalBoathouse, books: Books, seed: int) -> None:
        super().__init__(daemon=True)
        self._server, self._books = server, books
        self._dice = random.Random(seed)
        self._stopped = threading.Event()
        self._ends_of_control_plane: list[float] = []
        self._kills: dict[str, Callable[[], int | None]] = {
            "worker": lambda: self._dice.choice(workers_of(server) or [0]) or None,
            "recorder": lambda: server.pids.get("recorder"),
            "control plane": lambda: server.pids.get("control-plane"),
            "data plane": lambda: server.pids.get("data-plane"),
        }

    def run(self) -> None:
        while not self._stopped.wait(self._dice.uniform(0.5, 1.5)):
            if self._dice.random() < 0.5:
                self._kill()
            else:
                self._change()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _kill(self) -> None:
        who = self._dice.choices(list(self._kills), weights=(4, 3, 2, 1))[0]
        if who == "control plane" and not self._may_end_control_plane():
            return
        with suppress(ProcessLookupError, KeyError):
            if pid := self._kills[who]():
                os.kill(pid, signal.SIGKILL)
                self._books.killed[who] += 1

    def _may_end_control_plane(self) -> bool:
        """A control plane that keeps dying is started again later each time, and then nothing could be changed."""
        now = time.monotonic()
        recent = [each for each in self._ends_of_control_plane if now - each < 60]
        if len(recent) >= 3:
            return False
        self._ends_of_control_plane = [*recent, now]
        return True

    def _change(self) -> None:
        client = self._server.client()
        try:
            match self._dice.randrange(3):
                case 0:
                    point_alias(client, self._dice.randint(1, 2))
                case 1:
                    client.put("/api/2.0/serving-endpoints/split/config", split_config(self._dice.randint(0, 100)))
                case _:
                    put_policy(client, self._dice.choice(ENDPOINTS), deadline_ms=self._dice.randint(20_000, 60_000))
            self._books.changed += 1
        except (BoathouseError, OSError, KeyError):
            pass  # the control plane was killed before
        finally:
            client.close()


def workers_of(server: LocalBoathouse) -> list[int]:
    """Pids of those who answer."""
    try:
        return [each.pid for each in psutil.Process(server.pids["data-plane"]).children()]
    except psutil.NoSuchProcess:
        return []


def soak(server: LocalBoathouse, requests: int, *, seed: int = 7) -> Books:
    """Ask, kill, change; gives what callers have seen."""
    prepare(server)
    callers = [Caller(server, requests // CALLERS, seed + number) for number in range(CALLERS)]
    books = Books()
    trouble = Trouble(server, books, seed)
    for thread in (*callers, trouble):
        thread.start()
    for caller in callers:
        caller.join()
        books.answered |= caller.books.answered
        books.statuses += caller.books.statuses
        books.cut += caller.books.cut
        books.not_ready += caller.books.not_ready
        books.surprises += caller.books.surprises
    trouble.stop()
    return books


def balance(server: LocalBoathouse, books: Books) -> list[str]:
    """What does not agree between what callers saw and what is in the tables; nothing, when all is well."""
    wrong = list(books.surprises)
    wait_until(lambda: len(workers_of(server)) == WORKERS and is_healthy(server))
    found: dict[str, tuple[str, Any]] = {}
    for endpoint in ENDPOINTS:
        expected = {each for each, (asked, _, _) in books.answered.items() if asked == endpoint}
        rows = wait_until(lambda endpoint=endpoint, expected=expected: recorded(server, endpoint, expected))
        counts = Counter(row["databricks_request_id"] for row in rows)
        wrong += [f"{each} is {count} times in the table of {endpoint}" for each, count in counts.items() if count > 1]
        found |= {row["databricks_request_id"]: (endpoint, row) for row in rows if row["status_code"] == 200}
    for request_id, (endpoint, x, predictions) in books.answered.items():
        there = found.get(request_id)
        if there is None or there[0] != endpoint:
            wrong.append(f"{request_id} of {endpoint} was answered and is not in its table")
        elif json.loads(there[1]["request"])["dataframe_records"] != [{"x": x}]:
            wrong.append(f"{request_id} is in the table with another request")
        elif json.loads(there[1]["response"])["predictions"] != predictions:
            wrong.append(f"{request_id} is in the table with another answer")
    asked = (each for each, (_, row) in found.items() if '"x": -1.0' not in row["request"])  # not to see who is there
    if (more := len(set(asked) - books.answered.keys())) > books.cut:
        wrong.append(f"{more} answers are in the tables that nobody saw, and only {books.cut} connections were cut")
    return wrong


def recorded(server: LocalBoathouse, endpoint: str, expected: set[str]) -> list[dict[str, Any]] | None:
    """Rows of the inference table, once all that is expected is there; or, long after, without it."""
    try:
        session = connected_session(Connection(server.url, server.token))
        columns = ["databricks_request_id", "status_code", "request", "response"]
        rows = session.table(f"{SCHEMA}.{endpoint}_payload", columns=columns).arrow().to_pylist()
    except (BoathouseError, OSError, KeyError):
        return None
    return rows if expected <= {row["databricks_request_id"] for row in rows} else None


def prepare(server: LocalBoathouse) -> None:
    """Two versions of a model, an endpoint that follows an alias and one that splits its traffic."""
    client = server.client()
    catalog, _, schema = SCHEMA.partition(".")
    client.post("/api/2.1/unity-catalog/schemas", {"name": schema, "catalog_name": catalog})
    with tracking(server):
        for plus in (1.0, 2.0):
            add_version(plus)
    point_alias(client, 1)
    entity = {"name": "plus", "entity_name": MODEL, "entity_version": "champion"}
    followed = {"served_entities": [entity], "auto_capture_config": capture_of("followed")}
    client.post("/api/2.0/serving-endpoints", {"name": "followed", "config": followed})
    client.post("/api/2.0/serving-endpoints", {"name": "split", "config": split_config(50)})
    for endpoint in ENDPOINTS:
        put_policy(client, endpoint, deadline_ms=30_000)
    wait_until(lambda: all(is_ready(client, endpoint) for endpoint in ENDPOINTS))
    client.close()
    wait_until(lambda: all(is_answering(server, endpoint) for endpoint in ENDPOINTS * 10))


def split_config(share: int) -> dict[str, Any]:
    entities = [{"name": f"v{n}", "entity_name": MODEL, "entity_version": str(n)} for n in (1, 2)]
    routes = [
        {"served_model_name": "v1", "traffic_percentage": share},
        {"served_model_name": "v2", "traffic_percentage": 100 - share},
    ]
    capture = capture_of("split")
    return {"served_entities": entities, "traffic_config": {"routes": routes}, "auto_capture_config": capture}


def capture_of(endpoint: str) -> dict[str, Any]:
    catalog, _, schema = SCHEMA.partition(".")
    return {"catalog_name": catalog, "schema_name": schema, "table_name_prefix": endpoint, "enabled": True}


def put_policy(client: Any, endpoint: str, *, deadline_ms: int) -> None:
    limits = {"rows": 100, "deadline_ms": deadline_ms}
    client.put(f"/api/boathouse/v1/endpoints/{endpoint}/policy", {"limits": limits})


def point_alias(client: Any, version: int) -> None:
    asked = {"name": MODEL, "alias": "champion", "version": str(version)}
    client.post("/api/2.0/mlflow/registered-models/alias", asked)


def is_ready(client: Any, endpoint: str) -> bool:
    return client.get(f"/api/2.0/serving-endpoints/{endpoint}")["state"]["ready"] == "READY"


def is_answering(server: LocalBoathouse, endpoint: str) -> bool:
    """On a connection of its own, so perhaps by another worker than the last time."""
    connection = http.client.HTTPConnection(urlsplit(server.serving_url).netloc, timeout=60)
    headers = {"authorization": f"Bearer {server.token}", "content-type": "application/json"}
    try:
        connection.request("POST", f"/serving-endpoints/{endpoint}/invocations", body_of("good", -1.0), headers)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def is_healthy(server: LocalBoathouse) -> bool:
    client = server.client()
    try:
        return all(is_ready(client, endpoint) for endpoint in ENDPOINTS)
    except (BoathouseError, OSError, KeyError):
        return False
    finally:
        client.close()


def add_version(plus: float) -> None:
    import mlflow
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    inputs = pd.DataFrame({"x": np.arange(4.0)})
    made = LinearRegression().fit(inputs, inputs["x"] + plus)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        mlflow.set_experiment("soak")
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                made, name="model", input_example=inputs.head(1), pip_requirements=[],
                signature=mlflow.models.infer_signature(inputs, made.predict(inputs)),
                registered_model_name=MODEL, serialization_format="skops",
            )  # fmt: skip


@contextmanager
def tracking(server: LocalBoathouse) -> Iterator[None]:
    import mlflow

    names = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_REGISTRY_URI", "SPARK_HOME")
    before = {name: os.environ.get(name) for name in names}
    os.environ["MLFLOW_TRACKING_TOKEN"] = server.token
    os.environ["SPARK_HOME"] = sys.prefix
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def wait_until(fits: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := fits()):
        if time.monotonic() > until:
            raise TimeoutError("it did not come about")
        time.sleep(0.2)
    return found


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as name, running_boathouse(Path(name), variables=VARIABLES) as server:
        begun = time.monotonic()
        books = soak(server, requests)
        print(f"{requests} requests in {time.monotonic() - begun:.0f} s, {len(books.answered)} answered with 200.")
        print(f"Killed: {dict(books.killed)}. Changes: {books.changed}. Connections cut: {books.cut}.")
        print(f"Statuses: {dict(sorted(books.statuses.items()))}")
        print(f"Not ready: {dict(books.not_ready.most_common(5))}")
        wrong = balance(server, books)
    for each in wrong[:50]:
        print(each)
    print(f"{len(wrong)} things are wrong.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
