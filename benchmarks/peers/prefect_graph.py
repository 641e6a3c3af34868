"""Prefect's side of ``jobs_graph.py``; run by a Python that has it: ``prefect_graph.py CHAIN FAN REPEATS``."""

import json
import os
import subprocess
import sys
import time

from prefect import flow, task
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, temporary_settings

CHAIN, FAN, REPEATS = (int(each) for each in sys.argv[1:4])


@task
def empty() -> None:
    """Nothing."""


@flow
def chain() -> None:
    last = None
    for _ in range(CHAIN):
        last = empty.submit(wait_for=[last] if last else None)
    last.result()


@flow
def fan() -> None:
    for future in [empty.submit() for _ in range(FAN)]:
        future.result()


def milliseconds(do) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    if len(sys.argv) > 4:  # one run in a process of its own, as a process worker starts it
        {"chain": chain, "fan": fan}[sys.argv[4]]()
        return
    server = SubprocessASGIServer()
    server.start(timeout=300)
    with temporary_settings({PREFECT_API_URL: server.api_url}):
        chain()  # the first run finds a server that is still busy with its own start
        warm, own = {}, {}
        for name, run, count in (("chain", chain, CHAIN), ("fan", fan, FAN)):
            warm[name] = [milliseconds(run) / count for _ in range(REPEATS)]
            command = [sys.executable, *sys.argv, name]
            environment = {**os.environ, "PREFECT_API_URL": server.api_url}
            start = lambda: subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: B023, E731
            own[name] = [milliseconds(start) / count]
    server.stop()
    print(json.dumps({
        "Prefect, functions in one warm process": warm,
        "Prefect, a process for each run (once)": own,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
