"""Deploying over the real catalog, jobs and models."""

import threading
import time
from typing import Any

import pytest

from boathouse.bundles.desired import Place
from boathouse.bundles.repository import DeploymentStatus, StepStatus
from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.names import ModelName, SchemaName

PROD = Place("flights", "prod")


def everything(rooms: Any) -> dict[str, dict[str, Any]]:
    return {
        "jobs.train": rooms.job(),
        "schemas.flights": rooms.schema(comment="Flights"),
        "volumes.raw": rooms.volume(),
        "registered_models.delay": {"catalog_name": "dev", "schema_name": "flights", "name": "delay"},
        "experiments.delay": {"name": "/delay", "tags": [{"key": "team", "value": "flights"}]},
    }


def test_a_deployment_makes_everything_and_a_second_one_nothing(rooms: Any) -> None:
    # given
    wanted = rooms.desired(everything(rooms), snapshot=rooms.code(PROD))
    assert set(rooms.actions(rooms.deployments.plan(rooms.ada, wanted)).values()) == {"create"}

    # when
    report = rooms.deployments.apply(rooms.ada, wanted)

    # then
    assert [step.status for step in report.steps] == [StepStatus.DONE] * 5
    assert str(report.steps[-1].resource) == "jobs.train"
    assert report.deployment.git_commit == "c0ffee"
    assert rooms.deployments.plan(rooms.ada, wanted).is_empty
    assert rooms.deployments.apply(rooms.ada, wanted).deployment is None


def test_jobs_know_their_deployment_and_find_their_code(rooms: Any) -> None:
    # given
    task = {
        "task_key": "main",
        "spark_python_task": {"python_file": "main.py", "parameters": ["${workspace.file_path}"]},
    }
    wanted = rooms.desired({"jobs.train": rooms.job(tasks=[task])}, snapshot=rooms.code(PROD))

    # when
    report = rooms.deployments.apply(rooms.ada, wanted)

    # then
    job = rooms.jobs.get(rooms.ada, int(report.steps[0].resource_id))
    assert (job.deployment.bundle, job.deployment.target) == ("flights", "prod")
    assert (job.deployment.git_commit, job.deployment.deployment_id) == ("c0ffee", report.deployment.id)
    assert job.settings.tasks[0].spark_python_task.parameters == [job.deployment.source_root]
    assert (rooms.home.bundles / "flights" / "prod" / "shared" / wanted.snapshot / "files" / "main.py").is_file()


def test_a_plan_names_the_fields_that_differ(rooms: Any) -> None:
    # given
    rooms.deployments.apply(rooms.ada, rooms.desired(everything(rooms), snapshot=rooms.code(PROD)))
    changed = everything(rooms)
    changed["schemas.flights"]["comment"] = "All flights"
    changed["jobs.train"]["tasks"][0]["max_retries"] = 2

    # when
    plan = rooms.deployments.plan(rooms.ada, rooms.desired(changed, snapshot=rooms.code(PROD)))

    # then
    fields = {str(step.resource): [(one.field, one.before, one.after) for one in step.changes] for step in plan.steps}
    assert fields == {
        "schemas.flights": [("comment", "Flights", "All flights")],
        "jobs.train": [("settings.tasks.main.max_retries", None, 2)],
    }


def test_new_code_updates_the_jobs(rooms: Any) -> None:
    # given
    resources = {"jobs.train": rooms.job()}
    rooms.deployments.apply(rooms.ada, rooms.desired(resources, snapshot=rooms.code(PROD)))

    # when
    newer = rooms.desired(resources, snapshot=rooms.code(PROD, "print('newer')"))
    report = rooms.deployments.apply(rooms.ada, newer)

    # then
    assert rooms.actions(report) == {"jobs.train": "update"}
    job = rooms.jobs.get(rooms.ada, int(report.steps[0].resource_id))
    assert newer.snapshot in job.deployment.source_root


