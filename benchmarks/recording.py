"""What audit and lineage cost a statement: a session that has them written down beside one that has not.

Both decide and resolve alike; only the writing differs, and for a statement that stores rows also the search for the
columns that flow into them. In process first; then over HTTP, where writing the lineage down is one more round trip.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from governed_query import LONG, ONE_ROW, _rows
from table import section

from boathouse.catalog import Catalog, LineageEdge, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.foundation.rest import Connection
from boathouse.foundation.settings import Settings
from boathouse.lake import DuckDBEngine
from boathouse.metastore import migrate
from boathouse.session import LocalLaw, Session
from boathouse.session.default import connected_session
from boathouse.session.law import Statement
from boathouse.session.running.access import Access
from boathouse.testing import running_boathouse
from boathouse.wiring.databases import boathouse_database

FILES, TABLE = 10, "dev.bench.trips"
REPEATS, SMALL_REPEATS = 9, 80
STORE = """INSERT OVERWRITE dev.bench.sums
    SELECT carrier, month, count(*) AS flights, avg(delay) AS mean_delay, max(distance) AS farthest
    FROM dev.bench.trips WHERE delay > -30 GROUP BY carrier, month"""


class SilentLaw(LocalLaw):
    """Decides as ever and writes nothing down."""

    def record_lineage(self, principal: Principal, edges: Sequence[LineageEdge]) -> None:
        pass

    @contextmanager
    def _audited(
        self, principal: Principal, statement: Statement, kind: SecurableKind | None, name: str | None
    ) -> Generator[None]:
        yield


class BlindAccess(Access):
    """Does not look which columns flow where."""

    @property
    def writes(self) -> bool:
        return False


class SilentSession(Session):
    """A session of which nothing is remembered."""

    def _access(self, *given: Any) -> Access:
        access = super()._access(*given)
        return BlindAccess(**{field.name: getattr(access, field.name) for field in fields(access)})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        inside = _in_process(Home(Path(folder) / ".boathouse"))
    with tempfile.TemporaryDirectory() as folder, running_boathouse(Path(folder)) as server:
        session = connected_session(Connection(server.url, server.token))
        session.sql("CREATE SCHEMA dev.bench")
        session.write_table(TABLE, _rows(0))
        remote = _over_http(session)
    _report(inside, remote)


def _in_process(home: Home) -> dict[str, tuple[float, float]]:
    """Seconds of each statement, without and with recording."""
    home.create()
    database = boathouse_database(home, Settings())
    migrate(database)
    catalog = Catalog(database, home)
    catalog.bootstrap("bench")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "bench"))
    principal, engine = catalog.identities.principal("bench"), DuckDBEngine()
    silent = SilentSession(principal, SilentLaw(catalog), engine)
    recording = Session(principal, LocalLaw(catalog), engine)
    for number in range(FILES):
        recording.write_table(TABLE, _rows(number))
    recording.sql(STORE.replace("INSERT OVERWRITE dev.bench.sums", "CREATE TABLE dev.bench.sums AS"))
    rows = iter(range(10**6, 10**8, 101))
    try:
        return {
            "aggregation": _side_by_side(lambda s: s.sql(LONG.format(table=TABLE)).arrow(), silent, recording, REPEATS),
            "INSERT OVERWRITE ... SELECT": _side_by_side(lambda s: s.sql(STORE), silent, recording, REPEATS),
            "one row": _side_by_side(
                lambda s: s.sql(ONE_ROW.format(table=TABLE, row=next(rows))).arrow(), silent, recording, SMALL_REPEATS
            ),
        }
    finally:
        database.dispose()


def _side_by_side(
    run: Callable[[Session], Any], silent: Session, recording: Session, repeats: int
) -> tuple[float, float]:
    """Medians; the contenders take turns, so that noise meets them alike."""
    times: dict[Session, list[float]] = {silent: [], recording: []}
    for session in (silent, recording):
        run(session)
    for number in range(repeats):
        for session in (silent, recording) if number % 2 else (recording, silent):
            begin = time.perf_counter()
            run(session)
            times[session].append(time.perf_counter() - begin)
    return statistics.median(times[silent]), statistics.median(times[recording])


def _over_http(session: Session) -> tuple[float, float]:
    """Of a one-row query over HTTP: its seconds, and those in which its lineage was being written down."""
    law, spent = session.law, list[float]()
    record = law.record_lineage

    def timed(principal: Principal, edges: Sequence[LineageEdge]) -> None:
        begin = time.perf_counter()
        record(principal, edges)
        spent.append(time.perf_counter() - begin)

    law.record_lineage = timed  # type: ignore[method-assign]
    whole: list[float] = []
    for row in range(1000, 1000 + SMALL_REPEATS):
        begin = time.perf_counter()
        session.sql(ONE_ROW.format(table=TABLE, row=row)).arrow()
        whole.append(time.perf_counter() - begin)
    return statistics.median(whole), statistics.median(spent)


def _report(inside: dict[str, tuple[float, float]], remote: tuple[float, float]) -> None:
    rows = [
        [f"{what}, in process", f"{silent * 1000:.1f}", f"{recording * 1000:.1f}",
         f"{(recording - silent) / silent * 100:.1f} %", "5 %" if what != "one row" else ""]
        for what, (silent, recording) in inside.items()
    ]  # fmt: skip
    whole, spent = remote
    rows.append(["one row, over HTTP", f"{(whole - spent) * 1000:.1f}", f"{whole * 1000:.1f}",
                 f"{spent / (whole - spent) * 100:.1f} %", ""])  # fmt: skip
    figures = {what: {"silent_s": silent, "recording_s": recording} for what, (silent, recording) in inside.items()}
    figures["over_http"] = {"whole_s": whole, "lineage_s": spent}
    print(
        section(
            f"Audit and lineage, beside a table of {FILES * 1_000_000:,} rows",
            ["statement", "without, ms", "with, ms", "they add", "goal"],
            rows,
            f"Load {os.getloadavg()[0]:.1f}.\n\n```json\n{json.dumps(figures)}\n```",
        )
    )


if __name__ == "__main__":
    main()
