"""A broken weather feed: for days it sends other units, then rows without values. In the replayed year this is staged,
and the candidate that has learned from shuffled outcomes; nothing else is."""

import csv
import io
from datetime import datetime, timedelta

OTHER_UNITS = timedelta(days=4)
"""So long temperatures are in degrees Celsius and winds in metres per second; after that there are no values."""
MEASURED = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
FAHRENHEIT, MILES = ("temp", "dewp"), ("wind_speed", "wind_gust")
METRES_PER_SECOND = 0.44704
"""In a mile per hour."""


def break_weather(content: bytes, since: datetime, until: datetime) -> bytes:
    """The raw weather file with a broken feed in ``[since, until)``; the other rows stay byte for byte."""
    lines = content.decode().splitlines(keepends=True)
    names = next(csv.reader(lines[:1]))
    told = io.StringIO(newline="")
    told.write(lines[0])
    writer = csv.DictWriter(told, names, lineterminator=lines[0][len(lines[0].rstrip("\r\n")) :])
    for line, row in zip(lines[1:], csv.DictReader(lines[1:], names), strict=True):
        at = datetime.fromisoformat(row["time_hour"])
        if since <= at < until:
            writer.writerow(_in_other_units(row) if at < since + OTHER_UNITS else _silent(row))
        else:
            told.write(line)
    return told.getvalue().encode()


def _silent(row: dict[str, str]) -> dict[str, str]:
    return {name: "NA" if name in MEASURED else value for name, value in row.items()}


def _in_other_units(row: dict[str, str]) -> dict[str, str]:
    changed = dict(row)
    for name in (*FAHRENHEIT, *MILES):
        if row[name] != "NA":
            value = float(row[name])
            changed[name] = f"{(value - 32) / 1.8 if name in FAHRENHEIT else value * METRES_PER_SECOND:.2f}"
    return changed
