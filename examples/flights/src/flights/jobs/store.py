"""Our features in the feature store: the tables, how they are looked up, and what is computed on demand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boathouse as bh
from boathouse import Session
from boathouse.features import FeatureEngineeringClient, FeatureFunction, FeatureLookup, KnownTime
from boathouse.foundation.errors import AlreadyExists
from flights.clocks import MEMORY, WEATHER_LAG

AT = "asked_at"
"""The instant of a question: every lookup answers as of it."""

NOT_SEEN = (
    "flight_id", "asked_at", "scheduled_departure_at", "departure_date", "tailnum",
    "weather_known_at", "aircraft_landed_at", "built",
)  # fmt: skip
"""Keys, instants and steps on the way, which the model does not see."""


@dataclass(frozen=True, slots=True)
class Design:
    """A feature table as we want it."""

    name: str
    keys: tuple[str, ...]
    event: str
    known: KnownTime
    description: str


WEATHER = Design(
    "weather", ("origin",), "observed_at", KnownTime(lag=WEATHER_LAG),
    "Hourly weather at the origin. A row sums up its hour, and is known when the hour is over.",
)  # fmt: skip
PUNCTUALITY = tuple(
    Design(name, keys, "day", KnownTime(column="known_at"), description)
    for name, keys, description in (
        ("carrier_days", ("carrier",), "How punctual a carrier has been: its day, revised by each landing."),
        ("route_days", ("origin", "dest"), "How punctual a route has been: its day, revised by each landing."),
        (
            "origin_days",
            ("origin",),
            "How punctual an airport's departures are: its day, revised by each landing.",
        ),
        ("aircraft_days", ("tailnum",), "What an aircraft has done today: its day, revised by each landing."),
    )
)
SEEN_OF_WEATHER = (
    "temperature_f", "humidity", "wind_mph", "gust_mph", "precipitation_inches", "pressure_mb", "visibility_miles",
    "known_at",
)  # fmt: skip
PUBLISHED = ("weather", "carrier_days", "route_days", "origin_days", "aircraft_days", "planes")
"""What stands in the online store: the latest known row per key."""

FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION {schema}.minutes_between(since TIMESTAMP, until TIMESTAMP) RETURNS DOUBLE
    COMMENT 'How old something is when we are asked, in minutes.'
    RETURN (unix_seconds(until) - unix_seconds(since)) / 60""",
    """CREATE OR REPLACE FUNCTION {schema}.aircraft_age(built INT, departure DATE) RETURNS DOUBLE
    LANGUAGE PYTHON DETERMINISTIC COMMENT 'The age of an aircraft in the year of its departure.' AS $$
return None if built is None or departure is None else float(departure.year - built)
$$""",
)

USUAL_SHARE = """CREATE OR REPLACE FUNCTION {schema}.usual_late_share(
        carrier STRING, carrier_late_share_7d DOUBLE DEFAULT NULL) RETURNS DOUBLE
    COMMENT 'What is said of a flight when no model can: how often its carrier was late in the last week, or else ever.'
    RETURN coalesce(carrier_late_share_7d, CASE carrier {cases} ELSE {overall} END)"""


def put(client: FeatureEngineeringClient, schema: str, design: Design, rows: Any) -> None:
    """The rows of a feature table, all of them: what was known later than the present is not among them."""
    name = f"{schema}.{design.name}"
    try:
        client.create_table(
            name=name,
            primary_keys=[*design.keys, design.event],
            timeseries_column=design.event,
            known_time=design.known,
            description=design.description,
            df=rows,
        )
    except AlreadyExists:
        client.write_table(name=name, df=rows, mode="overwrite")
    print(f"{name}: {rows.num_rows:,} rows")


def add(client: FeatureEngineeringClient, schema: str, design: Design, rows: Any) -> None:
    """Rows of a feature table that have become known since it was written last."""
    client.write_table(name=f"{schema}.{design.name}", df=rows, mode="merge")
    print(f"{schema}.{design.name}: {rows.num_rows:,} rows more")


def renew(name: str, rows: Any, clock: str, since: datetime | None) -> None:
    """The rows of a table whose ``clock`` says ``since`` or later; all of them where there is no such instant."""
    changed = None if since is None else f"{clock} >= '{since.isoformat()}'"
    report = bh.write_table(name, rows, mode="overwrite", replace_where=changed)
    print(f"{report.table} version {report.version}: {report.rows:,} rows")


def make_functions(session: Session, schema: str) -> None:
    """What is computed on demand, registered under names of its own."""
    for text in FUNCTIONS:
        session.sql(text.format(schema=schema))


def make_usual_share(session: Session, schema: str, shares: dict[str, float], overall: float) -> None:
    """The rule below the models: a function of the catalog, so it is asked like any other and has an owner."""
    cases = " ".join(f"WHEN '{carrier}' THEN {share:.4f}" for carrier, share in shares.items())
    session.sql(USUAL_SHARE.format(schema=schema, cases=cases, overall=f"{overall:.4f}"))
    print(f"{schema}.usual_late_share: {len(shares)} carriers, {overall:.0%} of all flights")


def features(schema: str) -> list[FeatureLookup | FeatureFunction]:
    """How each question becomes a row of features."""
    weather = FeatureLookup(
        f"{schema}.weather",
        lookup_key="origin",
        timestamp_lookup_key=AT,
        feature_names=SEEN_OF_WEATHER,
        rename_outputs={"known_at": "weather_known_at"},
    )
    planes = FeatureLookup(
        f"{schema}.planes",
        lookup_key="tailnum",
        feature_names=["built", "seats"],
        rename_outputs={"seats": "aircraft_seats"},
    )
    return [
        weather,
        *(_days(schema, design.name, design.keys) for design in PUNCTUALITY),
        planes,
        _minutes(schema, "weather_known_at", "weather_age_minutes"),
        _minutes(schema, "aircraft_landed_at", "aircraft_minutes_since_landing"),
        FeatureFunction(
            f"{schema}.aircraft_age", {"built": "built", "departure": "departure_date"}, "aircraft_age_years"
        ),
    ]


def _minutes(schema: str, since: str, name: str) -> FeatureFunction:
    """How long ago something was when we were asked: computed for each question."""
    return FeatureFunction(f"{schema}.minutes_between", {"since": since, "until": AT}, name)


def _days(schema: str, name: str, keys: tuple[str, ...]) -> FeatureLookup:
    """What was known of the day when we were asked: its latest revision by then."""
    nothing_yet = {"aircraft_legs_today": 0.0, "aircraft_late_legs_today": 0.0} if name == "aircraft_days" else {}
    return FeatureLookup(
        f"{schema}.{name}",
        lookup_key=keys,
        timestamp_lookup_key=AT,
        lookback_window=MEMORY[name],
        default_values=nothing_yet,
    )
