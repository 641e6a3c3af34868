"""Starts a real data plane without a control plane: what it answers by is a snapshot that the test writes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import urllib3

from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.serving.snapshot.files import write
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint, Snapshot
from boathouse.serving.telemetry.reading import read_counts

TOKEN = "a-token-of-a-caller"
CALLER = "caller"
READY_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class LocalDataPlane:
    """A running data plane."""

    home: Home
    port: int
    workers: int
    process: "subprocess.Popen[bytes]"
    generation: int = 0
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """Of the workers that are alive."""
        return [counts.pid for counts in read_counts(self.home) if counts.is_alive]

    def serve(
        self, *endpoints: LiveEndpoint, tokens: Mapping[str, KnownToken] | None = None, wait: bool = True
    ) -> None:
        """Write another snapshot, and wait until every worker answers by it.

        Args:
            tokens: By secret; by default the one of ``caller``.
        """
        self.generation = write_snapshot(self.home, self.generation + 1, endpoints, tokens)
        self.wait_for(self.generation)

    def wait_for(self, generation: int) -> None:
        """
        Raises:
            Unavailable: Some worker does not answer by it in time.
        """
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            alive = [counts for counts in read_counts(self.home) if counts.is_alive]
            if len(alive) >= self.workers and all(counts.generation >= generation for counts in alive):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"The data plane does not answer by snapshot {generation}.\n{self.log()}")
            time.sleep(0.05)

    def ask(
        self, endpoint: str, body: Any, *, token: str | None = TOKEN, content_type: str = "application/json",
        headers: Mapping[str, str] | None = None, http: urllib3.PoolManager | None = None,
    ) -> Answered:  # fmt: skip
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", f"/serving-endpoints/{endpoint}/invocations", sent, token=token,
                            headers={"content-type": content_type, **(headers or {})}, http=http)  # fmt: skip

    def request(
        self, method: str, path: str, body: bytes | None = None, *, token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None, http: urllib3.PoolManager | None = None,
    ) -> Answered:  # fmt: skip
        sent = {**({"authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        answer = (http or self.http).request(method, self.url + path, body=body, headers=sent, timeout=60)
        return Answered(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data)

    def log(self) -> str:
        return (self.home.logs / "data-plane.log").read_text(errors="replace")


@contextmanager
def running_data_plane(
    folder: Path,
    *endpoints: LiveEndpoint,
    workers: int = 1,
    tokens: Mapping[str, KnownToken] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Generator[LocalDataPlane]:
    """A data plane with its home in ``folder`` that answers by these endpoints; stopped at the end of the block.

    Raises:
        Unavailable: It does not answer; the message holds its log.
    """
    from boathouse.wiring.supervisor import claim_port, stop_processes

    home = Home(folder / ".boathouse")
    home.create()
    write_snapshot(home, 1, endpoints, tokens)
    port = claim_port("127.0.0.1", 0)
    ours = {"BOATHOUSE_SERVING_PORT": str(port), "BOATHOUSE_SERVING_WORKERS": str(workers)}
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with (home.logs / "data-plane.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "boathouse.dataplane", "--home", str(home.root)],
            env={**environment, **ours, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    plane = LocalDataPlane(home, port, workers, process, 1)
    try:
        plane.wait_for(1)
        yield plane
    finally:
        if process.poll() is None:
            stop_processes([process])


def write_snapshot(
    home: Home, generation: int, endpoints: Sequence[LiveEndpoint], tokens: Mapping[str, KnownToken] | None
) -> int:  # fmt: skip
    known = {TOKEN: KnownToken(CALLER, frozenset({CALLER}), False, None)} if tokens is None else tokens
    hashed = {sha256(secret.encode()).hexdigest(): token for secret, token in known.items()}
    write(home, Snapshot(generation, time.time_ns() // 1_000_000, tuple(endpoints), hashed))
    return generation
