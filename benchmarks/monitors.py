"""Monitors on a running Boathouse: what a refresh costs, what late labels cost, how soon somebody is told.

    python benchmarks/monitors.py [--scale small|full] [--only figures|windows|labels|alert]

Refreshes are runs of jobs; their seconds are from being asked for to their end. What they leave is compared first with
what one query over the same rows says.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from table import section

from boathouse.foundation.rest import Connection, RestClient
from boathouse.quality.profiles import SUMMARIES
from boathouse.quality.profiles.comparing import compare, compared
from boathouse.quality.profiles.edges import edges_of
from boathouse.quality.profiles.reading import figures, figures_of
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing import running_boathouse

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES = 20
COLUMNS = ("wind", "rain", "temp", "gusts")
ALERT_SECONDS = 5.0
MONITOR = "/api/2.1/unity-catalog/tables/{}/monitor"
NEWS = (("an hour", HOUR), ("a day", DAY), ("a week", 7 * DAY))


@dataclass(frozen=True, slots=True)
class Scale:
    days: int
    rows_per_hour: int
    answers: int
    summaries: int


SCALES = {"full": Scale(365, 200, 10_000_000, 20_000), "small": Scale(10, 100, 200_000, 4_000)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=SCALES, default="full")
    parser.add_argument("--only", choices=("figures", "windows", "labels", "alert"))
    given = parser.parse_args()
    scale = SCALES[given.scale]
    if given.only in (None, "figures"):
        figures_of_many(scale.summaries)
    if given.only == "figures":
        return
    with tempfile.TemporaryDirectory() as name, running_boathouse(Path(name)) as server, web_server() as web:
        desk = Desk(connected_session(Connection(server.url, server.token)), server.client())
        desk.session.sql("CREATE SCHEMA dev.watched")
        for what, work in (
            ("windows", lambda: year_of_hours(desk, scale)),
            ("labels", lambda: late_labels(desk, scale)),
            ("alert", lambda: breach_to_message(desk, web)),
        ):
            if given.only in (None, what):
                work()


@dataclass(frozen=True, slots=True)
class Desk:
    """Ways to write and to watch."""

    session: Session
    client: RestClient

    def watch(self, table: str, **settings: Any) -> float:
        """Make a monitor; gives the seconds of its first refresh."""
        made = self.client.post(MONITOR.format(table), {"output_schema_name": "dev.watched", **settings})
        listed = self.client.get(MONITOR.format(table) + "/refreshes").get("refreshes") or []
        refresh = listed[0] if listed else self.client.post(MONITOR.format(table) + "/refreshes", {})
        say(f"{table}: watched as {made['profile_metrics_table_name']}")
        return seconds_of(self._ended(table, refresh["refresh_id"]))

    def refresh(self, table: str) -> dict[str, Any]:
        asked = self.client.post(MONITOR.format(table) + "/refreshes", {})
        return self._ended(table, asked["refresh_id"])

    def number(self, query: str) -> Any:
        return next(iter(self.session.sql(query).rows()[0].values()))

    def _ended(self, table: str, refresh_id: int) -> dict[str, Any]:
        while True:
            found = self.client.get(f"{MONITOR.format(table)}/refreshes/{refresh_id}")
            if found["state"] in ("SUCCESS", "FAILED", "CANCELED"):
                if found["state"] != "SUCCESS":
                    sys.exit(f"The refresh of {table} ended as {found['state']}: {found.get('message')}")
                return found
            time.sleep(0.1)


# --- figures of summaries


def figures_of_many(count: int) -> None:
    """Figures of all summaries of a refresh at once, beside one after the other."""
    summaries = many_summaries(count)
    few = summaries.slice(0, min(count, 1_000)).to_pylist()
    rows = np.arange(count)
    references = np.roll(rows, 5)
    together = {"figures": lambda: figures_of(summaries), "comparisons": lambda: compared(summaries, rows, references)}
    alone = {
        "figures": lambda: [figures(each) for each in few],
        "comparisons": lambda: [compare(each, few[place - 5]) for place, each in enumerate(few)],
    }
    shown: list[tuple[str, ...]] = []
    for name, work in together.items():
        work()
        each = timed(work) / count * 1e6
        single = timed(alone[name]) / len(few) * 1e6
        shown.append((name, f"{each:.1f}", f"{single:.0f}", f"{single / each:.0f}"))
    head = ("what", "µs per row, all at once", "µs per row, one at a time", "times")
    print(section(f"Figures of {count:,} summaries", head, shown, f"Load {os.getloadavg()[0]:.1f}."))


def many_summaries(count: int) -> pa.Table:
    """Four columns of numbers and one of texts, in turn."""
    dice = np.random.default_rng(7)
    edges = [edges_of(dice.normal(each, 1 + each, 5_000)) or [] for each in range(4)]
    rows: list[dict[str, Any]] = []
    for place in range(count):
        row = {**dict.fromkeys(SUMMARIES.names), "column_name": f"c{place % 5}", "nulls": 3, "distinct_count": 90}
        if place % 5 == 4:
            items = {f"item {each}": int(dice.integers(1, 90)) for each in range(12)}
            listed = [{"item": name, "count": each} for name, each in items.items()]
            row |= {"data_type": "string", "count": sum(items.values()) + 4, "items": listed, "other_items": 4}
            row |= {"min_length": 6, "max_length": 7, "sum_length": 7 * row["count"]}
        else:
            values = dice.normal(place % 5, 1 + place % 5, 100)
            bins = np.bincount(np.searchsorted(edges[place % 5], values), minlength=len(edges[place % 5]) + 1)
            row |= {"data_type": "double", "count": 100, "nan": 0, "infinities": 0, "zeros": 0}
            row |= {"histogram": bins.tolist(), "edges": edges[place % 5], "mean": float(values.mean())}
            row |= {"m2": float(values.var() * 100), "min": float(values.min()), "max": float(values.max())}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=SUMMARIES)


# --- windows


def year_of_hours(desk: Desk, scale: Scale) -> None:
    """Hourly windows of 20 slices: the first refresh, then refreshes after an hour, a day and a week of new rows."""
    table, end = "dev.watched.weather", BEGIN + scale.days * DAY
    for start in range(0, scale.days, 30):
        stop = min(BEGIN + (start + 30) * DAY, end)
        desk.session.write_table(table, weather(BEGIN + start * DAY, stop, scale.rows_per_hour))
    hours = {"timestamp_col": "at", "granularities": ["1 hour"]}
    first = desk.watch(table, time_series=hours, slicing_exprs=["place"])
    shown = [cost("all", scale.days * 24, first, first)]
    say(f"first refresh: {first:.1f} s")
    for name, length in NEWS:
        desk.session.write_table(table, weather(end, end + length, scale.rows_per_hour))
        end += length
        done = desk.refresh(table)
        shown.append(cost(name, done["result"]["windows"], seconds_of(done), first))
        say(f"{name}: {shown[-1]}")
    check_windows(desk, table)
    print(
        section(
            f"Refreshes of hourly windows over {scale.days} days, {PLACES} slices of {len(COLUMNS) + 2} columns",
            ("new rows of", "windows", "s", "ms per window", "share of the first"),
            shown,
            f"{scale.rows_per_hour:,} rows an hour. Goal: what a refresh costs follows the new rows, not the table. "
            "Seconds are those from asking for a refresh to its end, the start of its run among them. Each window is "
            "computed with its slices, and the window after it compared anew. Counts and means of all windows compared "
            f"with a query over the rows. Load {os.getloadavg()[0]:.1f}.",
        )
    )


def cost(name: str, windows: int, seconds: float, first: float) -> tuple[str, ...]:
    return name, f"{windows:,}", f"{seconds:.1f}", f"{seconds / windows * 1000:.1f}", f"{seconds / first:.1%}"


def check_windows(desk: Desk, table: str) -> None:
    told = desk.session.sql(
        f"SELECT count(*) AS n, sum(count) AS c, sum(avg) AS a FROM {table}_profile_metrics "
        "WHERE column_name = 'wind' AND slice_value IS NOT NULL"
    ).rows()[0]
    true = desk.session.sql(
        "SELECT count(*) AS n, sum(c) AS c, sum(a) AS a FROM (SELECT count(wind) AS c, avg(wind) AS a "
        f"FROM {table} GROUP BY date_trunc('hour', at), place)"
    ).rows()[0]
    if told["n"] != true["n"] or told["c"] != true["c"] or abs(told["a"] - true["a"]) > 1e-6 * abs(true["a"]):
        sys.exit(f"The profile says {told}, the rows {true}.")


def weather(start: datetime, end: datetime, per_hour: int) -> pa.Table:
    dice = np.random.default_rng(int(start.timestamp()))
    count = int((end - start) / HOUR) * per_hour
    micros = int(start.timestamp() * 1e6) + np.arange(count) * (3_600_000_000 // per_hour)
    places = np.array([f"P{each:02}" for each in range(PLACES)])
    columns: dict[str, Any] = {"at": pa.array(micros, pa.timestamp("us", "UTC"))}
    columns["place"] = pa.array(places[np.arange(count) % PLACES])
    for number, name in enumerate(COLUMNS):
        columns[name] = pa.array(dice.normal(number, 1 + number, count))
    return pa.table(columns)


# --- labels


def late_labels(desk: Desk, scale: Scale) -> None:
    """Labels of answers of 30 days, which arrive day by day for answers of any of those days."""
    table, labels, count = "dev.watched.answers", "dev.watched.outcomes", scale.answers
    dice = np.random.default_rng(11)
    for start in range(0, count, 1_000_000):
        desk.session.write_table(table, answers(start, min(start + 1_000_000, count), count))
    order = dice.permutation(count)
    arrivals = np.array_split(order, 30)
    desk.session.write_table(labels, outcomes(arrivals[0]))
    log = {
        "problem_type": "PROBLEM_TYPE_CLASSIFICATION", "timestamp_col": "at", "granularities": ["1 day"],
        "prediction_col": "predicted", "prediction_proba_col": "score", "model_id_col": "model",
    }  # fmt: skip
    late = {"table_name": labels, "label_col": "outcome", "key_col": "request_id"}
    first = desk.watch(table, inference_log=log, boathouse={"late_labels": late})
    say(f"first refresh: {first:.1f} s")
    seconds: list[float] = []
    for day in range(1, 30):
        desk.session.write_table(labels, outcomes(arrivals[day]))
        seconds.append(seconds_of(desk.refresh(table)))
        say(f"day {day + 1}: {seconds[-1]:.1f} s")
    known = desk.number(
        f"SELECT sum(labelled_count) AS n FROM {table}_profile_metrics "
        "WHERE column_name = ':table' AND model = '*' AND slice_key IS NULL"
    )
    if known != count:
        sys.exit(f"{known:,} of {count:,} labels were joined.")
    bare = timed(lambda: desk.session.sql(BARE_JOIN.format(table, labels)).arrow())
    shown = [
        ("first refresh: profiles of all answers, and the first day's labels", f"{first:.1f}"),
        ("median of 29 refreshes, a day's labels each", f"{statistics.median(seconds):.1f}"),
        ("slowest of them", f"{max(seconds):.1f}"),
        ("bare: one join of all labels, accuracy per day", f"{bare:.1f}"),
    ]
    title = f"Label join: {count:,} answers of 30 days, their labels over 30 days"
    print(section(title, ("what", "s"), shown, f"All labels were joined in the end. Load {os.getloadavg()[0]:.1f}."))


BARE_JOIN = (
    "SELECT date_trunc('day', a.at) AS day, avg(CASE WHEN a.predicted = o.outcome THEN 1 ELSE 0 END) AS accuracy "
    "FROM {} a JOIN {} o ON a.request_id = o.request_id GROUP BY 1"
)


def answers(start: int, end: int, count: int) -> pa.Table:
    place = np.arange(start, end)
    scores = np.random.default_rng(start).random(len(place))
    at = int(BEGIN.timestamp() * 1e6) + place * (30 * 86_400_000_000 // count)
    return pa.table(
        {
            "request_id": pa.array(place), "at": pa.array(at, pa.timestamp("us", "UTC")),
            "model": pa.array(np.where(place % 2, "v1", "v2")), "score": pa.array(scores),
            "predicted": pa.array((scores > 0.5).astype(np.int64)),
        }
    )  # fmt: skip


def outcomes(chosen: np.ndarray) -> pa.Table:
    return pa.table({"request_id": pa.array(chosen), "outcome": pa.array((chosen * 2_654_435_761 >> 7) % 2)})


# --- alerts


def breach_to_message(desk: Desk, web: "Web") -> None:
    """From a refresh that finds a breach to the message at the other end."""
    table, start = "dev.watched.feed", BEGIN
    desk.session.write_table(table, feed(start, nulls=0))
    desk.watch(table, time_series={"timestamp_col": "at", "granularities": ["1 hour"]})
    config = {"generic_webhook": {"url": web.url}}
    desk.client.post("/api/2.0/notification-destinations", {"display_name": "pager", "config": config})
    rule = {"table": table, "metric": "percent_null", "columns": ["wind"], "above": 50, "tell": ["pager"]}
    desk.client.put("/api/boathouse/v1/alerts/nulls", rule)
    time.sleep(3)
    after_refresh: list[float] = []
    after_commit: list[float] = []
    for turn in range(1, 6):
        for nulls, event in ((30, "alert.fired"), (0, "alert.resolved")):
            seen = len(web.received)
            start += HOUR
            written = time.time()
            desk.session.write_table(table, feed(start, nulls=nulls))
            done = desk.refresh(table)
            while len(web.received) == seen:
                if time.time() > written + 120:
                    sys.exit(f"Nothing was told of turn {turn}: {event}.")
                time.sleep(0.005)
            told, message = web.received[seen]
            if message.get("event_type") != event:
                sys.exit(f"It was told {message.get('event_type')}, not {event}.")
            if nulls:
                after_refresh.append(told - done["end_time_ms"] / 1000)
                after_commit.append(told - written)
    is_met = max(after_refresh) <= ALERT_SECONDS
    shown = [
        ("from the end of the refresh to the message", *spread(after_refresh), f"5 s: {'met' if is_met else 'missed'}"),
        ("from the commit of the rows, a refresh asked for at once", *spread(after_commit), ""),
    ]
    note = f"{len(after_refresh)} breaches, each told by a webhook. Load {os.getloadavg()[0]:.1f}."
    print(section("From a breach to the alert delivered", ("s", "median", "longest", "goal"), shown, note))


def spread(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"{max(values):.1f}"


def feed(start: datetime, *, nulls: int) -> pa.Table:
    at = [start + place * timedelta(minutes=1) for place in range(40)]
    wind = [None if place < nulls else float(place) for place in range(40)]
    return pa.table({"at": pa.array(at, pa.timestamp("us", "UTC")), "wind": pa.array(wind, pa.float64())})


@dataclass(frozen=True, slots=True)
class Web:
    """A server that keeps what it is told, and when."""

    url: str
    received: list[tuple[float, dict[str, Any]]]


@contextmanager
def web_server() -> Iterator[Web]:
    received: list[tuple[float, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived = time.time()
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            received.append((arrived, body))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Web(f"http://127.0.0.1:{server.server_address[1]}", received)
    finally:
        server.shutdown()
        server.server_close()


# --- within


def seconds_of(refresh: dict[str, Any]) -> float:
    return (refresh["end_time_ms"] - refresh["start_time_ms"]) / 1000


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
