"""The verbs, over a database of their own; no worker is there."""

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, Denied, NotFound
from boathouse.jobs import read_job
from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.again.rerunning import BackfillRequest
from boathouse.jobs.repository import JobRepository, RunRepository
from boathouse.jobs.states import LifeCycleState, ResultState


def test_a_job_belongs_to_whoever_made_it_and_runs_as_them(house) -> None:
    job_id = house.create(house.bob)

    job = house.jobs.get(house.bob, job_id)

    assert (job.creator, job.run_as, job.deployment) == ("bob", "bob", house.deployment)
    assert house.catalog.securables.get(house.bob, SecurableKind.JOB, str(job_id)).owner == "bob"


def test_half_a_letter_in_a_job_is_refused_before_it_spoils_every_list(house) -> None:
    with pytest.raises(UnicodeEncodeError):
        house.create(house.bob, parameters=[{"name": "p", "default": "\ud800"}])

    job_id = house.create(house.bob, parameters=[{"name": "p", "default": "größe 😀"}])
    assert house.jobs.get(house.bob, job_id).settings.to_json()["parameters"][0]["default"] == "größe 😀"


def test_nobody_else_knows_of_a_job_until_it_is_shared(house) -> None:
    job_id = house.create(house.ada)
    with pytest.raises(NotFound):
        house.jobs.get(house.bob, job_id)
    assert house.jobs.list(house.bob) == []

    house.grant(Privilege.VIEW_JOB, job_id)

    assert [job.job_id for job in house.jobs.list(house.bob)] == [job_id]
    with pytest.raises(Denied):
        house.jobs.run_now(house.bob, job_id)
    with pytest.raises(Denied):
        house.jobs.delete(house.bob, job_id)


def test_a_job_that_one_may_not_know_of_answers_like_one_that_is_not_there(house) -> None:
    job_id = house.create(house.ada)

    with pytest.raises(NotFound) as hidden:
        house.jobs.get(house.bob, job_id)
    with pytest.raises(NotFound) as missing:
        house.jobs.get(house.bob, 987654)

    assert str(hidden.value).replace(str(job_id), "N") == str(missing.value).replace("987654", "N")


def test_a_run_that_one_may_not_know_of_answers_like_one_that_is_not_there(house) -> None:
    run_id = house.jobs.run_now(house.ada, house.create(house.ada))

    with pytest.raises(NotFound) as hidden:
        house.jobs.get_run(house.bob, run_id)
    with pytest.raises(NotFound) as missing:
        house.jobs.get_run(house.bob, 987654)

    assert str(hidden.value).replace(str(run_id), "N") == str(missing.value).replace("987654", "N")


def test_who_may_run_a_job_runs_it_with_the_rights_of_the_job(house) -> None:
    job_id = house.create(house.ada)
    house.grant(Privilege.VIEW_JOB, job_id)
    house.grant(Privilege.RUN_JOB, job_id)

    run = house.jobs.get_run(house.bob, house.jobs.run_now(house.bob, job_id))

    assert (run.creator, run.run_as, run.state.life_cycle) == ("bob", "ada", LifeCycleState.QUEUED)


def test_only_administrators_lend_the_rights_of_others(house) -> None:
    with pytest.raises(Denied, match="may not create a job that runs as ada"):
        house.create(house.bob, run_as={"user_name": "ada"})

    job_id = house.create(house.ada, run_as={"user_name": "bob"})

    assert house.jobs.get(house.ada, job_id).run_as == "bob"


def test_a_job_that_would_run_as_nobody_known_is_refused(house) -> None:
    with pytest.raises(NotFound, match="nobody"):
        house.create(house.ada, run_as={"user_name": "nobody"})


def test_ids_are_never_given_again(house) -> None:
    first = house.create(house.ada)
    house.jobs.delete(house.ada, first)

    assert house.create(house.ada) > first


def test_an_update_merges_tasks_by_key_and_keeps_the_rest(house) -> None:
    job_id = house.create(house.ada, description="before", tags={"a": "1"})
    change = read_job({"tasks": [{"task_key": "b", "spark_python_task": {"python_file": "a.py"}}]})

    house.jobs.update(house.ada, job_id, change, fields_to_remove=["tags"])

    settings = house.jobs.get(house.ada, job_id).settings
    assert [task.task_key for task in settings.tasks] == ["a", "b"]
    assert (settings.description, settings.tags) == ("before", {})


def test_a_run_keeps_the_definition_it_was_asked_for_with(house) -> None:
    job_id = house.create(house.ada)
    run_id = house.jobs.run_now(house.ada, job_id)

    house.jobs.update(
        house.ada, job_id, read_job({"tasks": [{"task_key": "b", "spark_python_task": {"python_file": "a.py"}}]})
    )

    assert [task.task_key for task in house.jobs.get_run(house.ada, run_id).tasks] == ["a"]


def test_cancelling_a_queued_run_ends_it_at_once(house) -> None:
    run_id = house.jobs.run_now(house.ada, house.create(house.ada))

    house.jobs.cancel_run(house.ada, run_id)

    run = house.jobs.get_run(house.ada, run_id)
    assert (run.state.life_cycle, run.state.result) == (LifeCycleState.TERMINATED, ResultState.CANCELED)
    assert run.tasks[0].state.result is ResultState.CANCELED
    house.jobs.cancel_run(house.ada, run_id)


