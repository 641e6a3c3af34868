"""Raw files to typed tables: the first half of the features job."""

import pyarrow as pa

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from flights.checks import check
from flights.jobs.arguments import Arguments
from flights.jobs.store import WEATHER, put
from flights.loading import load_flights, load_weather


class BrokenData(Exception):
    """The data is not what it should be."""


def load() -> None:
    """Flights and weather from the landing zone into Delta, as they were known at ``as_of``."""
    arguments = Arguments.read()
    flights = load_flights(
        _raw(arguments, "flights"),
        _raw(arguments, "airports"),
        arguments.as_of,
        sample_percent=arguments.sample_percent,
    )
    weather = load_weather(_raw(arguments, "weather"), arguments.as_of)
    report = bh.write_table(arguments.table("flights"), flights, mode="overwrite")
    print(f"{report.table} version {report.version}: {report.rows:,} rows")
    put(FeatureEngineeringClient(), arguments.schema, WEATHER, weather)


def check_data() -> None:
    """Fail the job when the data is not what it should be, before anybody learns from it."""
    arguments = Arguments.read()
    tables = {name: bh.table(arguments.table(name)).arrow() for name in ("flights", "weather", "planes")}
    findings = check(tables, arguments.as_of)
    for finding in findings:
        print(f"{'ok    ' if finding.passed else 'BROKEN'} {finding.name} ({finding.offenders} rows are otherwise)")
    if broken := [finding.name for finding in findings if not finding.passed]:
        raise BrokenData(f"{len(broken)} of {len(findings)} expectations are broken: {'; '.join(broken)}")


def _raw(arguments: Arguments, name: str) -> pa.Table:
    query = "SELECT * FROM read_files(:path, format => 'csv', nullValue => 'NA')"
    return bh.sql(query, {"path": arguments.landing(name)}).arrow()
