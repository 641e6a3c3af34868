# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Replaying a sample of yesterday's requests: a task of a nightly job, and a test of the whole platform.

Example:
    tasks:
      - task_key: replay
        python_wheel_task:
          package_name: boathouse
          entry_point: replay_sample
          named_parameters: {endpoint: delays, requests: "100"}
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import locate_home
from boathouse.foundation.names import FunctionName
from boathouse.foundation.spans import parse_span
from boathouse.serving.capture.finding import required
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.replay.finding import sample
from boathouse.serving.replay.nouns import Replay, Verdict
from boathouse.session.running.access import new_statement

if TYPE_CHECKING:
    import pyarrow as pa

    from boathouse.catalog import Function
    from boathouse.serving.replay.replaying import Sources
    from boathouse.session import Session


def replay_sample() -> None:
    """Replay ``--requests`` of the last ``--since`` of ``--endpoint``; fails when an answer differs.

    Raises:
        Conflict: One does.
    """
    parser = argparse.ArgumentParser(prog="replay_sample", allow_abbrev=False)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--since", default="24h")
    given = parser.parse_args()

    from boathouse.session import default_session

    session = default_session()
    done = replayed(session, given.endpoint, datetime.now(UTC) - parse_span(given.since), given.requests)
    counts = Counter(each.verdict for each in done)
    sys.stdout.write(
        f"{len(done)} requests of {given.endpoint} replayed: {counts[Verdict.EQUAL]} equal, "
        f"{counts[Verdict.DIFFERS]} different, {counts[Verdict.IMPOSSIBLE]} cannot be replayed.\n"
    )
    for reason, count in Counter(each.reason for each in done if each.reason).most_common():
        sys.stdout.write(f"{count}: {reason}\n")
    require_equal(given.endpoint, done)


def replayed(session: "Session", endpoint: str, since: datetime, count: int) -> list[Replay]:
    """Replay a sample, and add what came of it to ``<prefix>_replays``."""
    from boathouse.serving.replay.replaying import Replayer

    table = required(session, endpoint, TableKind.PAYLOAD)[0]
    with Replayer(sources_of(session), scratch_folder()) as replayer:
        done = [replayer.replay(each) for each in sample(session, table, since, count)]
    if done:
        session.write_table(table.sibling("replays"), results_of(done), schema_mode="merge")
    return done


def sources_of(session: "Session") -> "Sources":
    """Models, baselines and functions, as far as whoever the session acts for may read and execute them."""
    from boathouse.models.feature_models import fetched, fetched_baseline
    from boathouse.serving.replay.replaying import Sources

    def function(name: str) -> "Function":
        wanted = FunctionName.parse(name)
        statement = new_statement("CALL FUNCTION", f"replay of {wanted}")
        (found,) = session.law.resolve_functions(session.principal, [wanted], statement)
        return found

    return Sources(fetched, fetched_baseline, function)


def require_equal(endpoint: str, done: Iterable[Replay]) -> None:
    """
    Raises:
        Conflict: An answer differs; names the first requests.
    """
    differing = [each for each in done if each.verdict is Verdict.DIFFERS]
    if differing:
        named = ", ".join(each.request_id for each in differing[:5])
        raise Conflict(
            f"{len(differing)} answers of {endpoint} do not come out again: {named}.",
            hint=f"See what differs: boathouse replay {differing[0].request_id} --endpoint {endpoint}",
        )


def results_of(done: Iterable[Replay]) -> "pa.Table":
    """The rows of ``<prefix>_replays``."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("replayed_at", pa.timestamp("us", "UTC")),
            ("databricks_request_id", pa.string()),
            ("endpoint_name", pa.string()),
            ("model_name", pa.string()),
            ("model_version", pa.int64()),
            ("rung", pa.string()),
            ("verdict", pa.string()),
            ("reason", pa.string()),
            ("differing_outputs", pa.int64()),
            ("differences", pa.string()),
            ("notes", pa.list_(pa.string())),
        ]
    )
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {
            "replayed_at": now,
            "databricks_request_id": each.request_id,
            "endpoint_name": each.endpoint,
            "model_name": each.model,
            "model_version": each.version,
            "rung": each.rung,
            "verdict": each.verdict.value,
            "reason": each.reason,
            "differing_outputs": each.differing,
            "differences": orjson.dumps(each.differences).decode() if each.differences else None,
            "notes": list(each.notes),
        }
        for each in done
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def scratch_folder() -> Path | None:
    """Where the workers of this machine keep what they have found out of models, if there are any."""
    home = locate_home()
    folder = home.serving / "scratch" if home is not None else None
    return folder if folder is not None and folder.is_dir() else None
