"""Quartz cron: when an expression fires next. Pure functions over the calendar and a time zone.

Where the clock jumps, the rules are these. A local time that does not exist (the clock was put forward over it) does
not fire. A local time that occurs twice (the clock was put back) fires once, the first time, if the expression names
fixed times of the day; an expression with ``*``, a range or a step in its seconds, minutes or hours goes on through
both, so that "every ten minutes" never pauses for an hour.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from boathouse.foundation.errors import did_you_mean
from boathouse.jobs.starting import cron_fields as fields
from boathouse.jobs.starting.cron_fields import (
    BadCron,
    Field,
    LastDay,
    LastWeekday,
    NearestWeekday,
    NthWeekday,
)

_ORDER = "seconds minutes hours day-of-month month day-of-week [year]"


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. Exactly one of ``days`` and ``weekdays`` is None, which is Quartz' ``?``."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Field
    months: frozenset[int]
    weekdays: Field
    years: tuple[int, ...]
    is_interval: bool
    """Whether the time of day is said by ``*``, ranges or steps, and not by fixed times."""


def parse_cron(text: str) -> Cron:
    """Read a Quartz cron expression.

    Raises:
        BadCron: It is none; the message names the field.
    """
    parts = text.upper().split()
    if len(parts) not in (6, 7):
        hint = f"Quartz has {_ORDER}: 0 30 6 * * ? is 6:30 every day."
        raise BadCron(f"{text!r} has {len(parts)} fields.", hint=hint)
    seconds, minutes, hours, days, months, weekdays, *years = parts
    if (days == fields.UNSAID) == (weekdays == fields.UNSAID):
        said = "neither" if days == fields.UNSAID else "both"
        raise BadCron(
            f"{text!r} says {said} of day-of-month and day-of-week.", hint="Write ? for the one that does not matter."
        )
    return Cron(
        text=" ".join(parts),
        seconds=tuple(sorted(fields.parse_values(seconds, fields.SECONDS))),
        minutes=tuple(sorted(fields.parse_values(minutes, fields.MINUTES))),
        hours=tuple(sorted(fields.parse_values(hours, fields.HOURS))),
        days=fields.parse_day_of_month(days),
        months=fields.parse_values(months, fields.MONTH),
        weekdays=fields.parse_day_of_week(weekdays),
        years=tuple(sorted(fields.parse_values(years[0] if years else fields.ANY, fields.YEAR))),
        is_interval=any(mark in part for part in (seconds, minutes, hours) for mark in "*-/"),
    )


def parse_zone(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    Raises:
        BadCron: There is none of that name.
    """
    from zoneinfo import available_timezones

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        known = available_timezones()
        same = next((zone for zone in known if zone.lower() == name.lower()), None)
        hint = f"Did you mean {same}?" if same else did_you_mean(name, known)
        raise BadCron(
            f"There is no time zone {name!r}.", hint=hint or "Write one like Europe/Berlin or UTC."
        ) from error


def next_fire(cron: Cron, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first instant after ``after`` at which the expression fires, in UTC; None when there is none any more."""
    after = after.astimezone(UTC).replace(microsecond=0)
    day = after.astimezone(zone).date()
    for candidate in _days_from(cron, day):
        if found := _first_on(cron, candidate, after, zone):
            return found
    return None


def require_fires(cron: Cron, after: datetime, zone: ZoneInfo) -> datetime:
    """The next fire of an expression that has one.

    Raises:
        BadCron: It never fires; the message says why.
    """
    if found := next_fire(cron, after, zone):
        return found
    raise BadCron(f"{cron.text!r} never fires: {_why_never(cron, after)}")


def _why_never(cron: Cron, after: datetime) -> str:
    if cron.years[-1] < after.year:
        return f"its last year, {cron.years[-1]}, is over."
    if not any(_days_of_month(cron, year, month) for year in (2023, 2024) for month in cron.months):
        names = ", ".join(fields.MONTHS[month - 1] for month in sorted(cron.months))
        return f"there is no such day in {names if len(cron.months) < 12 else 'any month'}."
    return "there is no such day left in its years."


def _days_from(cron: Cron, first: date) -> Iterator[date]:
    for year in cron.years:
        if year < first.year:
            continue
        for month in sorted(cron.months):
            if (year, month) < (first.year, first.month):
                continue
            for number in _days_of_month(cron, year, month):
                if (day := date(year, month, number)) >= first:
                    yield day


def _days_of_month(cron: Cron, year: int, month: int) -> list[int]:
    first_weekday, length = monthrange(year, month)
    first_weekday = (first_weekday + 1) % 7 + 1  # Quartz counts from Sunday, which is 1
    match cron.days or cron.weekdays:
        case LastDay(before, is_weekday):
            day = length - before
            if day < 1:
                return []
            return [_nearest_weekday(day, first_weekday, length)] if is_weekday else [day]
        case NearestWeekday(day):
            return [_nearest_weekday(day, first_weekday, length)] if day <= length else []
        case LastWeekday(weekday):
            return [max(range(length - 6, length + 1), key=lambda day: _weekday(day, first_weekday) == weekday)]
        case NthWeekday(weekday, number):
            day = (weekday - first_weekday) % 7 + 1 + 7 * (number - 1)
            return [day] if day <= length else []
        case frozenset() as values if cron.days is not None:
            return [day for day in sorted(values) if day <= length]
        case values:
            assert isinstance(values, frozenset)
            return [day for day in range(1, length + 1) if _weekday(day, first_weekday) in values]


def _weekday(day: int, first_weekday: int) -> int:
    return (first_weekday - 1 + day - 1) % 7 + 1


def _nearest_weekday(day: int, first_weekday: int, length: int) -> int:
    match _weekday(day, first_weekday):
        case 7:  # Saturday: the Friday before, unless that is in another month
            return day - 1 if day > 1 else day + 2
        case 1:  # Sunday: the Monday after, unless that is in another month
            return day + 1 if day < length else day - 2
        case _:
            return day


def _first_on(cron: Cron, day: date, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first fire on a local day. Where the clock jumps within it, each of its two passes is walked in order."""
    passes = (0, 1) if _clock_jumps(day, zone) else (0,)
    found = [_first_in_pass(cron, day, after, zone, fold) for fold in passes]
    return min((each for each in found if each is not None), default=None)


def _first_in_pass(cron: Cron, day: date, after: datetime, zone: ZoneInfo, fold: int) -> datetime | None:
    for hour in cron.hours:
        if _instant(_at(day, hour, 59, 59), zone, fold) <= after:
            continue
        for minute in cron.minutes:
            if _instant(_at(day, hour, minute, 59), zone, fold) <= after:
                continue
            for second in cron.seconds:
                local = _at(day, hour, minute, second)
                instant = _instant(local, zone, fold)
                if instant <= after or instant.astimezone(zone).replace(tzinfo=None) != local:
                    continue
                is_repeated = fold == 1 and instant != _instant(local, zone, 0)
                if fold == 0 or (is_repeated and cron.is_interval):
                    return instant
    return None


def _at(day: date, hour: int, minute: int, second: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001 (local on purpose)


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _clock_jumps(day: date, zone: ZoneInfo) -> bool:
    """Whether some local times of the day occur twice or never."""
    midnight = _at(day, 0, 0, 0)
    return any(
        _instant(local, zone, 0) != _instant(local, zone, 1)
        for local in (midnight + timedelta(minutes=15 * step) for step in range(96))
    )
