"""How the parts are: each is asked something that costs nothing. A part that does not answer is a row, not an error."""

import os
import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import text

from boathouse.jobs.workers.leases import Lease
from boathouse.metastore import Database
from boathouse.monitoring.system.nouns import ComponentFigures
from boathouse.serving.telemetry.nouns import WorkerCounts

_LONGEST_MESSAGE = 500

Look = Callable[[], Iterable[ComponentFigures]]


def looked_at(looks: Sequence[Look]) -> list[ComponentFigures]:
    """What all parts say; of two of one name the first counts."""
    found: dict[str, ComponentFigures] = {}
    for look in looks:
        for each in look():
            found.setdefault(each.component, each)
    return list(found.values())


def of_database(database: Database) -> Look:
    """Whether the metadata can be read, and how long that takes."""

    def look() -> Iterable[ComponentFigures]:
        began = time.perf_counter()
        try:
            with database.read() as connection:
                connection.execute(text("SELECT 1"))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it is what the row says
            yield ComponentFigures("database", "database", False, f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE])
            return
        yield ComponentFigures("database", "database", True, answer_ms=(time.perf_counter() - began) * 1000)

    return look


def of_mlflow(state: Callable[[], str]) -> Look:
    """``starting``, ``ready`` or ``failed: ...``."""

    def look() -> Iterable[ComponentFigures]:
        found = state()
        is_ready = found == "ready"
        yield ComponentFigures("mlflow", "mlflow", is_ready, None if is_ready else found[:_LONGEST_MESSAGE])

    return look


def of_control_plane() -> Iterable[ComponentFigures]:
    """This process."""
    memory, seconds = used(os.getpid())
    yield ComponentFigures("control_plane", "control_plane", True, cpu_seconds=seconds, memory_bytes=memory)


def of_job_workers(leases: Callable[[], Sequence[Lease]]) -> Look:
    """Those that hold a lease, or have left runs behind."""

    def look() -> Iterable[ComponentFigures]:
        for each in leases():
            told = None if each.is_alive else f"its lease has run out; {each.open_runs} runs of it are open"
            is_healthy = each.is_alive or not each.open_runs
            yield ComponentFigures(
                f"job_worker/{each.executor_id}", "job_worker", is_healthy, told, waiting=each.running_tasks
            )

    return look


def of_data_plane(counts: Callable[[], Sequence[WorkerCounts]]) -> Look:
    """The workers that answer predictions, and all of them together."""

    def look() -> Iterable[ComponentFigures]:
        workers = counts()
        alive = [each for each in workers if each.is_alive]
        if workers:
            told = None if alive else "no worker is alive"
            yield ComponentFigures("data_plane", "data_plane", bool(alive), told, waiting=sum(w.waiting for w in alive))
        for each in alive:
            memory, seconds = used(each.pid)
            degraded = (
                "its journal is full, answers are kept by the rule for that" if each.is_capture_degraded else None
            )
            yield ComponentFigures(
                f"serving_worker/{each.pid}",
                "serving_worker",
                not each.is_capture_degraded,
                degraded,
                cpu_seconds=seconds,
                memory_bytes=memory,
                waiting=each.waiting,
            )

    return look


def used(pid: int) -> tuple[int | None, float | None]:
    """Resident memory and processor time of a process; None where it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss, times.user + times.system
    except psutil.Error:
        return None, None
