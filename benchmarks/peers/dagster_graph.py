"""Dagster's side of ``jobs_graph.py``; run by a Python that has it: ``dagster_graph.py CHAIN FAN REPEATS``."""

import json
import sys
import tempfile
import time

from dagster import DagsterInstance, In, Nothing, execute_job, job, op, reconstructable

CHAIN, FAN = 10, 50
FAN_OF_PROCESSES = 10
"""Each takes a second or two; their time per task does not depend on their number."""


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


@job
def fan_of_processes() -> None:
    for number in range(FAN_OF_PROCESSES):
        empty.alias(f"p{number}")()


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
            graph.execute_in_process(instance=instance)  # the first run makes its database
            for _ in range(int(sys.argv[3])):
                warm[name].append(milliseconds(lambda: graph.execute_in_process(instance=instance)) / count)  # noqa: B023
        for name, graph, count in (("chain", chain, CHAIN), ("fan", fan_of_processes, FAN_OF_PROCESSES)):
            deployed = reconstructable(graph)  # execute_job runs it with the default executor, multiprocess
            own[name].append(milliseconds(lambda: execute_job(deployed, instance=instance)) / count)  # noqa: B023
    print(json.dumps({
        "Dagster, in_process executor": warm,
        f"Dagster, multiprocess executor, its default (once; fan-out of {FAN_OF_PROCESSES})": own,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
