"""The clocks of this problem, in one place.

A flight has four instants: it is *scheduled*, we are *asked* about it, it *lands*, and we stand somewhere on that line
ourselves (``as_of``). A feature may only use what had happened when we were asked; a model may only learn from what had
landed when it was trained.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

PREDICTION_LEAD = timedelta(hours=2)
"""We are asked this long before the scheduled departure."""

WEATHER_LAG = timedelta(hours=1)
"""An hourly weather row sums up its hour (until minute 51), so it is known when the hour is over."""

MEMORY = {
    "carrier_days": timedelta(days=7),
    "route_days": timedelta(days=14),
    "origin_days": timedelta(days=2),
    "aircraft_days": timedelta(hours=24),
}
"""A day that began longer ago than this tells nothing any more, by feature table."""

SCHEDULE_HORIZON = timedelta(days=1)
"""Schedules are published months ahead; we keep one day of them beyond the present."""

SETTLED_AFTER = timedelta(days=3)
"""So long after its scheduled departure a flight has come to its end, whatever has happened to it."""
LONGEST_WINDOW = timedelta(days=14)
"""So far back from a landing a feature counts others."""

LATE_MINUTES = 15
"""From this arrival delay on a flight counts as late, as the US Department of Transportation counts."""


def parse_as_of(text: str) -> datetime:
    """The instant that ``2013-12-01`` or ``2013-12-01T00:00:00-05:00`` means; without a zone it is New York time."""
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=NEW_YORK)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Windows:
    """How the past of ``as_of`` is divided, on New York's calendar."""

    train_until: datetime
    """The model learns from what had landed before this instant..."""
    evaluate_until: datetime
    """...and is judged on the month that follows it, which ends here."""
    as_of: datetime
    """Flights that we have been asked about between ``train_until`` and now are scored."""

    @classmethod
    def before(cls, as_of: datetime) -> "Windows":
        """The last full month before ``as_of`` is for evaluation; everything before it is for training.

        Example:
            >>> Windows.before(parse_as_of("2013-12-01")).train_until.isoformat()
            '2013-11-01T04:00:00+00:00'
        """
        this_month = as_of.astimezone(NEW_YORK).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        # Any instant of the month before, set back to its first day; wall-clock arithmetic, so DST cannot shift it.
        month_before = (this_month - timedelta(days=1)).replace(day=1)
        return cls(month_before.astimezone(UTC), this_month.astimezone(UTC), as_of)
