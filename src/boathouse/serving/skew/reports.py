"""What the skew meter has measured, for those who look at an endpoint or at a feature table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boathouse.foundation.errors import Denied, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.serving.capture.finding import inference_tables
from boathouse.serving.capture.layout import TableKind
from boathouse.session import Session

_MOST_TABLES = 20
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class MeasuredSkew:
    """One feature in one measurement of one version."""

    measured_at: datetime
    endpoint: str
    model: str
    version: int | None
    feature: str
    source: str
    """Where it is looked up."""
    rows: int
    mismatches: int
    """Differences that nothing explains."""
    late: int
    corrected: int

    @property
    def rate(self) -> float | None:
        """None of nothing."""
        return self.mismatches / self.rows if self.rows else None


class SkewReports:
    """Reads skew tables as whoever asks."""

    def __init__(self, session_of: Callable[[Principal], Session]) -> None:
        self._session_of = session_of

    def of(self, principal: Principal, *, endpoint: str | None = None, source: str | None = None) -> list[MeasuredSkew]:
        """The latest measurements, in time: of an endpoint, of what is looked up in a feature table, or all.

        Tables that the principal may not read are left out.
        """
        session = self._session_of(principal)
        tables = [each for each in inference_tables(session, endpoint) if each.kind_of_table is TableKind.PAYLOAD]
        found: list[MeasuredSkew] = []
        for name in list(dict.fromkeys(each.sibling("skew") for each in tables))[:_MOST_TABLES]:
            try:
                found += _measured(session, TableName.parse(name), endpoint, source)
            except (NotFound, Denied):  # nothing was measured there, or it is not theirs to read
                continue
        return sorted(found, key=lambda each: each.measured_at)


def _measured(session: Session, table: TableName, endpoint: str | None, source: str | None) -> list[MeasuredSkew]:
    asked: dict[str, Any] = {"endpoint_name": endpoint, "source": source}
    given = {name: value for name, value in asked.items() if value is not None}
    where = " AND ".join(f"{name} = :{name}" for name in given) or "true"
    rows = session.sql(
        "SELECT measured_at, endpoint_name, model_name, model_version, feature, source, rows, mismatches, late, "
        f"corrected FROM {table.quoted()} WHERE {where} ORDER BY measured_at DESC LIMIT {_MOST_ROWS}",
        given,
    ).arrow()
    return [
        MeasuredSkew(
            row["measured_at"], row["endpoint_name"], row["model_name"], row["model_version"], row["feature"],
            row["source"], row["rows"] or 0, row["mismatches"] or 0, row["late"] or 0, row["corrected"] or 0,
        )
        for row in rows.to_pylist()
    ]  # fmt: skip
