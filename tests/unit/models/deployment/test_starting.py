"""A new version starts its model's deployment job: once, in the right name, or it is said why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.models.ground import MODEL

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound, Unavailable
from boathouse.foundation.principals import SYSTEM
from boathouse.models.deployment import StartState

if TYPE_CHECKING:
    from conftest import Desk


def test_a_new_version_starts_the_built_in_job_with_its_two_parameters(desk: Desk) -> None:
    desk.require()
    desk.version(1)

    assert desk.deploying.start_waiting() == 1

    (run,) = desk.runs()
    assert dict(run.parameters) == {"model_name": str(MODEL), "model_version": "1"}
    assert [task.task_key for task in run.tasks] == ["evaluate", "gates", "approval", "promote"]
    assert (run.run_as, run.creator) == ("ada", "ada")
    assert (desk.start(1).state, desk.start(1).run_id) == (StartState.STARTED, run.run_id)


def test_looking_again_starts_nothing_again(desk: Desk) -> None:
    desk.require()
    desk.version(1)

    assert [desk.deploying.start_waiting() for _ in range(3)] == [1, 0, 0]
    assert len(desk.runs()) == 1


def test_a_start_that_died_before_it_was_written_down_gives_the_same_run(desk: Desk) -> None:
    desk.require()
    desk.version(1)
    desk.deploying.start_waiting()
    died = desk.start(1)
    desk.repository.put(replace(died, state=StartState.WAITING, run_id=None))

    desk.deploying.start_waiting()

    assert len(desk.runs()) == 1
    assert desk.start(1).run_id == died.run_id


def test_a_version_that_dies_with_its_transaction_starts_nothing(desk: Desk) -> None:
    desk.require()

    def die(connection: object) -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        desk.models.add_source(str(MODEL), 1, None, None, also=die)

    assert desk.deploying.start_waiting() == 0


def test_versions_of_a_model_without_requirements_start_nothing_and_say_so(desk: Desk) -> None:
    desk.version(1)

    assert desk.deploying.start_waiting() == 0
    assert (desk.start(1).state, desk.start(1).problem) == (StartState.SKIPPED, "The model has no deployment job.")


def test_requirements_can_say_that_nothing_starts_by_itself(desk: Desk) -> None:
    desk.require(deployment={"start": False})
    desk.version(1)

    assert desk.deploying.start_waiting() == 0
    assert desk.start(1).state is StartState.SKIPPED
    assert desk.deploying.deploy(desk.ada, MODEL, 1).state is StartState.STARTED


def test_what_is_no_candidate_or_was_only_found_starts_nothing(desk: Desk) -> None:
    desk.require()
    desk.version(1, starts_job=False)
    desk.version(2, author=SYSTEM.name)

    assert desk.deploying.start_waiting() == 0
    assert desk.repository.starts(str(MODEL)) == []


def test_a_project_names_its_own_job_by_name_or_id(desk: Desk) -> None:
    job_id = desk.own_job()
    for number, named in enumerate((str(job_id), "our deployment"), start=1):
        desk.require(deployment={"job": named})
        desk.version(number)
        desk.deploying.start_waiting()
        assert desk.start(number).job_id == job_id


def test_a_run_waits_its_turn_even_where_the_job_queues_nothing(desk: Desk) -> None:
    desk.own_job()
    desk.require(deployment={"job": "our deployment"})
    desk.version(1)
    desk.version(2)

    assert desk.deploying.start_waiting() == 2
    assert {run.state.life_cycle.value for run in desk.runs()} == {"QUEUED"}


def test_a_job_that_is_not_there_is_a_failed_start_that_can_be_repeated(desk: Desk) -> None:
    desk.require(deployment={"job": "our deployment"})
    desk.version(1)

    desk.deploying.start_waiting()

    assert (desk.start(1).state, desk.start(1).problem) == (
        StartState.FAILED,
        "There is no job 'our deployment'. List them with: boathouse jobs list",
    )
    desk.own_job()
    assert desk.deploying.deploy(desk.ada, MODEL, 1).state is StartState.STARTED


def test_a_job_without_the_two_parameters_is_refused(desk: Desk) -> None:
    desk.own_job(parameters=[{"name": "model_name", "default": ""}])

    with pytest.raises(InvalidInput, match="it has no parameter model_version"):
        desk.deploying.requirements_deployed(desk.ada, desk.require(deployment={"job": "our deployment"}))


def test_nobody_deploys_with_a_job_that_they_may_not_run(desk: Desk) -> None:
    job_id = desk.own_job()
    bob = desk.person("bob")
    desk.catalog.grants.grant(SYSTEM, "bob", [Privilege.VIEW_JOB], SecurableKind.JOB, str(job_id))

    with pytest.raises(Denied):
        desk.deploying.requirements_deployed(bob, desk.require("bob", deployment={"job": "our deployment"}))
    with pytest.raises(Denied):
        desk.deploying.require_may_name(bob, str(job_id))


def test_only_administrators_lend_another_principals_rights(desk: Desk) -> None:
    bob = desk.person("bob")

    with pytest.raises(Denied, match="run as ada: only administrators may"):
        desk.deploying.requirements_deployed(bob, desk.require("bob", deployment={"run_as": "ada"}))
    desk.deploying.requirements_deployed(desk.ada, desk.require("ada", deployment={"run_as": "bob"}))
    built_in = desk.repository.job_of(str(MODEL)).built_in
    assert built_in is not None
    assert desk.jobs.get(SYSTEM, built_in).run_as == "bob"


def test_requirements_that_change_bring_the_built_in_job_up_to_date(desk: Desk) -> None:
    desk.deploying.requirements_deployed(desk.ada, desk.require())
    first = desk.repository.job_of(str(MODEL)).built_in
    assert first is not None
    desk.deploying.requirements_deployed(
        desk.ada, desk.require(deployment={"environment": {"dependencies": ["lightgbm>=4"]}})
    )

    assert desk.repository.job_of(str(MODEL)).built_in == first
    settings = desk.jobs.get(SYSTEM, first).settings
    assert settings.environments[0].spec is not None
    assert settings.environments[0].spec.dependencies == ["lightgbm>=4"]


def test_a_built_in_job_that_somebody_deleted_is_made_anew(desk: Desk) -> None:
    desk.deploying.requirements_deployed(desk.ada, desk.require())
    first = desk.repository.job_of(str(MODEL)).built_in
    assert first is not None
    desk.jobs.delete(desk.ada, first)
    desk.version(1)

    assert desk.deploying.start_waiting() == 1
    assert desk.repository.job_of(str(MODEL)).built_in != first


def test_the_job_that_mlflow_names_comes_before_those_of_the_requirements(desk: Desk) -> None:
    job_id = desk.own_job()
    desk.require()
    desk.deploying.name_job(desk.ada, str(MODEL), str(job_id))
    desk.version(1)
    desk.deploying.start_waiting()

    assert desk.start(1).job_id == job_id
    assert desk.deploying.named_jobs([str(MODEL), "dev.flights.other"]) == {str(MODEL): str(job_id)}
    assert desk.deploying.approval_task(str(MODEL)) == "approval_by_risk"
    desk.deploying.name_job(desk.ada, str(MODEL), None)
    assert desk.deploying.named_jobs([str(MODEL)]) == {}


def test_deploying_by_hand_needs_the_right_the_version_and_a_job(desk: Desk) -> None:
    desk.version(1)

    with pytest.raises(Denied):
        desk.deploying.deploy(desk.person("bob"), MODEL, 1)
    with pytest.raises(NotFound, match=r"has no version 2\. It has: 1\."):
        desk.deploying.deploy(desk.ada, MODEL, 2)
    with pytest.raises(Conflict, match="has no deployment job"):
        desk.deploying.deploy(desk.ada, MODEL, 1)


def test_what_fails_for_the_moment_is_tried_again_later_and_not_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise Unavailable("The database was busy.")

    desk.require()
    desk.version(1)
    with monkeypatch.context() as broken:
        broken.setattr(desk.runner, "run", fail)
        desk.deploying.start_waiting()
        assert (desk.start(1).state, desk.start(1).attempts) == (StartState.WAITING, 1)
        desk.deploying.start_waiting()
        assert desk.start(1).attempts == 1
    desk.clock.advance(timedelta(seconds=2))
    assert desk.deploying.start_waiting() == 1


def test_starts_and_the_job_follow_a_renamed_model_and_go_with_a_deleted_one(desk: Desk) -> None:
    desk.require()
    desk.version(1)
    desk.deploying.name_job(desk.ada, str(MODEL), str(desk.own_job()))

    desk.models.rename_model(str(MODEL), "dev.flights.later")
    assert len(desk.repository.starts("dev.flights.later")) == 1
    desk.models.drop_source("dev.flights.later", 1)
    desk.models.drop_model("dev.flights.later")
    assert desk.repository.starts("dev.flights.later") == []
    assert desk.repository.job_of("dev.flights.later").named is None


def test_the_built_in_job_goes_with_the_requirements(desk: Desk) -> None:
    desk.deploying.requirements_deployed(desk.ada, desk.require())
    built_in = desk.repository.job_of(str(MODEL)).built_in
    assert built_in is not None

    # the desk's requirements are kept in no table, so they are as good as withdrawn
    assert [desk.deploying.remove_orphans() for _ in range(2)] == [1, 0]
    with pytest.raises(NotFound):
        desk.jobs.get(SYSTEM, built_in)
    desk.version(1)
    assert desk.deploying.start_waiting() == 1


def test_a_model_takes_the_name_of_one_that_was_deleted_a_moment_ago(desk: Desk) -> None:
    desk.repository.change_job("dev.flights.later", built_in=99)
    desk.models.drop_model("dev.flights.later")
    desk.repository.change_job(str(MODEL), built_in=7)

    desk.models.rename_model(str(MODEL), "dev.flights.later")

    assert desk.repository.job_of("dev.flights.later").built_in == 7
