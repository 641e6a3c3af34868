"""How a shadow differs from what callers got: computed from the inference tables, window by window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boathouse.foundation.names import TableName, quote_part
from boathouse.serving.capture.layout import OUT
from boathouse.serving.capture.nouns import SHADOW_SUFFIX
from boathouse.session import Session

_SHADOW = "shadow"
_HALF = 0.5
WINDOWS = ("hour", "day")


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """One output of a shadow beside the caller's, in one window."""

    window: datetime
    model_version: int | None
    output: str
    predictions: int
    """Rows that both have answered."""
    equal_share: float
    disagreement: float | None
    """Classes that differ; of probabilities those on different sides of one half; None of other numbers."""
    mean_difference: float | None
    """The shadow's less the caller's."""
    mean_absolute: float | None
    quantiles: tuple[float, float, float] | None
    """Of the absolute difference: the median, 90 % and 99 %."""


@dataclass(frozen=True, slots=True)
class ShadowTraffic:
    """What shadows saw of the traffic in one window."""

    window: datetime
    asked: int
    """Requests of callers that were answered."""
    shadowed: int
    """Of these, what the shadow saw: shares, and what there was no time for, leave some out."""
    failed: int
    """Of these, what the shadow could not answer."""
    milliseconds: float | None
    """The mean time that the shadow took."""
    callers_milliseconds: float | None


def differences(
    session: Session, predictions: TableName, since: datetime, *, window: str = "hour"
) -> list[OutputDifference]:
    """Every output in every window, the newest window first."""
    columns = {field.name: str(field.type) for field in session.table(predictions, where="false").arrow().schema}
    outputs = [name for name in columns if name.startswith(OUT)]
    found = [
        _difference(name.removeprefix(OUT), row)
        for name in outputs
        for row in _rows(session, predictions, name, columns[name], since, window)
    ]
    return sorted(found, key=lambda each: each.window, reverse=True)


def traffic(session: Session, payload: TableName, since: datetime, *, window: str = "hour") -> list[ShadowTraffic]:
    """How much of the traffic shadows saw, the newest window first."""
    rows = session.sql(
        f"SELECT date_trunc('{window}', request_time) AS at, "
        f"sum(CASE WHEN route <> '{_SHADOW}' AND status_code = 200 THEN 1 ELSE 0 END) AS asked, "
        f"sum(CASE WHEN route = '{_SHADOW}' THEN 1 ELSE 0 END) AS shadowed, "
        f"sum(CASE WHEN route = '{_SHADOW}' AND status_code >= 500 THEN 1 ELSE 0 END) AS failed, "
        f"avg(CASE WHEN route = '{_SHADOW}' THEN execution_duration_us END) / 1000 AS mine, "
        f"avg(CASE WHEN route <> '{_SHADOW}' AND status_code = 200 THEN execution_duration_us END) / 1000 AS theirs "
        f"FROM {payload.quoted()} WHERE request_time >= :since GROUP BY 1 ORDER BY 1 DESC",
        {"since": since},
    ).arrow()
    return [
        ShadowTraffic(row["at"], row["asked"], row["shadowed"], row["failed"], row["mine"], row["theirs"])
        for row in rows.to_pylist()
    ]


def _rows(
    session: Session, table: TableName, column: str, kind: str, since: datetime, window: str
) -> Sequence[Mapping[str, Any]]:
    mine, theirs = (f"{side}.{quote_part(column)}" for side in ("s", "c"))
    figures = [
        "count(*) AS n",
        f"avg(CASE WHEN {mine} <=> {theirs} THEN 1.0 ELSE 0.0 END) AS equal_share",
    ]
    if _is_number(kind):
        apart = f"abs(CAST({mine} AS DOUBLE) - CAST({theirs} AS DOUBLE))"
        figures += [
            f"avg(CAST({mine} AS DOUBLE) - CAST({theirs} AS DOUBLE)) AS mean_difference",
            f"avg({apart}) AS mean_absolute",
            *(f"percentile({apart}, {share}) AS q{at}" for at, share in enumerate((0.5, 0.9, 0.99))),
            f"min(least({mine}, {theirs})) AS lowest",
            f"max(greatest({mine}, {theirs})) AS highest",
            f"avg(CASE WHEN ({mine} >= {_HALF}) = ({theirs} >= {_HALF}) THEN 0.0 ELSE 1.0 END) AS sides",
        ]
    return session.sql(
        f"SELECT date_trunc('{window}', c.request_time) AS at, s.model_version, {', '.join(figures)} "
        f"FROM {table.quoted()} AS s JOIN {table.quoted()} AS c "
        f"ON c.databricks_request_id = regexp_replace(s.databricks_request_id, '{SHADOW_SUFFIX}[0-9]*$', '') "
        "AND c.row_number = s.row_number "
        f"WHERE s.route = '{_SHADOW}' AND c.route <> '{_SHADOW}' AND c.request_time >= :since "
        f"AND s.request_time >= :since AND ({mine} IS NOT NULL OR {theirs} IS NOT NULL) "
        "GROUP BY 1, 2 ORDER BY 1 DESC, 2",
        {"since": since},
    ).arrow().to_pylist()  # fmt: skip


def _difference(output: str, row: Mapping[str, Any]) -> OutputDifference:
    quantiles = None
    disagreement: float | None = 1.0 - row["equal_share"]
    if "q0" in row:
        quantiles = (row["q0"], row["q1"], row["q2"]) if row["q0"] is not None else None
        is_probability = row["lowest"] is not None and row["lowest"] >= 0 and row["highest"] <= 1
        disagreement = row["sides"] if is_probability else None
    return OutputDifference(
        row["at"], row["model_version"], output, row["n"], row["equal_share"], disagreement,
        row.get("mean_difference"), row.get("mean_absolute"), quantiles,
    )  # fmt: skip


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "halffloat", "decimal"))
