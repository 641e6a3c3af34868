"""What a look asks by SQL, as the endpoint's owner: the skew meter's last measurement, and the business' own guard."""

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.names import TableName
from boathouse.serving.endpoints.nouns import CaptureTarget
from boathouse.serving.rollout.judging import Guard, Skew
from boathouse.serving.rollout.nouns import Rollout
from boathouse.session import Session


def asked_guard(session: Session, rollout: Rollout, query: str) -> Guard:
    """What the query says: one row with a column ``ok``. An error is no answer, and says what it is."""
    since = from_epoch_ms(rollout.began_at)
    told = {"endpoint": rollout.served.endpoint, "version": rollout.to_version, "since": since}
    try:
        found = session.sql(query, told).arrow()
    except BoathouseError as error:
        return Guard(None, error.message)
    names = [name.lower() for name in found.schema.names]
    if found.num_rows != 1 or "ok" not in names:
        given = f"{found.num_rows} rows with {', '.join(names)}"
        return Guard(None, f"it gave {given}; one row with the column ok is asked for")
    value = found.column(names.index("ok"))[0].as_py()
    return Guard(None, "ok is null") if value is None else Guard(bool(value))


def measured_skew(session: Session, rollout: Rollout, target: CaptureTarget | None) -> Skew | None:
    """The last measurement of the canary since its rollout began; None when there is none.

    Only the last one: those before have looked at the same requests.
    """
    if target is None:
        return None
    table = TableName(target.catalog, target.schema, f"{target.prefix}_skew").quoted()
    mine = "endpoint_name = :endpoint AND model_name = :model AND model_version = :version AND measured_at >= :since"
    try:
        found = session.sql(
            f"SELECT feature, sum(rows) AS n, sum(mismatches) AS off FROM {table} WHERE {mine} AND measured_at = "
            f"(SELECT max(measured_at) FROM {table} WHERE {mine}) GROUP BY feature ORDER BY off DESC, feature",
            {
                "endpoint": rollout.served.endpoint,
                "model": rollout.served.model,
                "version": rollout.to_version,
                "since": from_epoch_ms(rollout.began_at),
            },
        ).arrow()
    except NotFound:
        return None
    rows = found.to_pylist()
    if not rows:
        return None
    total, off = sum(each["n"] or 0 for each in rows), sum(each["off"] or 0 for each in rows)
    return Skew(int(total), int(off), rows[0]["feature"] if off else None)
