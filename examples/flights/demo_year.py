"""The year in production, stretch by stretch: traffic, labels, monitors, a fault, and what the loop decides."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from demo_console import Story
from demo_jobs import judged, newest_version, result_of, run_by_rest, run_job, until
from demo_server import BUNDLE, Failed, Server
from demo_serving import Served, serve_first, watch_canary, watch_shadow

sys.path.insert(0, str(BUNDLE / "src"))

from flights.clocks import Windows, parse_as_of
from flights.fault import break_weather
from flights.source import read_raw

MODEL = "prod.flights.delay_model"
WEATHER, DECISIONS, LEARNED = (f"prod.flights.{name}" for name in ("weather", "decisions", "weather_learned"))
LANDING = "/Volumes/prod/flights/landing/weather.csv"
API = "/api/boathouse/v1"
LOOP = f"{API}/models/{MODEL}/retraining"
REFRESHED = ("SUCCESS", "FAILED", "CANCELED")
UNDER_WAY = ("trying", "checking", "starting", "training", "judging")

Kind = Literal["model", "month", "fault", "alert", "incident", "playbook", "retraining", "champion"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where the replay stops on its way through the year."""

    first: str
    """The present of the first model."""
    months: Sequence[str]
    """At each of these a stretch has ended, and the loop is asked."""
    broken: tuple[str, str]
    """From when to when the weather feed is broken."""
    end: str
    hours: int
    """In how many hours of a stretch the duty desk asks."""


BROKEN = ("2013-07-01", "2013-07-08")
WHOLE = Calendar("2013-04-01", tuple(f"2013-{month:02}-01" for month in range(5, 13)), BROKEN, "2014-01-01", 4)
FAST = Calendar("2013-04-01", ("2013-07-01", "2013-08-01"), BROKEN, "2014-01-01", 3)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline."""

    day: str
    kind: Kind
    text: str


@dataclass(slots=True)
class Year:
    """What has happened so far, as the platform tells it."""

    calendar: Calendar
    timeline: list[Entry] = field(default_factory=list[Entry])
    touched: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the broken weather has touched."""

    def tell(self, day: str, kind: Kind, text: str) -> None:
        self.timeline.append(Entry(day, kind, text))


@dataclass(frozen=True, slots=True)
class Lived:
    """How far the year has come."""

    began: str
    """The day from which on a model answered."""
    present: str


def live_the_year(story: Story, server: Server, served: Served, year: Year) -> Lived:
    """From the first model to the last day on which the loop is asked."""
    began = present = _begin(story, server, served, year)
    for month in (each for each in year.calendar.months if each > began):
        live_on(story, server, year, present, month)
        present = month
        _ask_the_loop(story, server, served, year, present)
    return Lived(began, present)


def compare_the_year(story: Story, server: Server, year: Year, began: str) -> None:
    """What was said beside what the first model would have said."""
    with story.step("prod     comparison") as step:
        run_by_rest(story, server, "comparison", {"as_of": year.calendar.end, "since": began}, step)


def _begin(story: Story, server: Server, served: Served, year: Year) -> str:
    """The first model: it learns from the winter, whose tables are there, is judged by its gates, signed, and answers.
    If it is stopped, the next month has a try. Gives the day from which on it answers."""
    import boathouse as bh

    for day in (year.calendar.first, *year.calendar.months):
        for job in ("training",) if day == year.calendar.first else ("features", "training"):
            run_job(story, server, "prod", job, {"as_of": day}, title=f"{job}, {day}")
        run, version = judged(story, server, "prod"), newest_version(server, "prod")
        if result_of(run) == "SUCCESS":
            break
        year.tell(day, "model", f"version {version} was stopped by its gates, and nobody answers yet")
    else:
        raise Failed("No candidate of the year has passed its gates.")
    learned = Windows.before(parse_as_of(day)).train_until.isoformat()
    bh.sql(f"CREATE OR REPLACE TABLE {LEARNED} AS SELECT * FROM {WEATHER} WHERE observed_at < '{learned}'")
    serve_first(story, server, served.new_traffic(server, day), day)
    year.tell(day, "model", f"version {version} has learned until {learned[:10]}, and answers")
    return day


