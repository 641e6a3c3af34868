"""Quartz cron against a table of known expressions, against its definition, and where the clock jumps."""

# ruff: noqa: DTZ001
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.jobs.starting.cron import next_fire, parse_cron, parse_zone, require_fires
from boathouse.jobs.starting.cron_fields import BadCron

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def fires(text: str, start: str, count: int, zone: str = "UTC") -> list[str]:
    cron, at = parse_cron(text), datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    found: list[str] = []
    for _ in range(count):
        following = next_fire(cron, at, ZoneInfo(zone))
        if following is None:
            break
        at = following
        found.append(at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S%z")[:-5])
    return found


KNOWN = [
    # (expression, local start in UTC, the fires after it); 2026-11-21 is a Saturday
    ("0 0 12 * * ?", "2026-11-21 12:00", ["2026-11-22 12:00:00", "2026-11-23 12:00:00"]),
    ("0 15 10 ? * *", "2026-11-21 12:00", ["2026-11-22 10:15:00"]),
    ("0 15 10 * * ? 2027", "2026-11-21 12:00", ["2027-01-01 10:15:00", "2027-01-02 10:15:00"]),
    ("0 0/5 14 * * ?", "2026-11-21 14:52", ["2026-11-21 14:55:00", "2026-11-22 14:00:00"]),
    ("0 0/5 14,18 * * ?", "2026-11-21 14:55", ["2026-11-21 18:00:00"]),
    ("0 0-5 14 * * ?", "2026-11-21 14:04", ["2026-11-21 14:05:00", "2026-11-22 14:00:00"]),
    ("0 10,44 14 ? 3 WED", "2026-11-21 12:00", ["2027-03-03 14:10:00", "2027-03-03 14:44:00", "2027-03-10 14:10:00"]),
    ("0 15 10 ? * MON-FRI", "2026-11-21 12:00", ["2026-11-23 10:15:00"]),
    ("0 15 10 15 * ?", "2026-11-21 12:00", ["2026-12-15 10:15:00"]),
    ("0 15 10 L * ?", "2026-11-21 12:00", ["2026-11-30 10:15:00", "2026-12-31 10:15:00", "2027-01-31 10:15:00"]),
    ("0 15 10 L-2 * ?", "2026-11-21 12:00", ["2026-11-28 10:15:00", "2026-12-29 10:15:00"]),
    ("0 15 10 ? * 6L", "2026-11-21 12:00", ["2026-11-27 10:15:00", "2026-12-25 10:15:00"]),
    ("0 15 10 ? * 6L 2027-2029", "2026-11-21 12:00", ["2027-01-29 10:15:00"]),
    ("0 15 10 ? * 6#3", "2026-11-21 12:00", ["2026-12-18 10:15:00", "2027-01-15 10:15:00"]),
    ("0 15 10 ? * FRI#3", "2026-11-21 12:00", ["2026-12-18 10:15:00"]),
    ("0 0 12 1/5 * ?", "2026-11-26 12:00", ["2026-12-01 12:00:00", "2026-12-06 12:00:00"]),
    ("0 11 11 11 11 ?", "2026-11-21 12:00", ["2027-11-11 11:11:00"]),
    ("0 0 0 ? * 2", "2026-11-21 12:00", ["2026-11-23 00:00:00"]),  # 2 is Monday: Sunday is 1
    ("0 0 0 ? * L", "2026-11-21 12:00", ["2026-11-28 00:00:00"]),  # 7, a Saturday
    ("0 0 0 ? * 5/2", "2026-11-21 12:00", ["2026-11-26 00:00:00", "2026-11-28 00:00:00"]),
    ("0 0 0 15W * ?", "2026-11-01 00:00", ["2026-11-16 00:00:00", "2026-12-15 00:00:00"]),  # the 15th is a Sunday
    ("0 0 0 1W * ?", "2026-07-30 00:00", ["2026-08-03 00:00:00"]),  # the 1st is a Saturday: not into July
    (
        "0 0 0 31W * ?",
        "2027-01-01 00:00",
        ["2027-01-29 00:00:00", "2027-03-31 00:00:00"],
    ),  # a Sunday: not into February
    ("0 0 0 LW * ?", "2026-05-01 00:00", ["2026-05-29 00:00:00"]),  # the 31st is a Sunday
    ("0 0 22-2 ? * FRI-MON", "2026-11-20 23:00", ["2026-11-21 00:00:00", "2026-11-21 01:00:00", "2026-11-21 02:00:00"]),
    ("0 0 0 ? NOV-FEB SUN", "2027-02-25 00:00", ["2027-02-28 00:00:00", "2027-11-07 00:00:00"]),
    ("58-1 * * * * ?", "2026-11-21 12:00:01", ["2026-11-21 12:00:58", "2026-11-21 12:00:59", "2026-11-21 12:01:00"]),
    ("0 0 0 29 2 ?", "2026-11-21 12:00", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
    ("0 0 0 ? * MON#5", "2026-11-21 12:00", ["2026-11-30 00:00:00", "2027-03-29 00:00:00"]),
    ("0 0 0 1 1 ? 2099", "2026-11-21 12:00", ["2099-01-01 00:00:00"]),
]


@pytest.mark.parametrize(("text", "start", "expected"), KNOWN, ids=[each[0] for each in KNOWN])
def test_a_known_expression_fires_when_quartz_says(text: str, start: str, expected: list[str]) -> None:
    assert fires(text, start, len(expected)) == expected


REFUSED = [
    ("* * * * *", "has 5 fields"),
    ("0 0 6 * * *", "says both"),
    ("0 0 6 ? * ?", "says neither"),
    ("0 60 6 * * ?", "minutes: 60 is out of range"),
    ("0 0 24 * * ?", "hours: 24 is out of range"),
    ("0 0 6 0 * ?", "day-of-month: 0 is out of range"),
    ("0 0 6 ? * 0", "Sunday is 1"),
    ("0 0 6 ? * 8", "day-of-week: 8 is out of range"),
    ("0 0 6 ? * MONN", "Did you mean MON"),
    ("0 0 6 * FOO ?", "month: 'FOO'"),
    ("0 0/0 6 * * ?", "step"),
    ("0 0/99 6 * * ?", "larger than the field"),
    ("0 0/ 6 * * ?", "step"),
    ("0 0 6 ? * FRI#6", "1 to 5"),
    ("0 0 6 1,L * ?", "cannot stand in a list"),
    ("0 0 6 1W,5 * ?", "cannot stand in a list"),
    ("0 0 6 ? * MON,FRI#2", "cannot stand in a list"),
    ("0 0 6 L-31 * ?", "30 is the most"),
    ("0 ? 6 * * ?", "only be day-of-month or day-of-week"),
    ("0 0 6,, * * ?", "nothing is not a value"),
    ("0 0 6 * * ? 1969", "1969 is out of range"),
    ("0 0 6 * * ? 2030-2027", "ends before it begins"),
    ("0 -1 6 * * ?", "minutes"),
    ("0 0 ١ * * ?", "hours"),
    ("", "has 0 fields"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[each[0] for each in REFUSED])
def test_what_is_no_expression_is_refused_with_its_field(text: str, why: str) -> None:
    with pytest.raises(BadCron, match=why):
        parse_cron(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0 0 0 30 2 ?", "no such day in FEB"),
        ("0 0 0 31 4 ?", "no such day in APR"),
        ("0 0 0 31 2,4,6 ?", "no such day in FEB, APR, JUN"),
        ("0 0 0 L-30 2,4 ?", "no such day in FEB, APR"),
        ("0 0 0 1 1 ? 2020", "its last year, 2020, is over"),
        ("0 0 0 29 2 ? 2027", "no such day left in its years"),
        ("0 0 0 1 1 ? 2026", "no such day left in its years"),
    ],
)
def test_an_expression_that_never_fires_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadCron, match=f"never fires: .*{why}"):
        require_fires(parse_cron(text), datetime(2026, 11, 21, tzinfo=UTC), ZoneInfo("UTC"))


# Where the clock jumps: New York, 2026-03-08 02:00 becomes 03:00; 2026-11-01 02:00 becomes 01:00.


def test_a_local_time_that_does_not_exist_is_skipped() -> None:
    assert fires("0 30 2 * * ?", "2026-03-07 12:00", 2, "America/New_York") == [
        "2026-03-09 02:30:00", "2026-03-10 02:30:00",
    ]  # fmt: skip
    assert fires("0 30 * * * ?", "2026-03-08 01:00", 2, "America/New_York") == [
        "2026-03-08 01:30:00", "2026-03-08 03:30:00",
    ]  # fmt: skip


def test_a_fixed_time_that_occurs_twice_fires_once() -> None:
    cron, start = parse_cron("0 30 1 * * ?"), datetime(2026, 11, 1, 0, tzinfo=NEW_YORK)

    first = next_fire(cron, start, NEW_YORK)
    assert first == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30 in daylight time
    assert next_fire(cron, first, NEW_YORK) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_an_interval_goes_on_through_the_hour_that_occurs_twice() -> None:
    cron, at = parse_cron("0 0/30 * * * ?"), datetime(2026, 11, 1, 4, 45, tzinfo=UTC)
    found = []
    for _ in range(6):
        at = next_fire(cron, at, NEW_YORK) or at
        found.append(at.strftime("%H:%M"))
    assert found == ["05:00", "05:30", "06:00", "06:30", "07:00", "07:30"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "America/Havana"])
