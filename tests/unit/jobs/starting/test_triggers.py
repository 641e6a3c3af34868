"""Triggers: what is new starts a run, once; what cannot be read or has gone is said, and nothing falls over."""

import os

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.repository.records import EventFilter
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.shapes import DoesNotFit
from boathouse.jobs.states import ResultState

FOLDER = "/Volumes/c/s/v/in/"


def files(**more: object) -> dict[str, object]:
    return {"file_arrival": {"url": FOLDER, **more}}


def tables(*names: str, **more: object) -> dict[str, object]:
    return {"table_update": {"table_names": list(names), **more}}


# --- files


def test_only_files_that_are_new_start_a_run(house_now) -> None:
    folder = house_now.volume() / "in"
    folder.mkdir()
    (folder / "old.csv").write_text("1")
    os.utime(folder / "old.csv", (1, 1))
    job_id = house_now.create(trigger=files())
    assert house_now.after(seconds=6) == 0

    (folder / "deep").mkdir()
    (folder / "deep" / "new.csv").write_text("1")
    (folder / "other.csv").write_text("1")

    assert [house_now.after(seconds=6), house_now.after(seconds=6)] == [1, 0]
    run = house_now.runs_of(job_id)[0]
    assert (run.trigger, run.trigger_info["location"], run.trigger_info["files"]) == ("FILE_ARRIVAL", FOLDER, 2)


def test_unfinished_uploads_and_files_written_again_start_nothing(house_now) -> None:
    folder = house_now.volume() / "in"
    folder.mkdir()
    house_now.create(trigger=files())
    (folder / "a.csv").write_text("1")
    assert house_now.after(seconds=6) == 1

    (folder / ".b.csv.part").write_text("1")
    (folder / "_c.csv").write_text("1")
    (folder / "a.csv").write_text("2")
    assert house_now.after(seconds=6) == 0

    (folder / ".b.csv.part").rename(folder / "b.csv")
    assert house_now.after(seconds=6) == 1


def test_what_was_seen_is_known_after_a_restart_and_what_came_meanwhile_counts(house_now) -> None:
    folder = house_now.volume() / "in"
    folder.mkdir()
    job_id = house_now.create(trigger=files())
    (folder / "a.csv").write_text("1")
    assert house_now.after(seconds=6) == 1

    house_now.clockwork.stop()
    (folder / "b.csv").write_text("1")
    house_now.clockwork = house_now.another_clockwork()

    assert [house_now.after(seconds=6), house_now.after(seconds=6)] == [1, 0]
    assert [run.trigger_info["example"] for run in house_now.runs_of(job_id)] == ["a.csv", "b.csv"]


def test_a_run_waits_until_no_more_files_come_and_not_too_soon_after_the_last(house_now) -> None:
    folder = house_now.volume() / "in"
    folder.mkdir()
    house_now.create(trigger=files(wait_after_last_change_seconds=60, min_time_between_triggers_seconds=600))
    (folder / "a.csv").write_text("1")
    assert [house_now.after(seconds=10), house_now.after(seconds=40)] == [0, 0]
    (folder / "b.csv").write_text("1")

    assert [house_now.after(seconds=20), house_now.after(seconds=50), house_now.after(seconds=10)] == [0, 0, 1]

    (folder / "c.csv").write_text("1")
    assert [house_now.after(seconds=70), house_now.after(seconds=400), house_now.after(seconds=200)] == [0, 0, 1]


def test_a_folder_that_is_not_there_is_waited_for_with_a_reason(house_now) -> None:
    root = house_now.volume()
    job_id = house_now.create(trigger=files())
    assert house_now.after(seconds=6) == 0
    assert "There is no folder at /Volumes/c/s/v/in/" in str(house_now.starter(job_id).problem)

    (root / "in").mkdir()
    (root / "in" / "a.csv").write_text("1")

    assert house_now.after(seconds=6) == 1
    assert house_now.starter(job_id).problem is None


