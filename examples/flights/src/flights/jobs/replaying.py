"""A stretch of the replayed year in one process: what has landed by its end, and what the duty desk asked."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from boathouse.foundation.rest import Connection, RestClient
from flights.desk import ASKED_AHEAD, Costs, hours_to_ask
from flights.jobs.arguments import Arguments
from flights.jobs.featuring import build_known
from flights.jobs.ingest import check_known, fill_planes, load_known, load_weather_known
from flights.jobs.splitting import split_known
from flights.jobs.store import PUBLISHED
from flights.source import FILES, read_raw

PRESENT = "BOATHOUSE_AS_OF"
"""What the online store takes for now."""
LANDINGS = tuple(name for name in PUBLISHED if name != "planes")
"""What is another hour by hour."""
TABLES_AT_A_TIME = 2
"""One waits for the catalog while the other is read."""
ASKED = (
    "flight_id", "asked_at", "departure_date", "tailnum", "carrier", "origin", "dest", "distance", "scheduled_minutes",
    "minute_of_day", "weekday",
)  # fmt: skip
DECISIONS_TABLE = """CREATE TABLE IF NOT EXISTS {name} (
    flight_id STRING NOT NULL, asked_at TIMESTAMP NOT NULL, carrier STRING NOT NULL, origin STRING NOT NULL,
    dest STRING NOT NULL, late_probability DOUBLE NOT NULL,
    rebook BIGINT NOT NULL COMMENT 'whether the desk acts: 1 or 0',
    served_by STRING NOT NULL, model_version BIGINT, request_id STRING NOT NULL
) COMMENT 'What the duty desk was answered in the replayed year, and what it did.'"""
DECISIONS = pa.schema(
    [
        ("flight_id", pa.string()),
        ("asked_at", pa.timestamp("us", "UTC")),
        ("carrier", pa.string()),
        ("origin", pa.string()),
        ("dest", pa.string()),
        ("late_probability", pa.float64()),
        ("rebook", pa.int64()),
        ("served_by", pa.string()),
        ("model_version", pa.int64()),
        ("request_id", pa.string()),
    ]
)


def live() -> None:
    """Bring the tables up to ``as_of``; then, hour by hour from ``since`` on, publish what was known and ask."""
    arguments = Arguments.read()
    if arguments.land:
        for name in FILES:
            bh.upload(arguments.landing(name), read_raw(name))
        fill_planes(arguments)
    load_known(arguments)
    check_known(arguments)
    build_known(arguments)
    split_known(arguments)
    if arguments.since is not None and arguments.hours:
        _ask(arguments, hours_to_ask(arguments.since, arguments.as_of, arguments.hours))
    _publish(arguments, arguments.as_of)


def repair_weather() -> None:
    """The weather from the supplier's archive instead of what the feed has sent, up to the present of the table."""
    given = Arguments.read(present=datetime.now(UTC))
    newest = bh.sql(f"SELECT max(known_at) AS at FROM {given.table('weather')}").rows()[0]["at"]
    arguments = replace(given, as_of=newest)
    bh.upload(arguments.landing("weather"), read_raw("weather"))
    load_weather_known(arguments)
    _publish(arguments, arguments.as_of, ("weather",))


def _ask(arguments: Arguments, hours: Sequence[datetime]) -> None:
    """The desk asks about the flights of the hour that comes, all in one request, and writes down what it does."""
    client = RestClient(Connection.from_surroundings())
    threshold = _costs(client, arguments.model).threshold
    made: list[dict[str, Any]] = []
    for hour in hours:
        _publish(arguments, hour, LANDINGS)
        asked = _questions(arguments, hour)
        if asked:
            made += _decided(client, arguments.endpoint, asked, threshold)
    bh.sql(DECISIONS_TABLE.format(name=arguments.table("decisions")))
    rows = pa.Table.from_pylist(made, DECISIONS)
    report = bh.write_table(arguments.table("decisions"), rows, mode="merge", merge_on=["flight_id"])
    print(f"{report.table} version {report.version}: {rows.num_rows:,} flights asked about in {len(hours)} hours")


def _decided(
    client: RestClient, endpoint: str, asked: Sequence[dict[str, Any]], threshold: float
) -> Iterator[dict[str, Any]]:
    body = {"dataframe_records": [{**row, **_as_text(row)} for row in asked]}
    answer = client.send("POST", f"/serving-endpoints/{endpoint}/invocations", json=body)
    by = answer.headers.get("x-served-by", "nobody")
    version = by.rpartition("@")[2]
    for row, probability in zip(asked, answer.json()["predictions"], strict=True):
        yield {
            **{name: row[name] for name in ("flight_id", "asked_at", "carrier", "origin", "dest")},
            "late_probability": float(probability),
            "rebook": int(probability >= threshold),
            "served_by": by,
            "model_version": int(version) if version.isdecimal() else None,
            "request_id": answer.headers.get("x-request-id", ""),
        }


def _questions(arguments: Arguments, hour: datetime) -> list[dict[str, Any]]:
    text = (
        f"SELECT {', '.join(ASKED)} FROM {arguments.table('questions')} "
        f"WHERE asked_at >= '{hour.isoformat()}' AND asked_at < '{(hour + ASKED_AHEAD).isoformat()}' "
        "ORDER BY asked_at, flight_id"
    )
    return list(bh.sql(text).rows())


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[name].isoformat() for name in ("asked_at", "departure_date")}


def _costs(client: RestClient, model: str) -> Costs:
    held = client.get(f"/api/boathouse/v1/models/{model}/requirements")["requirements"]
    return Costs.of(held["cost_matrix"])


def _publish(arguments: Arguments, instant: datetime, names: Sequence[str] = PUBLISHED) -> None:
    """The latest row of each key that was known at an instant, into the online store."""
    os.environ[PRESENT] = instant.isoformat()
    client = FeatureEngineeringClient()

    def publish(name: str) -> None:
        # Few keys, all of which have changed: anew is quicker than what is different.
        client.publish_table(source_table_name=arguments.table(name), publish_mode="SNAPSHOT")

    with ThreadPoolExecutor(TABLES_AT_A_TIME) as threads:
        list(threads.map(publish, names))