def live_on(story: Story, server: Server, year: Year, since: str, present: str) -> None:
    """From one present to the next, by way of the fault where it lies between."""
    broken_from, broken_until = year.calendar.broken
    if since < broken_until <= present:
        if since < broken_from:
            _live(story, server, year, since, broken_from)
        _break(story, server, year)
        since = broken_until
    _live(story, server, year, since, present)


def _live(story: Story, server: Server, year: Year, since: str, present: str) -> None:
    """What has landed, what the desk asked, and what the monitors see of it."""
    with story.step(f"prod     until {present}") as step:
        run_by_rest(
            story,
            server,
            "month",
            {"as_of": present, "since": since, "hours": str(year.calendar.hours)},
            step,
        )
        before = {each["firing_id"] for each in _firings(server)}
        _refresh(story, server, (WEATHER, DECISIONS))
        _look(server, (WEATHER, DECISIONS))
        firings = [each for each in _firings(server) if each["firing_id"] not in before]
        figures = _figures(present)
        step.detail = figures
        year.tell(present, "month", figures)
        for each in firings:
            year.tell(present, "alert", f"{each['alert'].rpartition('.')[2]}: {each['why']}")


def _break(story: Story, server: Server, year: Year) -> None:
    """The staged fault: a week of weather without values, then in other units. Alerts see it, the playbook mends it."""
    import boathouse as bh

    since, until_day = year.calendar.broken
    began = int(time.time() * 1000)
    with story.step("prod     weather feed breaks (staged)") as step:
        broken = break_weather(read_raw("weather"), parse_as_of(since), parse_as_of(until_day))
        bh.upload(LANDING, broken)
        year.tell(since, "fault", "staged: for a week the weather feed sends other units, then no values")
        step.detail = f"{since} to {until_day}: degrees Celsius and metres per second, then no values at all"
    _live(story, server, year, since, until_day)
    with story.step("prod     incident and playbook") as step:
        incident = until(story, lambda: _handled(server), "the incident's playbook has run")
        number = incident["number"]
        steps = [f"{each['text']}: {each['state'].lower()}" for each in incident["steps"]]
        year.tell(until_day, "incident", f"{number}: {incident['title']}, opened by {incident['opened_by']}")
        for each in steps:
            year.tell(until_day, "playbook", each)
        year.touched = server.client().get(
            f"{API}/impact", **{"name": f"{WEATHER}.temperature_f", "from": began, "to": int(time.time() * 1000)}
        )
        step.detail = f"incident {number}: {'; '.join(steps)}; {year.touched['predictions']:,} answers touched"
    with story.step("prod     weather repaired") as step:
        _refresh(story, server, (WEATHER,))
        _look(server, (WEATHER,))
        open_now = [each for each in _alerts(server, WEATHER) if each["firing"]]
        client = server.client()
        why = "the feed was broken; the weather comes from the archive"
        client.post(f"{API}/incidents/{number}/close", {"text": why})
        client.post(f"{LOOP}/unfreeze", {"reason": why})
        year.tell(until_day, "incident", f"{number} closed: {why}; retraining may go on")
        step.detail = f"{len(open_now)} alerts fire still; incident {number} is closed, retraining is free"


def _ask_the_loop(story: Story, server: Server, served: Served, year: Year, present: str) -> None:
    """Whether to train again, as the policy says; and if so, what comes of it while people go on asking."""
    client = server.client()
    instant = parse_as_of(present).isoformat()
    with story.step(f"prod     retraining? {present}") as step:
        made = client.post(f"{LOOP}/decide", {"as_of": instant})["decisions"]
        for each in made:
            year.tell(present, "retraining", f"{each['decision']} ({each['trigger']}): {each['why']} {each['reason']}")
        told = [f"{each['trigger']}: {each['decision']}, {each['reason']}" for each in made]
        step.detail = "; ".join(told) or "nothing asks for it"
    started = next((each for each in made if each["decision"] == "started"), None)
    if started is not None:
        _train(story, server, served, year, present, started["decision_id"])