def test_an_idle_folder_is_not_listed_again(house_now, monkeypatch) -> None:
    folder = house_now.volume() / "in"
    folder.mkdir()
    for name in ("", "/a", "/b"):
        os.makedirs(f"{folder}{name}", exist_ok=True)
    for name in ("/b", "/a", ""):
        os.utime(f"{folder}{name}", (1, 1))
    house_now.create(trigger=files())
    house_now.after(seconds=6)
    monkeypatch.setattr("os.scandir", lambda _: pytest.fail("listed"))

    assert house_now.after(seconds=6) == 0

    monkeypatch.undo()
    (folder / "a" / "new.csv").write_text("1")
    assert house_now.after(seconds=6) == 1


# --- tables


def test_a_write_to_a_table_starts_a_run_and_maintenance_does_not(house_now) -> None:
    house_now.schema()
    house_now.write("c.s.t", 1)
    job_id = house_now.create(trigger=tables("c.s.t"))
    assert house_now.after(seconds=6) == 0

    house_now.write("c.s.t", 2)
    house_now.write("c.s.t", 3)
    assert [house_now.after(seconds=6), house_now.after(seconds=6)] == [1, 0]
    info = house_now.runs_of(job_id)[0].trigger_info["table_update"]
    assert (info["updated_tables"], info["c.s.t"]["version"]) == (["c.s.t"], 2)

    from boathouse.lake.snapshots import open_table

    found = house_now.catalog.securables.table(house_now.ada, TableName.parse("c.s.t"))
    open_table(found.storage_location).optimize.compact()
    assert house_now.after(seconds=6) == 0


def test_a_write_by_another_client_counts(house_now) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    house_now.schema()
    house_now.write("c.s.t", 1)
    house_now.create(trigger=tables("c.s.t"))
    assert house_now.after(seconds=6) == 0

    found = house_now.catalog.securables.table(house_now.ada, TableName.parse("c.s.t"))
    write_deltalake(found.storage_location, pa.table({"x": [2]}), mode="append")

    assert house_now.after(seconds=6) == 1


def test_what_is_written_between_the_definition_and_the_first_look_counts(house_now) -> None:
    house_now.schema()
    house_now.write("c.s.t", 1)
    house_now.create(trigger=tables("c.s.t"))
    house_now.write("c.s.t", 2)

    assert house_now.after(seconds=6) == 1


def test_all_tables_have_to_change_when_that_is_asked(house_now) -> None:
    house_now.schema()
    for name in ("c.s.a", "c.s.b"):
        house_now.write(name, 1)
    house_now.create(trigger=tables("c.s.a", "c.s.b", condition="ALL_UPDATED"))
    house_now.after(seconds=6)

    started = []
    for name in ("c.s.a", "c.s.a", "c.s.b", "c.s.b"):
        house_now.write(name, 2)
        started.append(house_now.after(seconds=6))
    assert started == [0, 0, 1, 0]


def test_a_table_that_vanishes_pauses_the_trigger_with_a_reason_until_it_is_back(house_now) -> None:
    house_now.schema()
    house_now.write("c.s.t", 1)
    job_id = house_now.create(trigger=tables("c.s.t"))
    house_now.after(seconds=6)

    house_now.catalog.securables.drop(house_now.ada, SecurableKind.TABLE, "c.s.t")
    assert house_now.after(seconds=6) == 0
    assert "c.s.t" in str(house_now.starter(job_id).problem)
    assert house_now.starter(job_id).problem_since is not None

    house_now.write("c.s.t", 5)
    assert [house_now.after(seconds=6), house_now.after(seconds=6)] == [1, 0]
    assert house_now.starter(job_id).problem is None


def test_a_trigger_sees_only_what_its_job_may_read(house_now) -> None:
    house_now.schema()
    house_now.write("c.s.t", 1)
    job_id = house_now.create(house_now.bob, trigger=tables("c.s.t"))
    house_now.after(seconds=6)
    house_now.write("c.s.t", 2)
    assert house_now.after(seconds=6) == 0
    assert "c.s.t" in str(house_now.starter(job_id).problem)

    for kind, name, privilege in (
        (SecurableKind.CATALOG, "c", Privilege.USE_CATALOG),
        (SecurableKind.SCHEMA, "c.s", Privilege.USE_SCHEMA),
        (SecurableKind.TABLE, "c.s.t", Privilege.SELECT),
    ):
        house_now.catalog.grants.grant(house_now.ada, "bob", [privilege], kind, name)

    assert [house_now.after(seconds=6), house_now.after(seconds=6)] == [1, 0]


