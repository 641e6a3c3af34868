"""What it takes to reproduce a version, and why it cannot be done."""

from dataclasses import replace

import pytest

from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied
from boathouse.models.nouns import RunInput
from boathouse.models.reproduction.planning import Facts, InputFact, plan_of
from boathouse.server.reproduction_guard import require_harmless

TAGS = {"boathouse.task_run_id": "5", "boathouse.environment": "abc", "boathouse.git.commit": "0123456789abcdef",
        "boathouse.git.dirty": "false"}  # fmt: skip
RIDES = InputFact(RunInput("r", "t1", "main.s.rides", 3, "file:///t1"), "main.s.rides")
ALL = Facts("main.s.m", 1, "r", True, TAGS, {"deployment": None}, True, True, (RIDES,))


def test_with_run_recipe_code_lock_and_data_nothing_is_in_the_way() -> None:
    plan = plan_of(ALL)

    assert (plan.obstacles, plan.limits, plan.environment) == ((), (), "abc")
    assert [(each.table_id, each.version) for each in plan.held] == [("t1", 3)]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (replace(ALL, run_id=None), "without a run"),
        (replace(ALL, run_is_there=False), "has been deleted"),
        (replace(ALL, tags={}), "was not started by a task"),
        (replace(ALL, recipe=None), "no recipe"),
        (replace(ALL, has_code=False), "(commit 0123456789ab) are not on the server"),
        (replace(ALL, has_lock=False), "The lock of the environment"),
        (replace(ALL, inputs=(replace(RIDES, name_now=None),)), "was dropped"),
        (replace(ALL, inputs=(replace(RIDES, problem="2 of its 3 files are gone."),)), "2 of its 3 files are gone."),
        (replace(ALL, inputs=(replace(RIDES, name_now="main.s.trips"),)), "is called main.s.trips now"),
    ],
)
def test_each_thing_that_is_missing_is_said(facts: Facts, said: str) -> None:
    assert any(said in each for each in plan_of(facts).obstacles)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (replace(ALL, tags={**TAGS, "boathouse.git.dirty": "true"}), "uncommitted changes"),
        (replace(ALL, inputs=()), "No table was read through Boathouse"),
        (replace(ALL, unversioned=("The volume main.s.v",)), "The volume main.s.v has no versions"),
    ],
)
def test_what_is_not_held_equal_is_said_and_is_no_obstacle(facts: Facts, said: str) -> None:
    plan = plan_of(facts)

    assert plan.obstacles == ()
    assert any(said in each for each in plan.limits)


def test_of_several_versions_of_a_table_the_last_is_read() -> None:
    earlier = replace(RIDES, input=replace(RIDES.input, version=1))

    plan = plan_of(replace(ALL, inputs=(RIDES, earlier)))

    assert [each.version for each in plan.held] == [3]
    assert any("at versions 1, 3" in each for each in plan.limits)


TASK = TaskContext(1, "train", 2, "fit", 3, reproduction="x")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.2/jobs/list"),
        ("POST", "/api/2.0/mlflow/runs/create"),
        ("POST", "/api/boathouse/v1/session/resolve-tables"),
        ("PUT", "/api/boathouse/v1/jobs/task-values"),
        ("POST", "/api/boathouse/v1/models/main.s.m/versions/1/reproductions/x/predictions"),
    ],
)
def test_a_reproduction_may_read_and_log(method: str, path: str) -> None:
    require_harmless(TASK, method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.2/jobs/run-now"),
        ("POST", "/api/boathouse/v1/session/drop"),
        ("POST", "/api/boathouse/v1/session/grant"),
        ("POST", "/api/boathouse/v1/models/main.s.m/versions/1/reproductions"),
        ("POST", "/api/boathouse/v1/models/main.s.m/versions/1/evaluations"),
        ("PUT", "/api/boathouse/v1/models/main.s.m/aliases/champion"),
        ("DELETE", "/api/2.1/unity-catalog/tables/main.s.t"),
        ("POST", "/api/boathouse/v1/bundles/deploy"),
        ("PUT", "/api/2.0/fs/files/Volumes/main/s/v/x"),
        ("POST", "/api/boathouse/v1/garbage/passes"),
    ],
)
def test_a_reproduction_changes_nothing_elsewhere(method: str, path: str) -> None:
    with pytest.raises(Denied, match="reproduces a model"):
        require_harmless(TASK, method, path)
