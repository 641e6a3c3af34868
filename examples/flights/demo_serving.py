"""Production answers: traffic, the next month's champion by canary, its shadow before that, a fall, and a replay."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
from demo_console import Story
from demo_jobs import PATIENCE_SECONDS, until
from demo_server import Failed, Server
from demo_traffic import Answered, Traffic

ENDPOINT = "flight-delays-prod"
PAYLOAD = "prod.flights.flight_delays_payload"
API = f"/api/boathouse/v1/endpoints/{ENDPOINT}"
FIRST_ANSWERS = 60
SHADOWED_ANSWERS = 20
FALLEN_ANSWERS = 20
FELL_SECONDS = 2.0
"""Within which so many answers fall, or the models are back and have to be killed again."""
HEARD_SECONDS = 5.0
"""Within which a rollout has heard of a measurement."""
MODEL_PROCESS = "homes/prod"
"""What the command line of a process of one of production's models holds: where it works."""

RunJob = Callable[[], Any]


@dataclass(slots=True)
class Served:
    """What came of it, for the report."""

    token: str = ""
    """Of somebody who may ask; made in time, as the data plane hears of a new one a moment later."""
    traffic: list[Traffic] = field(default_factory=list[Traffic])
    rollout: dict[str, Any] = field(default_factory=dict[str, Any])
    shadow: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """What the shadow said beside what callers got, by output."""
    fallen: dict[str, int] = field(default_factory=dict[str, int])
    """Answers by rung, while the model's processes were dead."""
    replay: dict[str, Any] = field(default_factory=dict[str, Any])
    captured: int = 0
    """Rows of the inference table for the requests of this demo."""
    example: str = ""
    """A request that can be sent by hand."""

    @property
    def answers(self) -> list[Answered]:
        return [each for traffic in self.traffic for each in traffic.answers]

    def new_traffic(self, server: Server, as_of: str) -> Traffic:
        """About the flights of the day that begins at ``as_of``, which nobody has learned from."""
        made = Traffic(f"{serving_url(server)}/serving-endpoints/{ENDPOINT}/invocations", self.token, questions(as_of))
        self.traffic.append(made)
        return made


def serving_url(server: Server) -> str:
    return str((server.home.running() or {})["serving_url"])


def questions(as_of: str) -> list[dict[str, Any]]:
    """What we are asked on the day that begins: the plan of each flight, and the keys of everything else."""
    import boathouse as bh

    text = (
        "SELECT flight_id, asked_at, departure_date, tailnum, carrier, origin, dest, distance, scheduled_minutes, "
        "minute_of_day, weekday FROM prod.flights.questions "
        f"WHERE asked_at >= to_utc_timestamp('{as_of}', 'America/New_York') ORDER BY asked_at, flight_id"
    )
    return list(bh.sql(text).rows())


