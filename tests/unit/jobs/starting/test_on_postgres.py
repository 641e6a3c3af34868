"""The same on Postgres, where transactions of several processes really run side by side."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as platform_events
from boathouse.catalog.repository.schema import audit_events
from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.keeping.retention import Retention, RetentionSettings
from boathouse.jobs.states import ResultState
from boathouse.notifications.messages import Message
from boathouse.notifications.outbox import Outbox
from boathouse.notifications.webhooks.pump import WebhookPump


def test_several_processes_start_one_run_per_fire(house_on_postgres, monkeypatch) -> None:
    house = house_on_postgres
    job_id = house.create(schedule={"quartz_cron_expression": "0 0 * * * ?"})
    house.after(seconds=1)
    monkeypatch.setattr("boathouse.jobs.starting.repository.StarterRepository.hold_lease", lambda *_, **__: True)
    others = [house.another_clockwork() for _ in range(6)]

    for _ in range(5):
        house.clock.advance(timedelta(hours=1))
        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(lambda each: each.tick(), others)) == 1

    assert len(house.runs_of(job_id)) == 5


def test_an_event_that_commits_late_is_not_passed_over(house_on_postgres) -> None:
    house = house_on_postgres
    job_id = house.create(trigger={"catalog_event": {"action": "createCatalog"}})
    house.after(seconds=1)
    started, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with house.database.write() as connection:
            row = {"event_id": "late", "event_time": epoch_ms(house.clock.now()), "principal": "ada",
                   "service": "catalog", "action": "createCatalog", "status_code": 200, "request_params": "{}",
                   "request_id": "", "source_ip": "", "user_agent": ""}  # fmt: skip
            connection.execute(audit_events.insert(), row)
            started.set()
            go_on.wait(30)

    writer = threading.Thread(target=slow)
    writer.start()
    started.wait(30)
    house.catalog.audit.record(house.ada, "catalog", "somethingElse")  # has a higher number, and commits first
    assert house.after(seconds=1) == 0

    go_on.set()
    writer.join()
    assert house.after(seconds=1) == 1
    assert house.runs_of(job_id)[0].trigger_info["catalog_event"]["event_id"] == "late"


def test_a_number_that_never_comes_does_not_stop_the_others(house_on_postgres) -> None:
    house = house_on_postgres
    house.create(trigger={"catalog_event": {"action": "createCatalog"}})
    house.after(seconds=1)
    try:
        with house.database.write() as connection:
            row = {"event_id": "never", "event_time": 1, "principal": "ada", "service": "catalog", "action": "x",
                   "status_code": 200, "request_params": "{}", "request_id": "", "source_ip": "",
                   "user_agent": ""}  # fmt: skip
            connection.execute(audit_events.insert(), row)
            raise KeyError
    except KeyError:
        pass
    house.catalog.securables.create_catalog(house.ada, "d")

    assert [house.after(seconds=1), house.after(seconds=11)] == [0, 1]


def test_runs_are_told_of_and_forgotten(house_on_postgres) -> None:
    house = house_on_postgres
    job_id = house.create(email_notifications={"on_failure": ["me@example.org"]})
    after = house.create(trigger={"job_completion": {"job_id": job_id, "results": ["FAILED"]}})
    house.after(seconds=1)
    for _ in range(3):
        house.jobs.run_now(house.ada, job_id)
        house.end(house.runs_of(job_id)[-1], ResultState.FAILED)
    assert house.after(seconds=1) == 3
    assert len(house.runs_of(after)) == 3
    assert len(Outbox(house.database).list()) == 3

    house.clock.advance(timedelta(days=61))
    swept = Retention(house.database, house.home, RetentionSettings(runs_per_job=1)).sweep(house.clock.now())

    assert (swept.runs, len(house.runs_of(job_id))) == (2, 1)


def test_two_couriers_never_take_the_same_message(house_on_postgres) -> None:
    outbox = Outbox(house_on_postgres.database)
    for _ in range(20):
        outbox.put(Message("jobs.on_start", "x", {}), 1)

    with ThreadPoolExecutor(4) as pool:
        taken = [each.sequence for found in pool.map(lambda _: outbox.take(1, 20), range(4)) for each in found]

    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 20


def test_a_platform_event_that_commits_late_is_passed_over_by_nobody(house_on_postgres) -> None:
    house = house_on_postgres
    job_id = house.create(trigger={"event": {"types": ["deploy.*"], "run_for_each": True}})
    webhook, pump = house.webhook(["deploy.*"])
    house.after(seconds=1)
    started, go_on = threading.Event(), threading.Event()

    def deploy(subject: str, *, is_slow: bool = False) -> None:
        with house.database.write() as connection:
            event = NewEvent(EventType.DEPLOYED, subject, "ada", {"owner": ""})
            platform_events.write(connection, [event], epoch_ms(house.clock.now()))
            if is_slow:
                started.set()
                go_on.wait(30)

    writer = threading.Thread(target=lambda: deploy("late", is_slow=True))
    writer.start()
    started.wait(30)
    deploy("early")  # has a higher number, and commits first
    assert (house.after(seconds=1), pump.pump()) == (0, 0)

    go_on.set()
    writer.join()
    assert (house.after(seconds=1), pump.pump()) == (2, 2)
    assert [run.trigger_info["event"]["subject"] for run in house.runs_of(job_id)] == ["late", "early"]
    told = Outbox(house.database).list(webhook_id=webhook.webhook_id)
    assert [each.payload["subject"] for each in told] == ["early", "late"]


def test_pumps_of_several_processes_tell_each_event_once(house_on_postgres) -> None:
    house = house_on_postgres
    _, pump = house.webhook(["*"])
    pumps = [pump, *(WebhookPump(house.webhook_parts) for _ in range(5))]
    for number in range(5):
        with house.database.write() as connection:
            events = [NewEvent(EventType.DEPLOYED, f"{number}/{each}", "ada", {"owner": ""}) for each in range(20)]
            platform_events.write(connection, events, epoch_ms(house.clock.now()))
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda each: each.pump(), pumps))

    told = [each.payload["subject"] for each in Outbox(house.database).list(limit=1000)]
    assert sorted(told) == sorted(f"{number}/{each}" for number in range(5) for each in range(20))
