"""Raw files to typed tables: the first half of the features job."""

import pyarrow as pa

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from flights.checks import check
from flights.jobs.arguments import Arguments
from flights.jobs.store import WEATHER, put, renew
from flights.loading import BEFORE_ALL, load_flights, load_weather

PLANES = """CREATE TABLE IF NOT EXISTS {name} (
    tailnum STRING NOT NULL PRIMARY KEY, built INT COMMENT 'the year', manufacturer STRING, model STRING, seats INT
) COMMENT 'The register of aircraft.'"""


class BrokenData(Exception):
    """The data is not what it should be."""


def load() -> None:
    """Flights and weather from the landing zone into Delta, as they were known at ``as_of``."""
    load_known(Arguments.read())


def load_known(arguments: Arguments) -> None:
    flights = load_flights(
        _raw(arguments, "flights"),
        _raw(arguments, "airports"),
        arguments.as_of,
        sample_percent=arguments.sample_percent,
        departing_from=arguments.unsettled or BEFORE_ALL,
    )
    renew(arguments.table("flights"), flights, "scheduled_departure_at", arguments.unsettled)
    load_weather_known(arguments)


def load_weather_known(arguments: Arguments) -> None:
    """The weather as the file in the landing zone has it, up to the present."""
    weather = load_weather(_raw(arguments, "weather"), arguments.as_of)
    put(FeatureEngineeringClient(), arguments.schema, WEATHER, weather)


def check_data() -> None:
    """Fail the job when the data is not what it should be, before anybody learns from it."""
    check_known(Arguments.read())


def check_known(arguments: Arguments) -> None:
    tables = {name: bh.table(arguments.table(name)).arrow() for name in ("flights", "weather", "planes")}
    findings = check(tables, arguments.as_of)
    for finding in findings:
        print(f"{'ok    ' if finding.passed else 'BROKEN'} {finding.name} ({finding.offenders} rows are otherwise)")
    if broken := [finding.name for finding in findings if not finding.passed]:
        raise BrokenData(f"{len(broken)} of {len(findings)} expectations are broken: {'; '.join(broken)}")


def _raw(arguments: Arguments, name: str) -> pa.Table:
    query = "SELECT * FROM read_files(:path, format => 'csv', nullValue => 'NA')"
    return bh.sql(query, {"path": arguments.landing(name)}).arrow()


def fill_planes(arguments: Arguments) -> None:
    """The register of aircraft, as the two SQL tasks of the job features make it."""
    name = arguments.table("planes")
    bh.sql(PLANES.format(name=name))
    bh.sql(
        f"INSERT OVERWRITE {name} SELECT tailnum, CAST(year AS INT), manufacturer, model, CAST(seats AS INT) "
        "FROM read_files(:path, format => 'csv', nullValue => 'NA')",
        {"path": arguments.landing("planes")},
    )
