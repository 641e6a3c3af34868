"""Search over 5,000 tables of 50 columns, asked over HTTP at a real control plane.

Two people ask: an administrator, who may know of everything, and a user who may know of one table in fifty. The
questions are of every kind: whole names, beginnings, words of columns and comments, several words, typing errors, words
that every table has, tags, and things that are not there.
"""

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from filling import COLUMNS, WORDS, add_tables
from table import section

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.rest import Connection, RestClient
from boathouse.foundation.settings import Settings
from boathouse.metastore import migrate
from boathouse.testing.local import start_boathouse, stop_boathouse
from boathouse.wiring.databases import boathouse_database
from boathouse.wiring.first_start import ensure_admin

SCHEMAS, TABLES_EACH = 50, 100
QUESTIONS = 600


def main() -> None:
    source = random.Random(2013)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / ".boathouse")
        begin = time.perf_counter()
        names, token = _filled(home, source)
        filled = time.perf_counter() - begin
        server = start_boathouse(home)
        try:
            askers = {
                "administrator": RestClient(Connection(server.url, server.token)),
                "who may know of 1 in 50": RestClient(Connection(server.url, token)),
            }
            times = {asker: _asked(client, names, random.Random(7)) for asker, client in askers.items()}
        finally:
            stop_boathouse(server)
    _report(times, filled, len(names))


def _filled(home: Home, source: random.Random) -> tuple[list[str], str]:
    """The names of all tables, and a token of somebody who may know of one schema."""
    home.create()
    database = boathouse_database(home, Settings())
    migrate(database)
    catalog = Catalog(database, home)
    ensure_admin(home, catalog)
    names: list[str] = []
    for number in range(SCHEMAS):
        schema = SchemaName("dev", f"{WORDS[number % len(WORDS)]}_{number}")
        parent = catalog.securables.create_schema(SYSTEM, schema)
        names += add_tables(database, str(schema), parent.id, TABLES_EACH, source)
    catalog.identities.create_user(SYSTEM, "reader")
    catalog.grants.grant(SYSTEM, "reader", [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
    seen = names[0].rpartition(".")[0]
    catalog.grants.grant(SYSTEM, "reader", [Privilege.USE_SCHEMA, Privilege.SELECT], SecurableKind.SCHEMA, seen)
    token = catalog.identities.issue_token(SYSTEM, "reader", lifetime_seconds=3600).secret
    database.dispose()
    return names, token


def _asked(client: RestClient, names: list[str], source: random.Random) -> list[float]:
    """Milliseconds of each question, once the server has loaded MLflow, which takes a processor for some seconds."""
    while client.get("/health")["parts"]["mlflow"] != "ready":
        time.sleep(0.5)
    for warm in ("delay", "id", "nothing at all"):
        client.get("/api/boathouse/v1/search", q=warm)
    times: list[float] = []
    for _ in range(QUESTIONS):
        asked = _question(names, source)
        begin = time.perf_counter()
        client.get("/api/boathouse/v1/search", **asked)
        times.append((time.perf_counter() - begin) * 1000)
    return times


def _question(names: list[str], source: random.Random) -> dict[str, str]:
    word, other = source.sample(WORDS, 2)
    return source.choice(
        [
            {"q": source.choice(names).rpartition(".")[2]},
            {"q": source.choice(names)},
            {"q": word},
            {"q": word[:4]},
            {"q": f"{word} {other}"},
            {"q": f"{word} {other} {source.choice(WORDS)}"},
            {"q": _mistyped(word, source)},
            {"q": "id"},
            {"q": word, "kind": "table", "tag": f"domain={other}"},
            {"tag": "domain"},
            {"q": "zebra crossing"},
        ]
    )


def _mistyped(word: str, source: random.Random) -> str:
    place = source.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _report(times: dict[str, list[float]], filled: float, tables: int) -> None:
    rows = [
        [
            asker,
            *(f"{value:.1f}" for value in (statistics.median(each), statistics.quantiles(each, n=100)[-1], max(each))),
            50,
        ]
        for asker, each in times.items()
    ]
    print(
        section(
            f"Search over {tables:,} tables x {COLUMNS} columns, {QUESTIONS} questions over HTTP",
            ["asked by", "p50 ms", "p99 ms", "worst ms", "goal p99"],
            rows,
            f"Registering and indexing a table of {COLUMNS} columns took {filled / tables * 1000:.1f} ms. "
            f"Load {os.getloadavg()[0]:.1f}.",
        )
    )


if __name__ == "__main__":
    main()