def test_what_somebody_changed_by_hand_is_put_right(rooms: Any) -> None:
    # given
    wanted = rooms.desired(everything(rooms), snapshot=rooms.code(PROD))
    rooms.deployments.apply(rooms.ada, wanted)
    rooms.catalog.securables.update(rooms.ada, SecurableKind.SCHEMA, "dev.flights", comment="mine")

    # when
    report = rooms.deployments.apply(rooms.ada, wanted)

    # then
    assert rooms.actions(report) == {"schemas.flights": "update"}
    assert rooms.catalog.securables.get(rooms.ada, SecurableKind.SCHEMA, "dev.flights").comment == "Flights"


def test_grants_follow_the_bundle_and_leave_those_of_others_alone(rooms: Any) -> None:
    # given
    rooms.user("bob"), rooms.user("eve"), rooms.user("kim")

    def grants_of(*names: str) -> list[dict[str, Any]]:
        return [{"principal": name, "privileges": ["USE SCHEMA", "SELECT"]} for name in names]

    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema(grants=grants_of("bob", "eve"))}))
    rooms.catalog.grants.grant(rooms.ada, "kim", [Privilege.SELECT], SecurableKind.SCHEMA, "dev.flights")

    # when
    fewer = rooms.desired({"schemas.flights": rooms.schema(grants=grants_of("bob"))})
    report = rooms.deployments.apply(rooms.ada, fewer)

    # then
    assert rooms.actions(report) == {"schemas.flights": "update"}
    held = {grant.grantee for grant in rooms.catalog.grants.direct(rooms.ada, SecurableKind.SCHEMA, "dev.flights")}
    assert held == {"bob", "kim"}
    assert rooms.deployments.plan(rooms.ada, fewer).is_empty
    none = rooms.desired({"schemas.flights": rooms.schema()})
    rooms.deployments.apply(rooms.ada, none)
    held = {grant.grantee for grant in rooms.catalog.grants.direct(rooms.ada, SecurableKind.SCHEMA, "dev.flights")}
    assert held == {"kim"}


def test_permissions_of_jobs_become_grants(rooms: Any) -> None:
    # given
    rooms.user("bob")
    access = [{"user_name": "bob", "level": "CAN_MANAGE_RUN"}]
    wanted = rooms.desired({"jobs.train": rooms.job(permissions=access)}, snapshot=rooms.code(PROD))

    # when
    report = rooms.deployments.apply(rooms.ada, wanted)

    # then
    bob = rooms.catalog.identities.principal("bob")
    assert rooms.catalog.grants.allows(bob, Privilege.RUN_JOB, SecurableKind.JOB, report.steps[0].resource_id)
    assert rooms.deployments.plan(rooms.ada, wanted).is_empty


def test_an_existing_schema_is_adopted_and_let_go_of(rooms: Any) -> None:
    # given
    rooms.catalog.securables.create_schema(rooms.ada, SchemaName("dev", "flights"), comment="old")

    # when
    adopted = rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema(comment="new")}))
    released = rooms.deployments.destroy(rooms.ada, PROD)

    # then
    assert rooms.actions(adopted) == {"schemas.flights": "adopt"}
    assert rooms.actions(released) == {"schemas.flights": "release"}
    assert rooms.catalog.securables.get(rooms.ada, SecurableKind.SCHEMA, "dev.flights").comment == "new"


def test_a_resource_of_another_bundle_is_not_taken_over(rooms: Any) -> None:
    # given
    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema()}))

    # then
    other = rooms.desired({"schemas.mine": rooms.schema()}, place=Place("trains", "prod"))
    with pytest.raises(Conflict, match=r"dev\.flights belongs to the bundle flights, target prod"):
        rooms.deployments.apply(rooms.ada, other)


