"""Messages through a real Redis server, and processes that are killed in between."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.models import BatchModel
from boathouse.serving.scoring.answers import as_json
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.streaming.brokers import MESSAGE_ID, SERVED_BY, WHY, BrokerStream, reply_to

PATIENCE_SECONDS = 120.0


@dataclass
class Odd:
    """A model whose answers have no form in JSON."""

    is_fast: bool = False
    required: tuple[str, ...] = ()

    def read(self, payload: Payload) -> Any:
        return payload.data

    def predict(self, arrays: Any, params: Mapping[str, Any] | None) -> Any:
        return [object()]

    def answer(self, predictions: Any) -> bytes:
        return as_json(predictions)

    def close(self) -> None: ...


def test_whatever_goes_wrong_with_a_message_it_is_put_away_with_the_reason() -> None:
    reply = reply_to(BatchModel("dev.shop.odd", 1, Odd()), b'{"inputs": [1]}', "m-1", 10)
    assert reply.is_dead
    assert "no form in JSON" in reply.headers[WHY] or "not JSON serializable" in reply.headers[WHY]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)


@pytest.fixture
def client(server: str) -> Iterator[Any]:
    made: Any = redis.Redis.from_url(server)
    wait_until(lambda: _answers(made))
    yield made
    made.close()


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def wait_until(fits: Callable[[], Any]) -> Any:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := fits()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.1)
    return found


def start(server: str, model_folder: Path, consumer: str) -> "subprocess.Popen[bytes]":
    script = Path(__file__).with_name("broker_process.py")
    environment = {**os.environ, "BOATHOUSE_HOME": str(model_folder.parent / "home")}
    (model_folder.parent / "home").mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, str(script), server, str(model_folder), consumer], env=environment)


def add(client: Any, body: bytes) -> str:
    return str(client.xadd("asked", {"__data__": body}).decode())


def ids(client: Any, stream: str) -> list[str]:
    """The ids of the messages that were answered."""
    return [message["headers"][MESSAGE_ID] for message in messages(client, stream)]


def messages(client: Any, stream: str) -> list[dict[str, Any]]:
    from faststream.redis.parser import BinaryMessageFormatV1

    found: list[dict[str, Any]] = []
    for _, fields in client.xrange(stream):
        body, headers = BinaryMessageFormatV1.parse(fields[b"__data__"])
        found.append({"body": body, "headers": headers})
    return found


def test_every_message_is_answered_though_processes_are_killed(
    server: str, client: Any, model: BatchModel, model_folder: Path
) -> None:
    asked = [add(client, json.dumps({"dataframe_records": [{"x": float(n)}]}).encode()) for n in range(100)]
    bad = [add(client, b'{"dataframe_records": [{"y": 1}]}'), add(client, b"{")]
    for number in range(3):
        process = start(server, model_folder, f"one-{number}")
        before = client.xlen("answered")
        more = [add(client, json.dumps({"inputs": {"x": [float(n)]}}).encode()) for n in range(50)]
        asked += more
        wait_until(lambda: client.xlen("answered") > before)  # noqa: B023
        process.kill()
        process.wait()
    process = start(server, model_folder, "last")
    try:
        wait_until(lambda: set(asked) <= set(ids(client, "answered")) and set(bad) <= set(ids(client, "asked.dead")))
        wait_until(lambda: client.xpending("asked", "boathouse")["pending"] == 0)
    finally:
        process.terminate()
        process.wait(30)

    by_id = {each["headers"][MESSAGE_ID]: each for each in messages(client, "answered")}
    assert set(by_id) == set(asked)
    assert [round(json.loads(by_id[each]["body"])["predictions"][0], 6) for each in asked[:3]] == [1.0, 3.0, 5.0]
    assert by_id[asked[0]]["headers"][SERVED_BY] == "dev.shop.line@1"
    why = {each["headers"][MESSAGE_ID]: each["headers"][WHY] for each in messages(client, "asked.dead")}
    assert "Column x is missing" in why[bad[0]]


def test_a_message_that_cannot_be_answered_says_why(model: BatchModel) -> None:
    reply = reply_to(model, b'{"dataframe_records": [{"x": "much"}]}', "7-0", 10)

    assert reply.is_dead
    assert reply.headers[MESSAGE_ID] == "7-0"
    assert "'much' is no double" in reply.headers[WHY]
    assert reply.body == b'{"dataframe_records": [{"x": "much"}]}'


def test_too_many_rows_are_not_answered(model: BatchModel) -> None:
    assert reply_to(model, b'{"inputs": {"x": [1, 2, 3]}}', "7-0", 2).is_dead


def test_what_is_no_broker_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'ftp' is no broker"):
        _ = BrokerStream("ftp://there", "a", "b").kind
