"""Devices that answer from an archive, and whose log comes home: with the home away, and while things are killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
from tests.integration.serving.batch.registering import register_line

from boathouse.foundation.home import Home
from boathouse.foundation.rest import Connection, RestClient
from boathouse.serving.edge.chunks import unpacked
from boathouse.serving.edge.syncing import sender, sync, waiting_bytes
from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server
MODEL, ENDPOINT = "dev.edge.line", "line"
PATIENCE_SECONDS = 90.0


@dataclass
class House:
    boathouse: LocalBoathouse
    archive: Path

    def payload(self) -> list[dict[str, Any]]:
        found = self.boathouse.run(
            "sql", "--format", "json", "--max-rows", "100000",
            "SELECT * FROM dev.edge.line_payload WHERE route = 'edge'",
        )  # fmt: skip
        return [json.loads(line) for line in found.stdout.splitlines()] if found.returncode == 0 else []

    def wait_for(self, ids: set[str]) -> list[dict[str, Any]]:
        return wait_until(lambda: (rows := self.payload()) and ids <= _ids(rows) and rows)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Generator[House]:
    folder = tmp_path_factory.mktemp("edge")
    variables = {"BOATHOUSE_SERVING_WORKERS": "1", "BOATHOUSE_CAPTURE_SECONDS": "0.3"}
    with running_boathouse(folder, variables=variables) as boathouse:
        client = boathouse.client()
        client.post("/api/2.1/unity-catalog/schemas", {"name": "edge", "catalog_name": "dev"})
        register_line(boathouse, MODEL)
        entity = {"name": "line", "entity_name": MODEL, "entity_version": "champion"}
        capture = {"catalog_name": "dev", "schema_name": "edge", "table_name_prefix": "line"}
        config = {"served_entities": [entity], "auto_capture_config": capture}
        client.post("/api/2.0/serving-endpoints", {"name": ENDPOINT, "config": config})
        archive = folder / "line.boathouse"
        done = boathouse.run("model", "export", f"{MODEL}@champion", str(archive))
        assert done.returncode == 0, done.stderr
        wait_until(lambda: client.get(f"/api/2.0/serving-endpoints/{ENDPOINT}")["state"]["ready"] == "READY")
        yield House(boathouse, archive)


@dataclass
class Edge:
    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"
    http: urllib3.PoolManager

    def ask(self, x: float) -> tuple[str, float]:
        answer = self.http.request(
            "POST", f"http://127.0.0.1:{self.port}/invocations", json={"dataframe_records": [{"x": x}]}, timeout=10
        )
        assert answer.status == 200, answer.data
        return answer.headers["x-request-id"], answer.json()["predictions"][0]


@contextmanager
def device(house: House, folder: Path, *options: str, wrapped: tuple[str, ...] = ()) -> Generator[Edge]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "BOATHOUSE"))}
    log = (folder.parent / f"{folder.name}.log").open("ab")
    process = subprocess.Popen(
        [*wrapped, sys.executable, "-m", "boathouse", "edge", "serve", str(house.archive), "--folder", str(folder),
         "--port", str(port), "--endpoint", ENDPOINT, "--device", "tower-7", *options],
        env={**environment, "BOATHOUSE_TOKEN": house.boathouse.token}, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    made = Edge(folder, port, process, urllib3.PoolManager(retries=False))
    try:
        wait_until(lambda: _is_there(made))
        yield made
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        made.http.clear()
        log.close()


def _is_there(made: Edge) -> bool:
    assert made.process.poll() is None, (made.folder.parent / f"{made.folder.name}.log").read_text()
    try:
        made.ask(0.0)
    except (urllib3.exceptions.HTTPError, AssertionError):
        return False
    return True


def wait_until(fits: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := fits()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.2)
    return found


def _ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["databricks_request_id"] for row in rows}


def test_a_device_answers_by_itself_and_its_log_comes_home_once(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "tower"
    with device(house, folder) as edge:
        asked = dict(edge.ask(float(number)) for number in range(20))
        assert sorted(asked.values()) == pytest.approx([2.0 * number + 1 for number in range(20)])
    environment = {**os.environ, "BOATHOUSE_TOKEN": house.boathouse.token}
    command = [sys.executable, "-m", "boathouse", "edge", "sync", "--folder", str(folder), "--to", house.boathouse.url,
               "--endpoint", ENDPOINT, "--device", "tower-7"]  # fmt: skip

    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert "0 requests have come home" not in first.stdout
    assert second.stdout.startswith("0 requests have come home")
    rows = [row for row in house.wait_for(set(asked)) if row["databricks_request_id"] in asked]
    assert len(rows) == 20
    assert {row["model_name"] for row in rows} == {MODEL}
    assert {row["model_version"] for row in rows} == {1}
    assert {row["device"] for row in rows} == {"tower-7"}
    assert all(row["arrived_at"] > row["request_time"] for row in rows)


def _own_network_is_refused() -> str | None:
    """Why no process can be given a network of its own here."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "there is no unshare"
    tried = subprocess.run([unshare, "-n", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"a network namespace is refused: {tried.stderr.strip()}"


def test_a_device_without_any_network_answers_and_its_log_comes_home_later(house: House, tmp_path: Path) -> None:
    if reason := _own_network_is_refused():
        pytest.skip(reason)
    folder = tmp_path / "island"
    script = Path(__file__).with_name("alone.py")
    port = house.boathouse.url.rpartition(":")[2]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "BOATHOUSE"))}
    done = subprocess.run(
        ["unshare", "-n", sys.executable, str(script), str(house.archive), str(folder), ENDPOINT, port],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reaches"] is False, "it had a network"
    assert [answer for _, answer in told["answers"]] == pytest.approx([1.0, 3.0, 5.0, 7.0, 9.0])
    sync(Home(folder), sender(RestClient(Connection(house.boathouse.url, house.boathouse.token)), ENDPOINT, "island"))
    rows = house.wait_for({request_id for request_id, _ in told["answers"]})
    assert len([row for row in rows if row["device"] == "island"]) == len(told["answers"])


def test_a_log_comes_home_by_itself_when_the_home_is_there_again(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "away"
    with device(house, folder, "--to", "http://127.0.0.1:9", "--every", "1s") as edge:
        asked = {edge.ask(float(number))[0] for number in range(5)}
        time.sleep(1)
        asked |= {edge.ask(1.0)[0]}
        assert waiting_bytes(Home(folder)) > 0
    with device(house, folder, "--to", house.boathouse.url, "--every", "1s") as edge:
        rows = house.wait_for(asked)
        assert len([row for row in rows if row["databricks_request_id"] in asked]) == 6
        later = {edge.ask(2.0)[0]}
        house.wait_for(later)


def test_nothing_is_lost_and_nothing_comes_twice_while_everything_is_killed(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    environment = {**os.environ, "BOATHOUSE_TOKEN": house.boathouse.token}
    command = [sys.executable, "-m", "boathouse", "edge", "sync", "--folder", str(folder), "--to", house.boathouse.url,
               "--endpoint", ENDPOINT, "--device", "tower-7"]  # fmt: skip
    asked: set[str] = set()
    for turn in range(3):
        with device(house, folder) as edge:
            asked |= {edge.ask(float(number))[0] for number in range(30)}
            sending = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.4 + 0.3 * turn)
            sending.kill()
            sending.wait()
            os.kill(edge.process.pid, signal.SIGKILL)
            edge.process.wait()
    subprocess.run(command, env=environment, capture_output=True, check=True)

    rows = [row for row in house.wait_for(asked) if row["databricks_request_id"] in asked]

    assert len(rows) == len(asked) == 90


def test_what_was_sent_and_not_acknowledged_is_not_taken_twice(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    with device(house, folder) as edge:
        asked = {edge.ask(float(number))[0] for number in range(8)}
    real = sender(RestClient(Connection(house.boathouse.url, house.boathouse.token)), ENDPOINT, "tower-8")
    messages: list[tuple[str, bytes]] = []

    def forgetful(journal: str, message: bytes) -> int:
        messages.append((journal, message))
        return real(journal, message)

    sync(Home(folder), forgetful)
    for journal, message in messages:
        assert real(journal, message) == list(unpacked(message))[-1].place
    rows = house.wait_for(asked)
    for journal, message in messages:  # everything has landed meanwhile
        real(journal, message)
    # What the receiver remembers is gone: the table's own log is left.
    for file in (house.boathouse.home.serving / "edge").glob("*.json"):
        file.unlink()
    for journal, message in messages:
        real(journal, message)
    time.sleep(2)

    rows = [row for row in house.payload() if row["databricks_request_id"] in asked]
    assert len(rows) == len(asked)


def test_another_signer_and_a_changed_archive_are_refused(house: House, tmp_path: Path) -> None:
    run = [sys.executable, "-m", "boathouse", "edge", "serve", "--folder", str(tmp_path / "edge"), "--port", "0"]
    changed = tmp_path / "changed.boathouse"
    content = bytearray(house.archive.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(bytes(content))

    broken = subprocess.run([*run, str(changed)], capture_output=True, text=True, timeout=120, check=False)
    other = subprocess.run(
        [*run, str(house.archive), "--signer", "SHA256:somebody"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert broken.returncode == 2
    assert other.returncode == 3
    assert "takes those of SHA256:somebody" in other.stderr
