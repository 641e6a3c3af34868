"""The fields of a Quartz cron expression: six, and a year that may be left out.

    seconds minutes hours day-of-month month day-of-week [year]

Numbers, names, lists, ranges (which may wrap around: ``FRI-MON``, ``22-2``) and steps are sets of values. What depends
on the month (``L``, ``15W``, ``FRI#3``) is a rule of its own, one per field, as Quartz has it.
"""

import re
from dataclasses import dataclass

from boathouse.foundation.errors import InvalidInput, did_you_mean

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST_YEAR, LAST_YEAR = 1970, 2099
SATURDAY = 7
ANY, UNSAID = "*", "?"


class BadCron(InvalidInput):
    """A text that is no Quartz cron expression, or one that never fires."""


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What one field may hold."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()

    @property
    def every(self) -> frozenset[int]:
        return frozenset(range(self.first, self.last + 1))


SECONDS = FieldKind("seconds", 0, 59)
MINUTES = FieldKind("minutes", 0, 59)
HOURS = FieldKind("hours", 0, 23)
DAY_OF_MONTH = FieldKind("day-of-month", 1, 31)
MONTH = FieldKind("month", 1, 12, MONTHS)
DAY_OF_WEEK = FieldKind("day-of-week", 1, 7, DAYS)
YEAR = FieldKind("year", FIRST_YEAR, LAST_YEAR)


@dataclass(frozen=True, slots=True)
class LastDay:
    """``L``, ``L-3``, ``LW``, ``L-3W``: counted from the end of the month."""

    before: int = 0
    is_weekday: bool = False


@dataclass(frozen=True, slots=True)
class NearestWeekday:
    """``15W``: the weekday nearest to a day, within its month."""

    day: int


@dataclass(frozen=True, slots=True)
class LastWeekday:
    """``6L``: the last such day of the week in the month. Sunday is 1."""

    weekday: int


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """``FRI#3``: the third Friday of the month."""

    weekday: int
    number: int


DayRule = LastDay | NearestWeekday | LastWeekday | NthWeekday
Field = frozenset[int] | DayRule | None
"""Values, a rule, or None for ``?``."""


def parse_values(text: str, kind: FieldKind) -> frozenset[int]:
    """The values that a field of numbers, names, lists, ranges and steps stands for.

    Raises:
        BadCron: It cannot be read, or names a value that the field does not have.
    """
    return frozenset(value for item in text.split(",") for value in _item(item, kind))


def parse_day_of_month(text: str) -> Field:
    if text == UNSAID:
        return None
    if match := re.fullmatch(r"L(?:-(\d+))?(W)?", text):
        before = int(match[1] or 0)
        if before > 30:
            raise BadCron(f"day-of-month: {text!r} counts {before} days back; 30 is the most.")
        return LastDay(before, bool(match[2]))
    if match := re.fullmatch(r"(\d+)W", text):
        return NearestWeekday(_value(match[1], DAY_OF_MONTH))
    _refuse_rules_in_lists(text, DAY_OF_MONTH, r"\d*[LW]|LW|L-\d+W?")
    return parse_values(text, DAY_OF_MONTH)


def parse_day_of_week(text: str) -> Field:
    if text == UNSAID:
        return None
    if text == "L":
        return frozenset({SATURDAY})
    if match := re.fullmatch(r"(\w+)#(\d+)", text):
        number = int(match[2])
        if not 1 <= number <= 5:
            raise BadCron(f"day-of-week: {text!r} asks for number {number} of a month; 1 to 5 can be.")
        return NthWeekday(_value(match[1], DAY_OF_WEEK), number)
    if match := re.fullmatch(r"(\d+|[A-Z]{3})L", text):
        return LastWeekday(_value(match[1], DAY_OF_WEEK))
    _refuse_rules_in_lists(text, DAY_OF_WEEK, r"\w*L|\w+#\d+")
    return parse_values(text, DAY_OF_WEEK)


def _refuse_rules_in_lists(text: str, kind: FieldKind, rule: str) -> None:
    for item in text.split(",")[: None if "," in text else 0]:
        if re.fullmatch(rule, item):
            raise BadCron(f"{kind.name}: {item!r} cannot stand in a list.", hint="Quartz takes it only by itself.")


def _item(text: str, kind: FieldKind) -> list[int]:
    base, slash, step_text = text.partition("/")
    step = _step(step_text, kind, text) if slash else 1
    first, dash, last = base.partition("-")
    if base == ANY or (slash and not base):
        start, end = kind.first, kind.last
    elif dash:
        start, end = _value(first, kind), _value(last, kind)
    else:
        start = _value(base, kind)
        end = kind.last if slash else start
    if start > end:
        if kind is YEAR:
            raise BadCron(f"year: the range {text!r} ends before it begins.")
        end += kind.last - kind.first + 1
    span = kind.last - kind.first + 1
    return [(value - kind.first) % span + kind.first for value in range(start, end + 1, step)]


def _step(text: str, kind: FieldKind, whole: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) < 1:
        raise BadCron(f"{kind.name}: {whole!r} has no step after its slash.", hint="Write */15 or 0/15.")
    if int(text) > kind.last - kind.first + (0 if kind.first else 1):
        raise BadCron(f"{kind.name}: the step {text} is larger than the field, which has {kind.first} to {kind.last}.")
    return int(text)


def _value(text: str, kind: FieldKind) -> int:
    if text in kind.names:
        return kind.names.index(text) + 1
    if not re.fullmatch(r"[0-9]{1,4}", text):
        shown = f"{text!r}" if text else "nothing"
        hint = did_you_mean(text, kind.names) if kind.names else None
        if text == UNSAID:
            hint = "? can only be day-of-month or day-of-week."
        raise BadCron(f"{kind.name}: {shown} is not a value of this field.", hint=hint or _range_hint(kind))
    if not kind.first <= (value := int(text)) <= kind.last:
        raise BadCron(f"{kind.name}: {value} is out of range.", hint=_range_hint(kind))
    return value


def _range_hint(kind: FieldKind) -> str:
    names = f", or {kind.names[0]} to {kind.names[-1]}" if kind.names else ""
    sunday = " (Sunday is 1)" if kind is DAY_OF_WEEK else ""
    return f"It takes {kind.first} to {kind.last}{sunday}{names}."