def test_one_trigger_that_breaks_does_not_keep_the_others_from_starting(house_now, monkeypatch) -> None:
    house_now.schema()
    house_now.write("c.s.t", 1)
    house_now.create(trigger=tables("c.s.t"))
    hourly = house_now.create(trigger={"periodic": {"interval": 1, "unit": "MINUTES"}})
    monkeypatch.setattr("boathouse.jobs.starting.triggers.table_update.newest_version", lambda *_: 1 / 0)
    monkeypatch.setattr("boathouse.jobs.starting.triggers.table_update._first_look", lambda *_: 1 / 0)

    assert [house_now.after(seconds=30), house_now.after(seconds=30)] == [0, 1]
    assert len(house_now.runs_of(hourly)) == 1


# --- jobs, models, events


def test_each_good_run_of_another_job_starts_one(house) -> None:
    upstream = house.create()
    job_id = house.create(trigger={"job_completion": {"job_id": upstream}})
    house.after(seconds=1)
    runs = [house.jobs.run_now(house.ada, upstream) for _ in range(3)]
    ended = {run.run_id: run for run in house.runs_of(upstream)}

    house.end(ended[runs[0]])
    house.end(ended[runs[1]], ResultState.FAILED)
    house.end(ended[runs[2]])

    assert [house.after(seconds=1), house.after(seconds=1)] == [2, 0]
    seen = [run.trigger_info["job_completion"]["run_id"] for run in house.runs_of(job_id)]
    assert seen == [runs[0], runs[2]]


def test_jobs_cannot_start_each_other_without_end(house) -> None:
    first = house.create()
    second = house.create(trigger={"job_completion": {"job_id": first}})

    with pytest.raises(InvalidInput, match=f"without end: {first} after {second} after {first}"):
        house.reset(first, trigger={"job_completion": {"job_id": second}})

    assert house.starters.find(first) is None
    assert house.jobs.get(house.ada, first).settings.trigger is None


def test_a_job_that_one_may_not_see_cannot_be_waited_for(house) -> None:
    upstream = house.create()
    job_id = house.create(house.bob, trigger={"job_completion": {"job_id": upstream}})
    house.after(seconds=1)
    house.jobs.run_now(house.ada, upstream)
    house.end(house.runs_of(upstream)[0])

    assert house.after(seconds=1) == 0
    assert str(upstream) in str(house.starter(job_id).problem)


def test_an_alias_that_moves_starts_a_run(house) -> None:
    trigger = {"model": {"condition": "MODEL_ALIAS_SET", "securable_name": "c.s.m", "aliases": ["champion"]}}
    job_id = house.create(trigger=trigger)
    house.after(seconds=1)

    def told(action: str, name: str, **params: str) -> int:
        kind = SecurableKind.REGISTERED_MODEL
        house.catalog.audit.record(house.ada, "models", action, kind=kind, name=name, params=params)
        return house.after(seconds=1)

    house.schema()
    house.catalog.securables.register(house.ada, SecurableKind.REGISTERED_MODEL, "c.s.m", parent="c.s")
    assert told("setRegisteredModelAlias", "c.s.m", alias="challenger", version="2") == 0
    assert told("setRegisteredModelAlias", "c.s.other", alias="champion", version="2") == 0
    assert told("createModelVersion", "c.s.m", version="3") == 0
    assert told("setRegisteredModelAlias", "c.s.m", alias="champion", version="3") == 1

    info = house.runs_of(job_id)[0].trigger_info["model"]
    assert (info["name"], info["alias"], info["version"]) == ("c.s.m", "champion", "3")


def test_an_event_of_the_catalog_starts_a_run_and_a_refused_one_does_not(house) -> None:
    trigger = {"catalog_event": {"action": "createSchema", "securable_name": "c.s*"}}
    job_id = house.create(trigger=trigger)
    house.after(seconds=1)
    house.schema()
    with pytest.raises(Exception, match=r"c"):
        from boathouse.foundation.names import SchemaName

        house.catalog.securables.create_schema(house.bob, SchemaName("c", "s2"))

    assert [house.after(seconds=1), house.after(seconds=1)] == [1, 0]
    info = house.runs_of(job_id)[0].trigger_info["catalog_event"]
    assert (info["action"], info["securable_name"], info["by"], info["events"]) == ("createSchema", "c.s", "ada", 1)


