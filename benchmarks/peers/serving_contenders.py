"""Servers of the same model beside ours, each started for the benchmark and stopped after it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import urllib3

PEERS = Path(__file__).parent
PACKAGES = {"litserve": "litserve==0.2.19", "bentoml": "bentoml>=1.4,<2"}
START_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who answers."""

    name: str
    url: str
    pids: tuple[int, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def bare_and_peers(model: Path, folder: Path, *, peers: bool) -> Generator[tuple[str, list[str], str, dict[str, str]]]:
    """Name, command with ``{port}``, path, and variables of each."""
    python = sys.executable
    granian = [python, "-m", "granian", "--workers", "2", "--no-ws", "--port", "{port}"]
    yield "bare Granian, RSGI", [*granian, "--interface", "rsgi", "serving_bare:rsgi"], "/", {}
    yield "bare Granian, ASGI", [*granian, "--interface", "asginl", "serving_bare:asgi"], "/", {}
    uvicorn = [python, "-m", "uvicorn", "serving_bare:asgi", "--loop", "uvloop", "--workers", "2", "--port", "{port}"]
    yield "bare uvicorn, uvloop", [*uvicorn, "--no-access-log", "--log-level", "error"], "/", {}
    if not peers:
        return
    if found := peer_python("litserve"):
        yield "LitServe", [found, str(PEERS / "serving_litserve.py"), "{port}"], "/predict", {}
    if found := peer_python("bentoml"):
        command = [found, "-m", "bentoml", "serve", "serving_bentoml:Delay", "--port", "{port}"]
        yield "BentoML", command, "/predict", {"BENTOML_HOME": str(folder / "bentoml")}
    mlflow = [python, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "-p", "{port}"]
    yield "mlflow models serve", mlflow, "/invocations", {"OMP_NUM_THREADS": ""}
    yield "mlflow models serve, OMP_NUM_THREADS=1", mlflow, "/invocations", {}


def peer_python(package: str) -> str | None:
    """The Python of an environment of its own, made once in ``BOATHOUSE_BENCH_PEERS``; none if it does not install."""
    root = Path(os.environ.get("BOATHOUSE_BENCH_PEERS", Path(tempfile.gettempdir()) / "boathouse-peers"))
    folder = root / package
    python, uv = folder / "bin" / "python", Path(sys.executable).with_name("uv")
    if (folder / "complete").exists():
        return str(python)
    wanted = [PACKAGES[package], "lightgbm", "numpy", "uvloop", "httptools"]
    made = subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=False)
    if made.returncode or subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted]).returncode:
        print(f"{package} does not install; left out.", file=sys.stderr)
        return None
    (folder / "complete").touch()
    return str(python)


@contextmanager
def started(
    name: str, command: list[str], path: str, variables: Mapping[str, str], *, booster: Path, body: bytes, log: Path
) -> Generator[tuple[Contender, float]]:
    """A server that answers, and the seconds it took to its first answer."""
    port = free_port()
    ignored = {"PYTHONDONTWRITEBYTECODE", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"}
    clean = {key: value for key, value in os.environ.items() if key not in ignored}
    environment = clean | {"BENCH_MODEL": str(booster), "PYTHONPATH": str(PEERS), "OMP_NUM_THREADS": "1", **variables}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"  # MLflow looks for uvicorn
    if not environment["OMP_NUM_THREADS"]:
        del environment["OMP_NUM_THREADS"]
    filled = [part.replace("{port}", str(port)) for part in command]
    url = f"http://127.0.0.1:{port}{path}"
    with log.open("ab") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            filled, env=environment, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
        )
        try:
            try:
                wait_for_answer(url, body, {}, process)
            except TimeoutError:
                print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
                raise
            yield Contender(name, url, (process.pid,)), time.perf_counter() - begun
        finally:
            end(process)


def wait_for_answer(url: str, body: bytes, headers: Mapping[str, str], process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None or time.monotonic() > until:
            raise TimeoutError(f"{url} does not answer.")
        try:
            given = {"content-type": "application/json", **headers}
            if urllib3.request("POST", url, body=body, headers=given, retries=False, timeout=10).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.02)


def end(process: "subprocess.Popen[bytes]") -> None:
    """The process we started, and its children."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for each in family:
        if each.is_running():
            each.kill()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]