def test_a_run_under_way_cannot_be_forgotten(house) -> None:
    run_id = house.jobs.run_now(house.ada, house.create(house.ada))
    with pytest.raises(Conflict, match="Cancel it first"):
        house.jobs.delete_run(house.ada, run_id)

    house.jobs.cancel_run(house.ada, run_id)
    house.jobs.delete_run(house.ada, run_id)

    with pytest.raises(NotFound):
        house.jobs.get_run(house.ada, run_id)


def test_two_workers_never_claim_the_same_run(house) -> None:
    job_id = house.create(house.ada, max_concurrent_runs=4)
    asked = [house.jobs.run_now(house.ada, job_id) for _ in range(4)]
    runs = RunRepository(house.database)

    first, second = runs.claim("one", 3), runs.claim("two", 3)

    assert [*first, *second] == asked
    assert len(first) == 3


def test_a_run_is_found_by_the_id_of_its_task_too(house) -> None:
    run_id = house.jobs.run_now(house.ada, house.create(house.ada))
    task = house.jobs.get_run(house.ada, run_id).tasks[0]

    assert house.jobs.get_run(house.ada, task.task_run_id).run_id == run_id


def test_a_creation_that_was_cut_short_leaves_nothing(house) -> None:
    job_id = house.create(house.ada)
    half_made = house.jobs.get(house.ada, job_id)
    JobRepository(house.database).insert(half_made, is_registered=False)

    house.jobs.reconcile()

    assert [job.job_id for job in house.jobs.list(house.ada)] == [job_id]


def test_every_verb_is_audited_also_when_it_is_refused(house) -> None:
    from boathouse.catalog.repository.records import EventFilter

    job_id = house.create(house.ada)
    with pytest.raises(NotFound):
        house.jobs.run_now(house.bob, job_id)

    events = house.catalog.audit.events(EventFilter(), limit=50)
    found = {(event.principal, event.action, event.status_code) for event in events if event.service == "jobs"}
    assert {("ada", "create", 200), ("bob", "runNow", 404)} <= found


def test_deleting_a_job_ends_all_of_its_runs_however_many(house) -> None:
    job_id = house.create(house.ada, queue={"enabled": True})
    request = BackfillRequest("2013-01-01T00:00:00Z", "2013-02-28T00:00:00Z", "1h")
    house.jobs.backfills.begin(house.ada, job_id, request)
    runs = RunRepository(house.database)
    assert len(runs.open_ids_of_job(job_id)) > 1000

    house.jobs.delete(house.ada, job_id)

    assert runs.open_ids_of_job(job_id) == []


def test_only_the_runs_that_wait_can_be_cancelled(house) -> None:
    job_id = house.create(house.ada, queue={"enabled": True})
    begun, waiting = (house.jobs.run_now(house.ada, job_id) for _ in range(2))
    runs = RunRepository(house.database)
    assert runs.claim("w", 1) == [begun]

    house.jobs.cancel_runs(house.ada, job_id, only_queued=True)

    states = runs.states([begun, waiting])
    assert (states[begun].life_cycle, states[waiting].result) == (LifeCycleState.PENDING, ResultState.CANCELED)
    with pytest.raises(NotFound):
        house.jobs.cancel_runs(house.bob, job_id)


def test_a_token_of_another_job_starts_nothing_and_says_so(house) -> None:
    first, second = house.create(house.ada), house.create(house.ada)
    run_id = house.jobs.run_now(house.ada, first, idempotency_token="t")
    assert house.jobs.run_now(house.ada, first, idempotency_token="t") == run_id

    with pytest.raises(Conflict, match=f"stands for run {run_id}"):
        house.jobs.run_now(house.ada, second, idempotency_token="t")


def test_a_repair_that_is_cancelled_while_it_waits_has_ended(house) -> None:
    run_id = house.jobs.run_now(house.ada, house.create(house.ada))
    house.jobs.cancel_run(house.ada, run_id)
    house.jobs.repairs.begin(house.ada, run_id, RepairRequest(rerun_all_failed_tasks=True))

    house.jobs.cancel_run(house.ada, run_id)

    _, repair = house.jobs.views.look(house.ada, run_id, limit=1, with_history=True).repairs
    assert (repair.state.result, repair.ended_at is not None) == (ResultState.CANCELED, True)


def test_who_asks_for_the_log_of_a_loop_is_told_how_its_iterations_are_named(house) -> None:
    inner = {"task_key": "one", "spark_python_task": {"python_file": "a.py"}}
    tasks = [{"task_key": "each", "for_each_task": {"inputs": "[1, 2]", "task": inner}}]
    job_id = house.jobs.create(house.ada, read_job({"name": "n", "tasks": tasks}), deployment=house.deployment)
    run_id = house.jobs.run_now(house.ada, job_id)

    with pytest.raises(NotFound, match="The iterations of each are one/0, one/1 and so on"):
        house.jobs.task_logs(house.ada, run_id, "each/1")
