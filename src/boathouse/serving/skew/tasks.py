# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Measuring skew as a task of a job: an entry point of the package ``boathouse`` for a ``python_wheel_task``.

Example:
    tasks:
      - task_key: skew
        python_wheel_task:
          package_name: boathouse
          entry_point: measure_skew
          named_parameters: {endpoint: delays, since: 1h}
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from boathouse.foundation.errors import NotFound
from boathouse.foundation.rest import Connection, RestClient
from boathouse.foundation.spans import parse_span
from boathouse.serving.capture.finding import required
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.skew.nouns import Skew, Subject

if TYPE_CHECKING:
    import pyarrow as pa

    from boathouse.features.feature_spec import FeatureSpec
    from boathouse.session import Session

MOST_REQUESTS = 5_000


def measure_skew() -> None:
    """Measure the features that ``--endpoint`` has read ``--since`` a while ago, of ``--requests`` chosen by chance;
    ``--late`` is how long a value may take to the online store."""
    parser = argparse.ArgumentParser(prog="measure_skew", allow_abbrev=False)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--since", default="24h")
    parser.add_argument("--requests", type=int, default=MOST_REQUESTS)
    parser.add_argument("--late")
    given = parser.parse_args()

    from boathouse.session import default_session

    done = measure(
        default_session(),
        given.endpoint,
        parse_span(given.since),
        most_requests=given.requests,
        late=parse_span(given.late) if given.late else None,
    )
    for line in told(given.endpoint, done):
        sys.stdout.write(f"{line}\n")


def measure(
    session: "Session",
    endpoint: str,
    since: timedelta,
    *,
    most_requests: int = MOST_REQUESTS,
    late: timedelta | None = None,
) -> list[Skew]:
    """Measure, and add a row for each feature of each version to ``<prefix>_skew``."""
    from boathouse.serving.skew.asked import asked
    from boathouse.serving.skew.measuring import measured
    from boathouse.serving.skew.offline import OfflineTables

    now = datetime.now(UTC)
    table = required(session, endpoint, TableKind.PAYLOAD)[0]
    done: list[Skew] = []
    for subject, rows in asked(session, table.table, now - since, now, most_requests).items():
        spec, problem = known_spec(subject, spec_of)
        features = () if spec is None else measured(OfflineTables(session, spec), spec, rows.rows, late=late)
        done.append(Skew(subject, now, now - since, now, tuple(features), rows.left_out, problem))
    if any(each.features for each in done):
        session.write_table(table.sibling("skew"), rows_of(done), schema_mode="merge")
    return done


def known_spec(subject: Subject, find: "Callable[[Subject], FeatureSpec]") -> "tuple[FeatureSpec | None, str | None]":
    """The recipe of who answered, or why there is none any more: a version that was deleted within the window shall not
    keep all others from being measured."""
    try:
        return find(subject), None
    except NotFound as error:
        return None, error.message


def spec_of(subject: Subject) -> "FeatureSpec":
    """The recipe that a version of a model carries."""
    from boathouse.features.specs.spec_files import SPEC_FILE, read_spec
    from boathouse.models.model_files import texts_of

    place = f"{subject.model}/{subject.version}"
    ((uri, text),) = texts_of(RestClient(Connection.from_surroundings()), place, SPEC_FILE)
    return read_spec(text, place=f"{uri}/{SPEC_FILE}")


def rows_of(done: Iterable[Skew]) -> "pa.Table":
    """The rows of ``<prefix>_skew``."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("measured_at", pa.timestamp("us", "UTC")),
            ("window_start", pa.timestamp("us", "UTC")),
            ("window_end", pa.timestamp("us", "UTC")),
            ("endpoint_name", pa.string()),
            ("served_entity_id", pa.string()),
            ("model_name", pa.string()),
            ("model_version", pa.int64()),
            ("feature", pa.string()),
            ("source", pa.string()),
            ("rows", pa.int64()),
            ("mismatches", pa.int64()),
            ("late", pa.int64()),
            ("corrected", pa.int64()),
            ("rate", pa.float64()),
            ("left_out", pa.int64()),
            ("examples", pa.string()),
        ]
    )
    rows: list[dict[str, Any]] = [
        {
            "measured_at": skew.measured_at,
            "window_start": skew.window_start,
            "window_end": skew.window_end,
            "endpoint_name": skew.subject.endpoint,
            "served_entity_id": skew.subject.entity_id,
            "model_name": skew.subject.model,
            "model_version": skew.subject.version,
            "feature": each.feature,
            "source": each.table,
            "rows": each.rows,
            "mismatches": each.mismatches,
            "late": each.late,
            "corrected": each.corrected,
            "rate": each.rate,
            "left_out": skew.left_out,
            "examples": orjson.dumps(each.examples, default=str).decode() if each.examples else None,
        }
        for skew in done
        for each in skew.features
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def told(endpoint: str, done: Iterable[Skew]) -> list[str]:
    """What was found, for people."""
    lines: list[str] = []
    for skew in done:
        if skew.problem is not None:
            lines.append(f"{skew.subject.model}@{skew.subject.version}: not measured. {skew.problem}")
            continue
        rows = max((each.rows for each in skew.features), default=0)
        lines.append(f"{skew.subject.model}@{skew.subject.version}: {rows} rows, {skew.left_out} requests left out")
        for each in skew.features:
            lines.append(
                f"  {each.feature} of {each.table}: {each.mismatches} of {each.rows} differ without a reason "
                f"({each.rate:.2%}), {each.late} late, {each.corrected} corrected since"
            )
    return lines or [f"No request to {endpoint} was answered with features that were kept."]