def test_every_minute_means_every_minute_of_a_year_with_its_jumps(zone: str) -> None:
    cron, local = parse_cron("0 0/10 * * * ?"), ZoneInfo(zone)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    while at < datetime(2027, 1, 1, tzinfo=UTC):
        following = next_fire(cron, at, local)
        assert following is not None
        assert following - at == timedelta(minutes=10)
        at = max(at + timedelta(minutes=10), following) + (timedelta(days=1) if at.hour == 18 else timedelta())


@pytest.mark.parametrize("name", ["Europe/Berln", "europe/berlin", "", "../etc/passwd", "Mars/Base"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadCron, match="There is no time zone"):
        parse_zone(name)


# The definition, by brute force: walk over all local times and ask each field.

numbers = st.integers(0, 59).map(str)


def lists(last: int, first: int = 0) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    item = st.one_of(
        number.map(str),
        st.tuples(number, number).map(lambda pair: f"{pair[0]}-{pair[1]}"),
        st.tuples(number, st.integers(1, last - first)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.integers(1, last - first).map(lambda step: f"*/{step}"),
    )
    return st.lists(item, min_size=1, max_size=3).map(",".join)


def has(text: str, value: int, first: int, last: int) -> bool:
    """The definition of lists, ranges (which wrap around) and steps."""
    for item in text.split(","):
        base, _, step = item.partition("/")
        low, dash, high = base.partition("-")
        start = first if base == "*" else int(low)
        stop = int(high) if dash else last if step or base == "*" else start
        span = last - first + 1
        distance, length = (value - start) % span, (stop - start) % span
        if distance <= length and distance % int(step or 1) == 0 and (dash or base == "*" or value >= start):
            return True
    return False


@settings(max_examples=100, deadline=None)
@given(
    minutes=lists(59), hours=lists(23), days=lists(31, 1), weekdays=lists(7, 1), months=lists(12, 1),
    by_weekday=st.booleans(), start=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
)  # fmt: skip
def test_the_next_fire_is_the_first_time_at_which_all_fields_agree(
    minutes: str, hours: str, days: str, weekdays: str, months: str, by_weekday: bool, start: datetime
) -> None:
    text = f"0 {minutes} {hours} {'?' if by_weekday else days} {months} {weekdays if by_weekday else '?'}"
    found = next_fire(parse_cron(text), start.replace(tzinfo=UTC), ZoneInfo("UTC"))

    def day_fits(day: datetime) -> bool:
        quartz_weekday = day.isoweekday() % 7 + 1
        in_week = has(weekdays, quartz_weekday, 1, 7) if by_weekday else has(days, day.day, 1, 31)
        return in_week and has(months, day.month, 1, 12)

    def time_fits(at: datetime) -> bool:
        return has(minutes, at.minute, 0, 59) and has(hours, at.hour, 0, 23) and day_fits(at)

    at = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    last_day = at + timedelta(days=5 * 366)
    while at < last_day and not time_fits(at):
        is_wrong_day = not day_fits(at)
        at = at.replace(hour=0, minute=0) + timedelta(days=1) if is_wrong_day else at + timedelta(minutes=1)
    assert found == (at.replace(tzinfo=UTC) if at < last_day else None) or (found and at >= last_day)


@settings(max_examples=150, deadline=None)
@given(day=st.integers(1, 31), weekday=st.integers(1, 7), number=st.integers(1, 5), month=st.integers(1, 12),
       year=st.integers(2024, 2040), back=st.integers(0, 27))  # fmt: skip
def test_days_that_depend_on_the_month_are_those_of_the_calendar(
    day: int, weekday: int, number: int, month: int, year: int, back: int
) -> None:
    length = monthrange(year, month)[1]
    of_weekday = [d for d in range(1, length + 1) if datetime(year, month, d).isoweekday() % 7 + 1 == weekday]
    working = [d for d in range(1, length + 1) if datetime(year, month, d).isoweekday() < 6]
    nearest = min(working, key=lambda d: (abs(d - day), -d if datetime(year, month, min(day, length)).isoweekday() == 7
                                          else d))  # fmt: skip
    expected = {
        f"? {month} {weekday}L": of_weekday[-1],
        f"? {month} {weekday}#{number}": of_weekday[number - 1] if number <= len(of_weekday) else None,
        f"L-{back} {month} ?": length - back,
        f"LW {month} ?": working[-1],
        f"{day}W {month} ?": nearest if day <= length else None,
    }
    start = datetime(year, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
    for field, wanted in expected.items():
        found = next_fire(parse_cron(f"0 0 0 {field} {year}"), start, ZoneInfo("UTC"))
        assert (found and (found.month, found.day)) == (wanted and (month, wanted)), field