def test_what_holds_data_stays_unless_it_is_named(rooms: Any) -> None:
    # given
    full = {"schemas.flights": rooms.schema(), "volumes.raw": rooms.volume(), "volumes.empty": rooms.volume("empty")}
    rooms.deployments.apply(rooms.ada, rooms.desired(full))
    rooms.put_file("dev.flights.raw")
    fewer = {"schemas.flights": rooms.schema()}

    # when
    report = rooms.deployments.apply(rooms.ada, rooms.desired(fewer))

    # then
    assert rooms.actions(report) == {"volumes.raw": "keep", "volumes.empty": "delete"}
    assert rooms.deployments.plan(rooms.ada, rooms.desired(fewer)).is_empty
    kept = [one for one in rooms.deployments.summary(rooms.ada, PROD).resources if one.is_detached]
    assert [one.name for one in kept] == ["dev.flights.raw"]

    # when it comes back, it is the same volume
    again = rooms.deployments.apply(rooms.ada, rooms.desired({**fewer, "volumes.raw": rooms.volume()}))
    assert rooms.actions(again) == {"volumes.raw": "adopt"}

    # when it is named, it goes
    rooms.deployments.apply(rooms.ada, rooms.desired(fewer))
    named = rooms.deployments.apply(rooms.ada, rooms.desired(fewer, delete_data=("dev.flights.raw",)))
    assert rooms.actions(named) == {"volumes.raw": "delete"}
    with pytest.raises(NotFound):
        rooms.catalog.securables.get(rooms.ada, SecurableKind.VOLUME, "dev.flights.raw")


def test_a_wrong_name_for_deletion_is_refused(rooms: Any) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema()}))
    with pytest.raises(InvalidInput, match=r"Did you mean dev\.flights"):
        rooms.deployments.destroy(rooms.ada, PROD, delete_data=("dev.flight",))
    assert rooms.catalog.securables.get(rooms.ada, SecurableKind.SCHEMA, "dev.flights")


def test_destroying_removes_in_the_opposite_order_and_keeps_data(rooms: Any) -> None:
    # given
    rooms.deployments.apply(rooms.ada, rooms.desired(everything(rooms), snapshot=rooms.code(PROD)))
    rooms.put_file("dev.flights.raw")

    # when
    planned = rooms.deployments.plan_destroy(rooms.ada, PROD)
    report = rooms.deployments.destroy(rooms.ada, PROD)

    # then
    assert rooms.actions(planned) == rooms.actions(report)
    assert rooms.actions(report) == {
        "jobs.train": "delete",
        "experiments.delay": "delete",
        "registered_models.delay": "delete",
        "volumes.raw": "keep",
        "schemas.flights": "keep",
    }
    everything_named = rooms.deployments.destroy(rooms.ada, PROD, delete_data=("dev.flights",))
    assert rooms.actions(everything_named) == {"volumes.raw": "delete", "schemas.flights": "delete"}
    assert rooms.deployments.summary(rooms.ada, PROD).resources == ()


def test_a_renamed_schema_is_made_anew_and_the_old_one_kept(rooms: Any) -> None:
    # given
    rooms.deployments.apply(
        rooms.ada, rooms.desired({"schemas.flights": rooms.schema(), "volumes.raw": rooms.volume()})
    )
    rooms.put_file("dev.flights.raw")

    # when
    renamed = {"schemas.flights": rooms.schema("trips"), "volumes.raw": rooms.volume(schema_name="trips")}
    report = rooms.deployments.apply(rooms.ada, rooms.desired(renamed))

    # then
    assert [(step.action, step.name) for step in report.steps] == [
        ("create", "dev.trips"),
        ("create", "dev.trips.raw"),
        ("keep", "dev.flights.raw"),
        ("keep", "dev.flights"),
    ]
    assert rooms.deployments.plan(rooms.ada, rooms.desired(renamed)).is_empty


