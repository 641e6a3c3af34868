"""Dagster's side of ``jobs_graph.py``; run by a Python that has it: ``dagster_graph.py CHAIN FAN REPEATS``."""

import json
import sys
import tempfile
import time

from dagster import DagsterInstance, In, Nothing, execute_job, job, op, reconstructable

CHAIN, FAN = 10, 50


@op(ins={"start": In(Nothing)})
def following() -> None:
    """Nothing, after something."""


@op
def empty() -> None:
    """Nothing."""


@job
def chain() -> None:
    last = empty()
    for number in range(CHAIN - 1):
        last = following.alias(f"e{number}")(last)


@job
def fan() -> None:
    for number in range(FAN):
        empty.alias(f"f{number}")()


def milliseconds(do) -> float:
    begun = time.perf_counter()
    assert do().success
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    assert (int(sys.argv[1]), int(sys.argv[2])) == (CHAIN, FAN), "its jobs are laid out when the module is read"
    warm, own = {"chain": [], "fan": []}, {"chain": [], "fan": []}
    with tempfile.TemporaryDirectory() as folder:
        instance = DagsterInstance.local_temp(folder)
        for name, graph, count in (("chain", chain, CHAIN), ("fan", fan, FAN)):
            graph.execute_in_process(instance=instance)
            for _ in range(int(sys.argv[3])):
                warm[name].append(milliseconds(lambda: graph.execute_in_process(instance=instance)) / count)  # noqa: B023
            deployed = reconstructable(graph)
            own[name].append(milliseconds(lambda: execute_job(deployed, instance=instance)) / count)  # noqa: B023
    print(json.dumps({
        "Dagster, functions in one warm process": warm,
        "Dagster, a process for each task": own,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
