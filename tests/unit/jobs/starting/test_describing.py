"""Cron in words."""

import pytest

from boathouse.jobs.starting.cron import parse_cron
from boathouse.jobs.starting.describing import describe


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 30 6 * * ?", "at 06:30 every day"),
        ("0 30 6 ? * MON-FRI", "at 06:30 on Monday to Friday"),
        ("0 0 8,20 ? * SUN", "at 08:00 and 20:00 on Sunday"),
        ("0 0/15 * * * ?", "every 15 minutes every day"),
        ("0 0 * * * ?", "at the full hour of every hour every day"),
        ("*/10 * 9-17 * * ?", "every 10 seconds of hours 9 to 17 every day"),
        ("0 0 0 L * ?", "at 00:00 on the last day of the month"),
        ("0 0 0 LW 6 ?", "at 00:00 on the last weekday of the month in June"),
        ("0 0 0 15W * ?", "at 00:00 on the weekday nearest to day 15 of the month"),
        ("0 0 0 ? * 6L", "at 00:00 on the last Friday of the month"),
        ("0 0 0 ? 1-3 FRI#3 2027", "at 00:00 on the third Friday of the month in January to March in 2027"),
        ("30 5 12 1,15 * ?", "at 12:05:30 on day 1 and 15 of the month"),
    ],
)
def test_an_expression_reads_as_a_sentence(cron: str, words: str) -> None:
    assert describe(parse_cron(cron)) == words
