"""A Quartz cron expression as an English sentence."""

from boathouse.jobs.starting.cron import Cron
from boathouse.jobs.starting.cron_fields import DAYS, MONTHS, LastDay, LastWeekday, NearestWeekday, NthWeekday

_DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December")  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_MOST_TIMES = 4
assert len(_DAY_NAMES) == len(DAYS)
assert len(_MONTH_NAMES) == len(MONTHS)


def describe(cron: Cron) -> str:
    """When the expression fires, for people.

    Example:
        >>> describe(parse_cron("0 30 6 ? * MON-FRI"))
        'at 06:30 on Monday to Friday'
    """
    parts = (_time(cron), _day(cron), _months(cron), _years(cron))
    return " ".join(part for part in parts if part)


def _time(cron: Cron) -> str:
    times = len(cron.seconds) * len(cron.minutes) * len(cron.hours)
    if times <= _MOST_TIMES:
        with_seconds = cron.seconds != (0,)
        shown = [
            f"{hour:02}:{minute:02}" + (f":{second:02}" if with_seconds else "")
            for hour in cron.hours
            for minute in cron.minutes
            for second in cron.seconds
        ]
        return f"at {_listed(shown)}"
    hours = "" if len(cron.hours) == 24 else f" of hour{'s' if len(cron.hours) > 1 else ''} {_ranges(cron.hours)}"
    if len(cron.seconds) > 1:
        minutes = "" if len(cron.minutes) == 60 else f" of minutes {_ranges(cron.minutes)}"
        return f"{_steps(cron.seconds, 60, 'second')}{minutes}{hours}"
    second = f" and {min(cron.seconds)} s" if any(cron.seconds) else ""
    if len(cron.minutes) == 1:
        past = f"minute {min(cron.minutes)}{second}" if any(cron.minutes) or second else "the full hour"
        return f"at {past} {hours.strip() or 'of every hour'}"
    return f"{_steps(cron.minutes, 60, 'minute')}{second}{hours}"


def _steps(values: tuple[int, ...], size: int, unit: str) -> str:
    if len(values) == size:
        return f"every {unit}"
    step = values[1] - values[0]
    if step > 1 and values == tuple(range(values[0], size, step)):
        start = f" from {unit} {values[0]}" if values[0] else ""
        return f"every {step} {unit}s{start}"
    return f"at {unit}s {_ranges(values)}"


def _day(cron: Cron) -> str:
    match cron.days if cron.days is not None else cron.weekdays:
        case LastDay(0, False):
            return "on the last day of the month"
        case LastDay(0, True):
            return "on the last weekday of the month"
        case LastDay(before, is_weekday):
            nearest = "the weekday nearest to " if is_weekday else ""
            return f"on {nearest}{before} day{'s' if before > 1 else ''} before the last day of the month"
        case NearestWeekday(day):
            return f"on the weekday nearest to day {day} of the month"
        case LastWeekday(weekday):
            return f"on the last {_DAY_NAMES[weekday - 1]} of the month"
        case NthWeekday(weekday, number):
            return f"on the {_ORDINALS[number - 1]} {_DAY_NAMES[weekday - 1]} of the month"
        case frozenset() as values if cron.days is not None:
            return "every day" if len(values) == 31 else f"on day {_ranges(tuple(sorted(values)))} of the month"
        case frozenset() as values if len(values) == 7:
            return "every day"
        case frozenset() as values:
            return f"on {_named(sorted(values), _DAY_NAMES)}"
        case None:
            return ""


def _months(cron: Cron) -> str:
    return "" if len(cron.months) == 12 else f"in {_named(sorted(cron.months), _MONTH_NAMES)}"


def _years(cron: Cron) -> str:
    return "" if len(cron.years) == 130 else f"in {_ranges(cron.years)}"


def _named(values: list[int], names: tuple[str, ...]) -> str:
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{names[values[0] - 1]} to {names[values[-1] - 1]}"
    return _listed([names[value - 1] for value in values])


def _ranges(values: tuple[int, ...]) -> str:
    if len(values) > 2 and values[-1] - values[0] == len(values) - 1:
        return f"{values[0]} to {values[-1]}"
    return _listed([str(value) for value in values])


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
