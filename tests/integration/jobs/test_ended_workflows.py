"""The steps of runs that are over are forgotten, while the worker goes on."""

import time

from boathouse.jobs.keeping.workflows import EndedWorkflows
from boathouse.jobs.states import ResultState
from boathouse.metastore import DatabaseUrl


def test_ended_workflows_are_forgotten_and_a_worker_goes_on(working_home) -> None:
    definition = {
        "name": "w",
        "tasks": [{"task_key": "t", "spark_python_task": {"python_file": working_home.script("w.py", "print(1)")}}],
    }
    workflows = EndedWorkflows(DatabaseUrl.sqlite(working_home.home.databases / "dbos.db"))
    for _ in range(3):
        working_home.run(definition)
    assert workflows.forget_ended(0, 100) == 0

    soon = round(time.time() * 1000) + 60_000
    found = 0

    def count() -> int:  # a run has ended a moment before its workflow has
        nonlocal found
        found += workflows.forget_ended(soon, 2)
        return found

    working_home.until(lambda: count() >= 3)
    assert workflows.forget_ended(soon, 100) == 0
    assert working_home.run(definition).state.result is ResultState.SUCCESS
    workflows.close()


def test_a_database_without_workflows_has_none_to_forget(tmp_path) -> None:
    workflows = EndedWorkflows(DatabaseUrl.sqlite(tmp_path / "dbos.db"))
    assert workflows.forget_ended(1, 10) == 0
    workflows.close()