def serve_first(story: Story, server: Server, traffic: Traffic, day: str) -> None:
    """The endpoint was declared before there was a model; it has come alive by itself."""
    with story.step("prod     endpoint") as step:
        until(story, lambda: traffic.ask(traffic.questions[0]).status == 200, f"{ENDPOINT} answers")
        made = traffic.once(FIRST_ANSWERS)
        _require_no_failure(traffic)
        usual = sorted(each.milliseconds for each in made)[len(made) // 2]
        step.detail = f"{len(made)} flights of {day} asked over REST: {_counted(traffic)}; median {usual:.0f} ms"


def watch_shadow(story: Story, server: Server, traffic: Traffic, served: Served, version: int) -> None:
    """The candidate has seen what callers asked, and answered nobody."""
    with story.step("prod     shadow") as step:

        def differences() -> list[dict[str, Any]]:
            found = server.client().get(f"{API}/shadow", last="1h", window="day")["differences"]
            mine = [each for each in found if each["model_version"] == version]
            return mine if sum(each["predictions"] for each in mine) >= SHADOWED_ANSWERS else []

        served.shadow = until(story, differences, "the shadow of the candidate is compared", every=1.0)
        told = served.shadow[-1]
        answered = sum(each["predictions"] for each in served.shadow)
        step.detail = (
            f"version {version} has seen {answered:,} requests and answered nobody; "
            f"it says {abs(told['mean_difference']):.3f} {'more' if told['mean_difference'] > 0 else 'less'} on average"
        )
        _require_no_failure(traffic)


def watch_canary(story: Story, server: Server, traffic: Traffic, served: Served, version: int, measure: RunJob) -> str:
    """The version takes over by steps, while people go on asking. No step is taken before its features are measured.
    Gives how it ended: ``done``, or ``aborted`` when the steps have shown that it should not."""
    with story.step("prod     canary") as step:
        found = until(story, lambda: _rollout(server, version), f"the rollout of version {version} begins")
        traffic.is_busy = True
        measured, measured_at = 0, -HEARD_SECONDS
        while found["state"] == "running":
            step.at(int(found["percent"]), 100, f"{found['percent']:g} %: {found['why'] or ''}")
            story.require_going_on()
            is_due = time.monotonic() - measured_at >= HEARD_SECONDS and "skew" in (found["why"] or "")
            if measured < 10 and is_due and _is_recorded(version):
                measure()
                measured, measured_at = measured + 1, time.monotonic()
            time.sleep(0.3)
            found = _rollout(server, version)
        served.rollout = found
        if found["state"] != "done":
            step.detail = f"{found['state']}: {found['why']}"
            return str(found["state"])
        until(story, lambda: traffic.answers[-1].served_by.endswith(f"@{version}"), f"version {version} answers all")
        _require_no_failure(traffic)
        shares = [each["to_percent"] for each in reversed(found["history"])]
        step.detail = f"{' → '.join(f'{share:g} %' for share in sorted(shares))}; {_counted(traffic)}; none failed"
    return "done"


def let_fall(story: Story, server: Server, traffic: Traffic, served: Served) -> None:
    """Kill every process of a model while people ask: the rungs below answer until they are back."""
    traffic.is_busy = True
    with traffic, story.step("prod     models killed") as step:
        began = len(traffic.answers)
        killed, again_at = 0, 0.0
        patience_ends = time.monotonic() + PATIENCE_SECONDS
        while sum(each.rung is not None for each in traffic.answers[began:]) < FALLEN_ANSWERS:
            if (now := time.monotonic()) > patience_ends:
                raise Failed("No answer fell while the processes of the models were killed.")
            if now >= again_at:
                killed, again_at = killed + _kill_models(server), now + FELL_SECONDS
            time.sleep(0.1)
        ended = len(traffic.answers)
        until(story, lambda: _all_routed(traffic, ended), "the models answer again")
        during = traffic.answers[began:]
        served.fallen = dict(Counter(each.rung for each in during if each.rung is not None))
        _require_no_failure(traffic)
        told = ", ".join(f"{count} by {rung}" for rung, count in sorted(served.fallen.items()))
        step.detail = f"{killed} processes killed; {told}; none failed; the models are back"


def check_captured(story: Story, served: Served) -> None:
    """Each request that was answered with 200 is in the inference table, once."""
    import boathouse as bh

    with story.step("prod     inference table") as step:
        wanted = {each.request_id for each in served.answers}
        text = f"SELECT databricks_request_id AS id FROM {PAYLOAD} WHERE route <> 'shadow' AND status_code = 200"

        def recorded() -> list[str] | None:
            rows = [row["id"] for row in bh.sql(text).rows() if row["id"] in wanted]
            return rows if len(set(rows)) == len(wanted) else None

        rows = until(story, recorded, f"every answer is in {PAYLOAD}")
        if len(rows) != len(wanted):
            raise Failed(f"{len(rows)} rows stand in {PAYLOAD} for {len(wanted)} requests.")
        served.captured = len(rows)
        step.detail = f"{len(wanted):,} answers, each once in {PAYLOAD}"


def replay(story: Story, server: Server, served: Served) -> None:
    """The last answer of a model is computed again: the same model bytes, the features of then."""
    with story.step("prod     replay") as step:
        one = next(each for each in reversed(served.answers) if "@" in each.served_by and each.rung is None)
        served.replay = server.command_json("replay", one.request_id, "--endpoint", ENDPOINT)
        if served.replay["verdict"] != "equal":
            raise Failed(f"The request {one.request_id} was not answered equally again: {served.replay}")
        step.detail = f"{one.flight_id}: {one.predictions[0]:.4f} then, the same now ({one.served_by})"


def curl(server: Server, question: dict[str, Any]) -> str:
    """A request to send by hand."""
    import json

    body = json.dumps({"dataframe_records": [question]}, default=str)
    return (
        f'curl -s {serving_url(server)}/serving-endpoints/{ENDPOINT}/invocations -H "Authorization: Bearer '
        f"$(cat {server.home.token_file})\" -H 'Content-Type: application/json' -d '{body}'"
    )


def _rollout(server: Server, version: int) -> dict[str, Any]:
    found = server.client().get(f"{API}/rollout", limit=1)["rollouts"]
    return found[0] if found and found[0]["to_version"] == version else {}


def _is_recorded(version: int) -> bool:
    """Whether answers of the canary stand in the table, where its features can be measured."""
    import boathouse as bh

    text = f"SELECT count(*) AS n FROM {PAYLOAD} WHERE model_version = {version} AND route = 'canary'"
    return bh.sql(text).rows()[0]["n"] > 0


def _kill_models(server: Server) -> int:
    killed = 0
    parent = psutil.Process((server.home.running() or {})["pids"]["data-plane"])
    for process in parent.children(recursive=True):
        try:
            if any(MODEL_PROCESS in part for part in process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
        except (psutil.Error, ProcessLookupError):
            continue  # it has just ended
    return killed


def _all_routed(traffic: Traffic, since: int) -> bool:
    last = traffic.answers[since:][-FALLEN_ANSWERS:]
    return len(last) == FALLEN_ANSWERS and all(each.rung is None for each in last)


def _counted(traffic: Traffic) -> str:
    return ", ".join(f"{count:,} by {who.rpartition('.')[2]}" for who, count in sorted(traffic.by_version().items()))


def _require_no_failure(traffic: Traffic) -> None:
    if failed := traffic.failed:
        first = f"the first with {failed[0].status}"
        raise Failed(f"{len(failed)} of {len(traffic.answers)} requests failed, {first}.", failed[0].error)
