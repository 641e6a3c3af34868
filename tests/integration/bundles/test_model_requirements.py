"""What models have to meet, deployed with the bundle."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boathouse.bundles.deployments import Deployments
from boathouse.bundles.desired import Place
from boathouse.catalog import Column, Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, Denied, InvalidInput
from boathouse.foundation.names import ModelName, TableName
from boathouse.foundation.principals import SYSTEM
from boathouse.models.requirements import Tier

from .conftest import Rooms

MODEL = ModelName.parse("dev.flights.delay")


def asked(rooms: Rooms, **said: Any) -> dict[str, dict[str, Any]]:
    """A schema, a model in it, and what the model has to meet."""
    requirements: dict[str, Any] = {
        "objective": "Warn of late flights",
        "decision": "The desk rebooks passengers",
        "owner": "ada",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": "dev.flights.judged", "label": "late"},
        **said,
    }
    return {
        "schemas.main": rooms.schema(),
        "registered_models.delay": {"catalog_name": "dev", "schema_name": "flights", "name": "delay"},
        "model_requirements.delay": {"model": str(MODEL), "requirements": requirements, "card_text": "Limits: none."},
    }


def test_requirements_are_made_after_their_model_and_a_second_deployment_does_nothing(rooms: Rooms) -> None:
    desired = rooms.desired(asked(rooms))
    report = rooms.deployments.apply(rooms.ada, desired)
    assert [str(step.resource) for step in report.steps] == [
        "schemas.main",
        "registered_models.delay",
        "model_requirements.delay",
    ]
    held = rooms.models.requirements.get(rooms.ada, MODEL)
    assert (held.revision, held.card_text, held.principal) == (1, "Limits: none.", "ada")
    assert (held.source.bundle, held.source.target, held.source.git_commit) == ("flights", "prod", "c0ffee")
    assert rooms.deployments.plan(rooms.ada, desired).is_empty


def test_a_change_is_named_by_its_field_and_makes_a_revision(rooms: Rooms) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired(asked(rooms)))
    desired = rooms.desired(asked(rooms, risk_tier="low", slices=["origin"]))
    planned = rooms.deployments.plan(rooms.ada, desired)
    assert [change.to_json() for change in planned.steps[0].changes] == [
        {"field": "requirements.risk_tier", "before": None, "after": "low"},
        {"field": "requirements.slices", "before": None, "after": [{"column": "origin"}]},
    ]
    rooms.deployments.apply(rooms.ada, desired)
    assert rooms.models.requirements.get(rooms.ada, MODEL).requirements.risk_tier is Tier.LOW
    assert [each.revision for each in rooms.models.requirements.history(rooms.ada, MODEL)] == [2, 1]


def test_what_leaves_the_bundle_is_withdrawn_and_its_history_stays(rooms: Rooms) -> None:
    everything = asked(rooms)
    rooms.deployments.apply(rooms.ada, rooms.desired(everything))
    without = {name: payload for name, payload in everything.items() if not name.startswith("model_requirements")}
    report = rooms.deployments.apply(rooms.ada, rooms.desired(without))
    assert rooms.actions(report) == {"model_requirements.delay": "delete"}
    assert rooms.models.requirements.deployed(str(MODEL)) is None
    (gone,) = rooms.models.requirements.history(rooms.ada, MODEL)
    assert (gone.ended_by, gone.valid_to is not None) == ("ada", True)


def test_destroying_withdraws_requirements_before_the_model_goes(rooms: Rooms) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired(asked(rooms)))
    report = rooms.deployments.destroy(rooms.ada, Place("flights", "prod"))
    assert [str(step.resource) for step in report.steps] == [
        "model_requirements.delay",
        "registered_models.delay",
        "schemas.main",
    ]


def test_what_somebody_put_by_hand_is_adopted_and_brought_in_line(rooms: Rooms) -> None:
    everything = asked(rooms)
    rooms.deployments.apply(rooms.ada, rooms.desired({name: everything[name] for name in list(everything)[:2]}))
    by_hand = asked(rooms, risk_tier="low")["model_requirements.delay"]["requirements"]
    rooms.models.requirements.put(rooms.ada, MODEL, fit_requirements(by_hand))
    report = rooms.deployments.apply(rooms.ada, rooms.desired(everything))
    assert rooms.actions(report) == {"model_requirements.delay": "adopt"}
    assert rooms.models.requirements.get(rooms.ada, MODEL).requirements.risk_tier is Tier.MEDIUM


def test_an_unknown_group_stops_the_plan_before_anything_is_done(rooms: Rooms) -> None:
    desired = rooms.desired(asked(rooms, approval={"groups": ["nobody"]}, gates={"calibrtion": {}}))
    with pytest.raises(InvalidInput, match=r"gates.calibrtion: there is no gate(.|\n)*there is no group 'nobody'"):
        rooms.deployments.plan(rooms.ada, desired)
    with pytest.raises(InvalidInput):
        rooms.deployments.apply(rooms.ada, desired)
    assert rooms.deployments.list(rooms.ada) == []


def test_whoever_may_not_manage_the_model_cannot_say_what_it_has_to_meet(rooms: Rooms) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired(asked(rooms)))
    ben = rooms.user("ben")
    grants = rooms.catalog.grants
    grants.grant(SYSTEM, "ben", [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
    grants.grant(SYSTEM, "ben", [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.flights")
    grants.grant(SYSTEM, "ben", [Privilege.EXECUTE], SecurableKind.REGISTERED_MODEL, str(MODEL))
    changed = rooms.desired(asked(rooms, risk_tier="low"))
    with pytest.raises(Denied):
        rooms.deployments.apply(ben, changed)
    assert rooms.models.requirements.get(rooms.ada, MODEL).requirements.risk_tier is Tier.MEDIUM


def test_two_bundles_cannot_both_say_what_a_model_has_to_meet(rooms: Rooms) -> None:
    everything = asked(rooms)
    rooms.deployments.apply(rooms.ada, rooms.desired(everything))
    other = {"model_requirements.mine": everything["model_requirements.delay"]}
    with pytest.raises(Conflict, match=r"The policy of the model dev.flights.delay belongs to the bundle flights"):
        rooms.deployments.apply(rooms.ada, replace(rooms.desired(other), place=Place("another", "prod")))


def test_requirements_may_name_a_job_of_the_same_bundle(rooms: Rooms) -> None:
    snapshot = rooms.code(Place("flights", "prod"))
    everything = asked(rooms, deployment={"job": "${resources.jobs.judge.id}"})
    desired = rooms.desired({**everything, "jobs.judge": rooms.job("judge")}, snapshot=snapshot)
    rooms.deployments.apply(rooms.ada, desired)
    (job,) = rooms.jobs.list(rooms.ada, name="judge")
    assert rooms.models.requirements.get(rooms.ada, MODEL).requirements.deployment.job == str(job.job_id)
    assert rooms.deployments.plan(rooms.ada, desired).is_empty


def test_files_of_the_bundle_are_named_by_the_code_that_was_deployed_with_them(rooms: Rooms) -> None:
    place = Place("flights", "prod")
    needed = {"environment": {"dependencies": ["-r ${workspace.file_path}/requirements.txt"]}}
    everything = asked(rooms, deployment=needed)
    for revision, text in enumerate(("print(1)", "print(2)"), 1):
        desired = rooms.desired(everything, snapshot=rooms.code(place, text))
        rooms.deployments.apply(rooms.ada, desired)
        assert rooms.deployments.plan(rooms.ada, desired).is_empty
        held = rooms.models.requirements.get(rooms.ada, MODEL)
        assert held.revision == revision
        (line,) = (held.requirements.deployment.environment or {})["dependencies"]
        assert Path(line.removeprefix("-r ")).parent.joinpath("main.py").read_text() == text


class Killed(BaseException):
    """Stands for the death of the process."""


def test_a_deployment_that_died_after_the_put_is_completed_without_a_second_revision(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = rooms.desired(asked(rooms))

    def die(*_: object) -> None:
        raise Killed

    rooms.models.requirements.listen(die)
    with monkeypatch.context() as patched:
        patched.setattr(Deployments, "_fail", die)
        with pytest.raises(Killed):
            rooms.deployments.apply(rooms.ada, desired)
    rooms.models.requirements._listeners.clear()  # pyright: ignore[reportPrivateUsage]
    again = rooms.restarted()
    again.apply(rooms.ada, desired)
    assert again.plan(rooms.ada, desired).is_empty
    assert [each.revision for each in rooms.models.requirements.history(rooms.ada, MODEL)] == [1]


def test_an_evaluation_table_that_is_not_there_is_a_warning_since_a_job_may_make_it(rooms: Rooms) -> None:
    plan = rooms.deployments.plan(rooms.ada, rooms.desired(asked(rooms)))
    (warning,) = plan.warnings
    assert warning == (
        "databricks.yml:3: evaluation.table: there is no table dev.flights.judged that you may read. "
        "No version can be judged without it."
    )
    report = rooms.deployments.apply(rooms.ada, rooms.desired(asked(rooms)))
    assert report.to_json()["warnings"] == list(plan.warnings)


def test_a_slice_of_a_column_that_is_not_there_is_a_warning(rooms: Rooms) -> None:
    rooms.deployments.apply(rooms.ada, rooms.desired({"schemas.main": rooms.schema()}))
    securables, name = rooms.catalog.securables, TableName.parse("dev.flights.judged")
    place = securables.stage_table(rooms.ada, name)
    columns = [Column("late", "int", "INT", "{}", 0), Column("origin", "string", "STRING", "{}", 1)]
    securables.create_table(
        rooms.ada, name, table_id=place.table_id, storage_location=place.storage_location, columns=columns
    )
    assert rooms.deployments.plan(rooms.ada, rooms.desired(asked(rooms, slices=["Origin"]))).warnings == ()
    (warning,) = rooms.deployments.plan(rooms.ada, rooms.desired(asked(rooms, slices=["orign"]))).warnings
    assert "slices[0].column: dev.flights.judged has no column 'orign'. Did you mean origin?" in warning


def fit_requirements(said: dict[str, Any]) -> Any:
    from boathouse.models.requirements import Requirements

    return Requirements.model_validate(said)