def test_an_event_by_others_stays_unknown_to_who_may_not_read_the_audit_log(house) -> None:
    job_id = house.create(house.bob, trigger={"catalog_event": {"action": "createCatalog"}})
    house.after(seconds=1)
    house.catalog.securables.create_catalog(house.ada, "d")

    assert house.after(seconds=1) == 0
    assert house.runs_of(job_id) == []


def test_any_event_does_not_make_a_job_start_itself_for_ever(house) -> None:
    house.create(trigger={"catalog_event": {"action": "*"}})
    house.after(seconds=1)
    house.catalog.securables.create_catalog(house.ada, "d")

    assert [house.after(seconds=1) for _ in range(4)] == [1, 0, 0, 0]


def test_what_happened_while_a_trigger_was_paused_starts_nothing(house) -> None:
    trigger = {"catalog_event": {"action": "createCatalog"}}
    job_id = house.create(trigger={**trigger, "pause_status": "PAUSED"})
    house.after(seconds=1)
    house.catalog.securables.create_catalog(house.ada, "d")
    house.after(seconds=1)

    house.reset(job_id, trigger=trigger)
    assert [house.after(seconds=1), house.after(seconds=1)] == [0, 0]

    house.catalog.securables.create_catalog(house.ada, "e")
    assert house.after(seconds=1) == 1


def test_every_run_that_was_triggered_is_in_the_audit_log(house) -> None:
    job_id = house.create(trigger={"periodic": {"interval": 1, "unit": "MINUTES"}})
    house.after(minutes=1)

    event = house.catalog.audit.events(EventFilter(action="runTriggered"))[0]
    assert (event.securable_name, event.request_params["trigger"]) == (str(job_id), "PERIODIC")
    assert event.request_params["run_id"] == str(house.runs_of(job_id)[0].run_id)


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        ({}, "exactly one thing; there is none"),
        ({**files(), **tables("c.s.t")}, "file_arrival and table_update"),
        ({"file_arrival": {"url": "s3://bucket/x"}}, r"trigger.file_arrival.url: .* not a path in a volume"),
        ({"file_arrival": {"url": "/Volumes/c/s/v/../x"}}, "leaves its volume"),
        (tables(), "1 to 10 tables, not 0"),
        (tables("t"), r"trigger.table_update.table_names\[0\]"),
        (tables("c.s.t", "c.s.t"), "for the second time"),
        ({"periodic": {"interval": 0, "unit": "HOURS"}}, "trigger.periodic.interval"),
        ({"model": {"condition": "MODEL_CREATED", "aliases": ["x"]}}, "aliases need the condition MODEL_ALIAS_SET"),
        ({"job_completion": {"job_id": 1, "results": ["SUCESS"]}}, "Did you mean SUCCESS"),
        ({"periodic": {"interval": 10**30, "unit": "DAYS"}}, "too long an interval"),
        (files(wait_after_last_change_seconds=10**30), "wait_after_last_change_seconds: that is more than a year"),
        ({"table_update": {"table_names": ["c.s.t"]}, "sql_condition": {}}, "sql_condition is not supported"),
    ],
)
def test_a_trigger_that_cannot_work_is_refused_when_it_is_written(house, trigger, problem) -> None:
    with pytest.raises(DoesNotFit, match=problem):
        house.create(trigger=trigger)


def test_a_task_can_ask_what_started_its_run(house) -> None:
    from boathouse.jobs.parameters import resolved_task

    upstream = house.create()
    asks = ["{{job.trigger.type}}", "{{job.trigger.job_completion.run_id}}", "{{job.trigger.model.name}}"]
    task = {"task_key": "a", "spark_python_task": {"python_file": "a.py", "parameters": asks}}
    job_id = house.create(tasks=[task], trigger={"job_completion": {"job_id": upstream}})
    house.after(seconds=1)
    house.jobs.run_now(house.ada, upstream)
    house.end(house.runs_of(upstream)[0])
    house.after(seconds=1)

    run = house.runs.find(house.runs_of(job_id)[0].run_id)
    found = resolved_task(run, run.tasks[0]).spark_python_task.parameters
    assert found == ["job_completion", str(house.runs_of(upstream)[0].run_id), ""]
