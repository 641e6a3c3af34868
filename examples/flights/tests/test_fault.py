"""The broken weather feed, which is staged: it breaks its week and nothing else."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flights.fault import MEASURED, OTHER_UNITS, break_weather
from flights.source import read_raw

SINCE = datetime(2013, 7, 8, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)


@pytest.fixture(scope="module")
def files() -> tuple[bytes, bytes]:
    content = read_raw("weather")
    return content, break_weather(content, SINCE, UNTIL)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_outside_the_week_every_byte_stays(files: tuple[bytes, bytes]) -> None:
    before, after = (content.splitlines(keepends=True) for content in files)

    assert len(before) == len(after)
    hours = [datetime.fromisoformat(row["time_hour"]) for row in rows(files[0])]
    changed = [hour for hour, one, two in zip(hours, before[1:], after[1:], strict=True) if one != two]
    assert SINCE <= min(changed) < max(changed) < UNTIL
    assert before[0] == after[0]


def test_for_four_days_the_units_are_others_and_then_there_are_no_values(files: tuple[bytes, bytes]) -> None:
    for before, after in zip(*map(rows, files), strict=True):
        at = datetime.fromisoformat(before["time_hour"])
        if SINCE + OTHER_UNITS <= at < UNTIL:
            assert all(after[name] == "NA" for name in MEASURED)
        elif SINCE <= at < SINCE + OTHER_UNITS and before["temp"] != "NA":
            assert float(after["temp"]) == pytest.approx((float(before["temp"]) - 32) / 1.8, abs=0.01)
            assert after["humid"] == before["humid"]
        if SINCE <= at < UNTIL:
            assert all(after[name] == before[name] for name in before if name not in MEASURED)