def test_a_model_with_versions_does_not_block_the_next_deployment(rooms: Any) -> None:
    # given
    resources = {
        "schemas.flights": rooms.schema(),
        "registered_models.delay": {"catalog_name": "dev", "schema_name": "flights", "name": "delay"},
    }
    rooms.deployments.apply(rooms.ada, rooms.desired(resources))
    stores = rooms.models.stores
    stores.registry.create_model_version("dev.flights.delay", "file:///nowhere", None)
    assert len(rooms.models.model_versions(rooms.ada, ModelName.parse("dev.flights.delay"))) == 1

    # when
    resources["registered_models.delay"]["comment"] = "Delays"
    updated = rooms.deployments.apply(rooms.ada, rooms.desired(resources))
    removed = rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema()}))

    # then
    assert rooms.actions(updated) == {"registered_models.delay": "update"}
    assert rooms.actions(removed) == {"registered_models.delay": "keep"}


def test_a_failed_deployment_says_where_it_stopped_and_the_next_goes_on(rooms: Any) -> None:
    # given a grant to somebody who does not exist, in the second step
    broken = [{"principal": "nobody", "privileges": ["READ_VOLUME"]}]
    resources = {"schemas.flights": rooms.schema(), "volumes.raw": rooms.volume(grants=broken)}

    # when
    with pytest.raises(NotFound, match=r"nobody.* stopped after 2 of 2 steps; nothing was undone"):
        rooms.deployments.apply(rooms.ada, rooms.desired(resources))

    # then
    failed = rooms.deployments.history(rooms.ada, PROD)[0]
    assert failed.status is DeploymentStatus.FAILED
    resources["volumes.raw"] = rooms.volume()
    report = rooms.deployments.apply(rooms.ada, rooms.desired(resources))
    assert rooms.actions(report) == {}
    assert len(rooms.deployments.summary(rooms.ada, PROD).resources) == 2


def test_everything_is_done_with_the_rights_of_who_deploys(rooms: Any) -> None:
    bob = rooms.user("bob")
    with pytest.raises((Denied, NotFound)):
        rooms.deployments.apply(bob, rooms.desired({"schemas.flights": rooms.schema()}))
    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.flights": rooms.schema()}))
    with pytest.raises((Denied, NotFound)):
        rooms.deployments.destroy(bob, PROD)
    assert rooms.deployments.summary(bob, PROD).resources == ()
    assert rooms.deployments.summary(rooms.ada, PROD).resources


def test_in_development_everybody_has_their_own_deployment(rooms: Any) -> None:
    # given
    mine = Place("flights", "dev", personal=True)
    bob = rooms.user("bob")
    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.s": rooms.schema("dev_ada_flights")}, place=mine))

    # then
    with pytest.raises(NotFound, match="has not been deployed to dev"):
        rooms.deployments.summary(bob, mine)
    assert [one.owner for one in rooms.deployments.list(rooms.ada)] == ["ada"]
    assert rooms.deployments.list(bob) == []


def test_two_deployments_at_the_same_time_do_not_mix(rooms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a deployment that is held up in its first step
    begun, go_on = threading.Event(), threading.Event()
    create = rooms.catalog.securables.create_schema

    def slow(*arguments: Any, **named: Any) -> Any:
        begun.set()
        assert go_on.wait(20)
        return create(*arguments, **named)

    monkeypatch.setattr(rooms.catalog.securables, "create_schema", slow)
    wanted = rooms.desired({"schemas.flights": rooms.schema()})
    first = threading.Thread(target=lambda: rooms.deployments.apply(rooms.ada, wanted))
    first.start()
    assert begun.wait(20)

    # then
    with pytest.raises(Conflict, match="ada is deploying flights to prod at this moment"):
        rooms.deployments.apply(rooms.ada, wanted)
    patient = rooms.desired({"schemas.flights": rooms.schema()}, lock=False)
    reports: list[Any] = []
    second = threading.Thread(target=lambda: reports.append(rooms.deployments.apply(rooms.ada, patient)))
    second.start()
    time.sleep(0.1)
    go_on.set()
    first.join(20), second.join(20)
    assert reports[0].deployment is None