def _train(story: Story, server: Server, served: Served, year: Year, present: str, number: int) -> None:
    with story.step(f"prod     training, {present}") as step:
        decision = until(story, lambda: _trained(server, number), "the training ends")
        step.detail = f"decision {number}, run {decision['run_id']}: {decision['state']}"
    if decision["version"] is None:
        year.tell(present, "retraining", f"came to nothing: {decision['outcome']}")
        return
    version = decision["version"]
    traffic = served.new_traffic(server, present)
    with traffic:
        watch_shadow(story, server, traffic, served, version)
        run = judged(story, server, "prod")
        ended = None
        if result_of(run) == "SUCCESS":
            answers = partial(run_job, story, server, "prod", "answers")
            ended = watch_canary(story, server, traffic, served, version, answers)
    decision = until(story, lambda: _settled(server, number), "the loop has heard of the verdict")
    year.tell(present, "champion", f"version {version}: {decision['state']}. {decision['outcome']}")
    if ended == "aborted":
        year.tell(present, "champion", f"version {version} gave way in its canary: {served.rollout['why']}")


# --- what the platform says


def _refresh(story: Story, server: Server, tables: Sequence[str]) -> None:
    """Bring the monitors up to date, side by side."""
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda table: _refreshed(story, server, table), tables))


def _refreshed(story: Story, server: Server, table: str) -> None:
    client, place = server.client(), f"{API}/monitors/{table}"
    until(story, lambda: client.get(place)["status"] == "MONITOR_STATUS_ACTIVE", f"{table} is monitored")
    asked = client.post(f"{place}/refreshes", {})
    path = f"/api/2.1/unity-catalog/tables/{table}/monitor/refreshes/{asked['refresh_id']}"
    ended = until(
        story, lambda: found if (found := client.get(path))["state"] in REFRESHED else None, f"{table} is refreshed"
    )
    if ended["state"] != "SUCCESS":
        raise Failed(f"The refresh of {table} ended as {ended['state']}: {ended.get('message')}")


def _look(server: Server, tables: Sequence[str]) -> None:
    """Let the alerts look at what the refreshes have brought; they do so by themselves, a moment later."""
    for table in tables:
        for alert in _alerts(server, table):
            server.client().post(f"{API}/alerts/{alert['name']}/look", {})


def _firings(server: Server) -> list[dict[str, Any]]:
    """What has fired, oldest first."""
    return list(server.client().get(f"{API}/alerts/firings")["firings"])[::-1]


def _alerts(server: Server, table: str) -> list[dict[str, Any]]:
    return list(server.client().get(f"{API}/alerts", subject=table)["alerts"])


def _handled(server: Server) -> dict[str, Any] | None:
    """The incident, once its playbook and what that has started are through."""
    client = server.client()
    found = client.get(f"{API}/incidents", subject=WEATHER, state="OPEN")["incidents"]
    if not found:
        return None
    story = client.get(f"{API}/incidents/{found[0]['number']}")
    if story["run_state"] == "FAILED":
        raise Failed(f"The playbook of incident {story['number']} has failed: {story['steps']}")
    jobs = client.get("/api/2.2/jobs/list", name="flights_weather_repair_prod")["jobs"]
    runs = client.get("/api/2.2/jobs/runs/list", job_id=jobs[0]["job_id"]).get("runs", [])
    is_over = story["run_state"] == "SUCCESS" and runs and result_of(runs[0]) == "SUCCESS"
    return story if is_over else None


def _trained(server: Server, number: int) -> dict[str, Any] | None:
    found = server.client().get(f"{LOOP}/decisions/{number}")
    return found if found["state"] not in ("trying", "checking", "starting", "training") else None


def _settled(server: Server, number: int) -> dict[str, Any] | None:
    found = server.client().get(f"{LOOP}/decisions/{number}")
    return found if found["state"] not in (*UNDER_WAY, "passed") else None


def _figures(present: str) -> str:
    """What the monitor says of the newest month."""
    import boathouse as bh

    text = (
        "SELECT count, labelled_count, roc_auc_score.macro AS auc, log_loss "
        "FROM prod.flights.decisions_profile_metrics "
        "WHERE column_name = ':table' AND granularity = '1 month' AND slice_key IS NULL AND model_version = '*' "
        "AND log_type = 'INPUT' ORDER BY `window`.`start` DESC LIMIT 1"
    )
    found = bh.sql(text).rows()
    if not found or found[0]["auc"] is None:
        return "no answer is labelled yet"
    row = found[0]
    return (
        f"{row['count']:,} flights asked about this month, {row['labelled_count']:,} landed: "
        f"AUC {row['auc']:.3f}, log loss {row['log_loss']:.3f}"
    )
