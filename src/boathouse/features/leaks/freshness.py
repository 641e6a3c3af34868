"""Features fresher than their label: values from after the instant that the label speaks of.

The point-in-time join rules that out for the lookups that have an instant. It happens where a lookup has none (and so
takes the newest values), where the instant is later than what the label speaks of, and where the corrected view was
asked for. And the other way round: a label that was known before the features were looked up is nothing to predict.
"""

import polars as pl

from boathouse.features.leaks.nouns import LeakSignal, judged, not_measured

FRESHER = "a feature fresher than its label"
KNOWN_LABEL = "a label known before its features"
ONE_ROW = "suspicious from one row"


def fresher_signal(column: str, event: pl.Series | None, known: pl.Series | None, label_time: pl.Series) -> LeakSignal:
    """Whether the values of a lookup were so, or became known, after the label's instant.

    Args:
        event: The event time of the value that each row got; null where it got none.
        known: Since when that value is known.
    """
    clocks = [clock for clock in (event, known) if clock is not None]
    if not clocks:
        return not_measured(FRESHER, column, 0, "The table has no clock.")
    rows = pl.DataFrame({"label": label_time, **{f"clock{place}": clock for place, clock in enumerate(clocks)}})
    latest = pl.max_horizontal(pl.exclude("label"))
    found = rows.select(
        matched=(latest.is_not_null() & pl.col("label").is_not_null()).sum(),
        later=(latest > pl.col("label")).sum(),
    ).row(0)
    if found[0] == 0:
        return not_measured(FRESHER, column, 0, "No row has both a value and an instant of its label.")
    share = found[1] / found[0]
    return judged(
        FRESHER, column, share, 1 / found[0],
        f"{found[1]} of {found[0]} values are from after the instant of the label, or became known after it"
        f" ({ONE_ROW}).",
        "Give the lookup the label's instant as timestamp_lookup_key, and read values as they were known.",
    )  # fmt: skip


def known_label_signal(column: str, label_known: pl.Series, looked_up_at: pl.Series) -> LeakSignal:
    """Whether the label was already known at the instant that features are looked up at."""
    rows = pl.DataFrame({"known": label_known, "at": looked_up_at}).drop_nulls()
    if rows.height == 0:
        return not_measured(KNOWN_LABEL, column, 0, "No row has both instants.")
    earlier = int((rows["known"] <= rows["at"]).sum())
    return judged(
        KNOWN_LABEL, column, earlier / rows.height, 1 / rows.height,
        f"In {earlier} of {rows.height} rows the label was known when the features were looked up ({ONE_ROW}).",
        "Look features up at the instant of the prediction, before the outcome is known.",
    )  # fmt: skip
