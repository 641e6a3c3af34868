"""What happens on the platform starts runs: once, of what the job's principal may see, and never round and round."""

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent, repository
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.shapes import DoesNotFit
from boathouse.jobs.starting.knowing import trigger_values
from boathouse.jobs.states import ResultState

MODEL = "c.s.delay"


def on(*types: str, **more: object) -> dict[str, object]:
    return {"event": {"types": list(types), **more}}


def happens(house, type: EventType = EventType.ALIAS_MOVED, subject: str = MODEL, **data: object) -> None:
    with house.database.write() as connection:
        repository.write(connection, [NewEvent(type, subject, "ada", data)], epoch_ms(house.clock.now()))


def test_an_event_that_fits_starts_one_run_that_knows_of_it(house) -> None:
    job_id = house.create(trigger=on("model_version_alias.moved", subject="c.s.*", fields={"alias": "champion"}))
    happens(house, alias="challenger", version=2)
    happens(house, subject="d.s.delay", alias="champion", version=2)
    assert house.after(seconds=1) == 0

    happens(house, alias="champion", version=3)
    assert [house.after(seconds=1), house.after(seconds=1)] == [1, 0]
    (run,) = house.runs_of(job_id)
    assert run.trigger == "EVENT"
    told = trigger_values(run.trigger_info)
    assert told["job.trigger.event.type"] == "model_version_alias.moved"
    assert (told["job.trigger.event.subject"], told["job.trigger.event.version"]) == (MODEL, "3")
    assert told["job.trigger.event.data"] == '{"alias": "champion", "version": 3}'


@pytest.mark.parametrize(("for_each", "runs"), [(False, 1), (True, 3)])
def test_several_events_start_one_run_or_one_each(house, for_each: bool, runs: int) -> None:
    job_id = house.create(trigger=on("model_version.*", run_for_each=for_each))
    for version in (1, 2, 3):
        happens(house, EventType.MODEL_VERSION_CREATED, version=version)

    assert [house.after(seconds=1), house.after(seconds=1)] == [runs, 0]
    assert house.runs_of(job_id)[-1].trigger_info["event"]["version"] == 3


def test_events_of_before_or_of_a_pause_start_nothing(house) -> None:
    happens(house)
    house.after(seconds=1)
    job_id = house.create(trigger={**on("*"), "pause_status": "PAUSED"})
    happens(house)
    house.after(seconds=1)
    house.reset(job_id, trigger=on("*"))
    assert house.after(seconds=1) == 0


def test_a_job_hears_only_of_what_its_principal_may_see(house) -> None:
    house.schema()
    house.catalog.securables.register(house.ada, SecurableKind.REGISTERED_MODEL, MODEL, parent="c.s")
    house.create(house.bob, trigger=on("*"))
    happens(house)
    assert house.after(seconds=1) == 0

    for privilege, kind, name in (
        (Privilege.USE_CATALOG, SecurableKind.CATALOG, "c"),
        (Privilege.USE_SCHEMA, SecurableKind.SCHEMA, "c.s"),
        (Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, MODEL),
    ):
        house.catalog.grants.grant(house.ada, "bob", [privilege], kind, name)
    happens(house)
    assert house.after(seconds=1) == 1


def test_what_a_jobs_own_runs_do_does_not_start_it(house) -> None:
    job_id = house.create(trigger=on("model_version.created"))
    with in_request(RequestContext(task=TaskContext(job_id, "n", 1, "a", 2))):
        happens(house, EventType.MODEL_VERSION_CREATED, version=1)
    assert house.after(seconds=1) == 0

    with in_request(RequestContext(task=TaskContext(job_id + 1, "n", 1, "a", 2))):
        happens(house, EventType.MODEL_VERSION_CREATED, version=1)
    assert house.after(seconds=1) == 1


def test_jobs_that_look_after_failures_do_not_start_each_other_for_ever(house) -> None:
    first, second = (house.create(trigger=on("run.failed")) for _ in range(2))
    broken = house.create()
    house.jobs.run_now(house.ada, broken)
    (run,) = house.runs_of(broken)
    house.end(run, ResultState.FAILED)

    assert house.after(seconds=1) == 2
    for job_id in (first, second):
        house.end(house.runs_of(job_id)[0], ResultState.FAILED)
    assert house.after(seconds=1) == 0


def test_a_failed_run_is_an_event_and_a_cancelled_one_is_none(house) -> None:
    job_id = house.create()
    for result in (ResultState.FAILED, ResultState.CANCELED, ResultState.SUCCESS, ResultState.TIMEDOUT):
        house.jobs.run_now(house.ada, job_id)
        house.end(house.runs_of(job_id)[-1], result)

    told = repository.after(house.database, 0)
    assert [each.data["result_state"] for each in told] == ["FAILED", "TIMEDOUT"]
    assert (told[0].type, told[0].subject, told[0].principal, told[0].data["job_name"]) == (
        "run.failed", str(job_id), "ada", "n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (on("model_version.creatd"), "Did you mean model_version.created"),
        (on(), "types"),
        (on("*", subject="{{job.id}}"), "knows no run yet"),
        ({**on("*"), "periodic": {"interval": 1, "unit": "HOURS"}}, "exactly one thing"),
        (on("*", min_time_between_triggers_seconds=10**9), "more than a year"),
    ],
)
def test_a_trigger_that_cannot_be_says_why(house, said: dict[str, object], message: str) -> None:
    with pytest.raises(DoesNotFit, match=message):
        house.create(trigger=said)
