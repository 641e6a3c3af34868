"""A registry of 10,000 models x 20 versions behind a real control plane: aliases, versions, and pages of lists.

Asked over HTTP on one connection, by an administrator and by a user who may use one schema in fifty; lists also by
somebody who may use the other forty-nine. Our own routes and MLflow's, whose answers pass our gatekeeper; lists are
read to the end, so that a page that grows with its place shows. Each model has an alias with a move in its history and
two tags, each version a tag, as clients write them. The control plane's own processor time per question stands beside
the times, since those depend on what else the machine does.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filling import add_models, add_models_to_mlflow
from table import section

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.rest import Connection, RestClient
from boathouse.foundation.settings import Settings
from boathouse.metastore import migrate
from boathouse.models.mlflow_server import MlflowSettings
from boathouse.models.stores import MlflowStores
from boathouse.testing.local import start_boathouse, stop_boathouse
from boathouse.wiring.databases import boathouse_database, mlflow_url
from boathouse.wiring.first_start import ensure_admin

SCHEMAS, MODELS_EACH, VERSIONS = 50, 200, 20
QUESTIONS = 200
PAGE = 100
GOAL_MS = 20
OURS, MLFLOW = "/api/boathouse/v1/models", "/api/2.0/mlflow"
Ask = Callable[[RestClient, str], Any]

LOOKUPS: dict[str, Ask] = {
    "MLflow: version by alias": lambda client, name: client.get(
        f"{MLFLOW}/registered-models/alias", name=name, alias="champion"
    )["model_version"]["version"],
    "MLflow: version by number": lambda client, name: client.get(f"{MLFLOW}/model-versions/get", name=name, version=7)[
        "model_version"
    ]["version"],
    "MLflow: model": lambda client, name: client.get(f"{MLFLOW}/registered-models/get", name=name)["registered_model"][
        "name"
    ],
    "MLflow: versions of a model": lambda client, name: len(
        client.get(f"{MLFLOW}/model-versions/search", filter=f"name='{name}'", max_results=VERSIONS)["model_versions"]
    ),
    "model with its versions": lambda client, name: len(client.get(f"{OURS}/{name}")["versions"]),
    "in production now": lambda client, name: client.get(f"{OURS}/{name}/in-production")["version"],
    "evidence by alias": lambda client, name: client.get(f"{OURS}/{name}/versions/champion/evidence")["evidence"],
}


ADMIN, FEW, MOST = "administrator", "user of 1 in 50", "user of 49 in 50"
ALL = {ADMIN: PAGE, FEW: PAGE, MOST: PAGE}
LISTS = (
    ("models", OURS, "models", ALL),
    ("MLflow: models", f"{MLFLOW}/registered-models/search", "registered_models", ALL),
    # 200,000 in pages of 100 would take all day: MLflow sorts all that the caller sees for each page.
    ("MLflow: versions", f"{MLFLOW}/model-versions/search", "model_versions", {FEW: PAGE, ADMIN: 10_000}),
)
"""What is listed, its path, its field, and how many each asks for at a time."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / ".boathouse")
        names, tokens = _filled(home)
        begin = time.perf_counter()
        server = start_boathouse(home)
        try:
            admin = RestClient(Connection(server.url, server.token))
            while admin.get("/health")["parts"]["mlflow"] != "ready":
                time.sleep(0.2)
            started = time.perf_counter() - begin
            askers = {
                ADMIN: (admin, names),
                FEW: (RestClient(Connection(server.url, tokens[FEW])), names[:MODELS_EACH]),
                MOST: (RestClient(Connection(server.url, tokens[MOST])), names[MODELS_EACH:]),
            }
            lookups = [
                [what, asker, *_times(client, mine, ask, server.pids["control-plane"]), GOAL_MS]
                for what, ask in LOOKUPS.items()
                for asker, (client, mine) in askers.items()
                if asker != MOST
            ]
            lists = [[what, asker, f"{size:,}", *_pages(askers[asker][0], path, field, size)]
                     for what, path, field, sizes in LISTS for asker, size in sizes.items()]  # fmt: skip
        finally:
            stop_boathouse(server)
    _report(lookups, lists, started)


def _times(client: RestClient, names: list[str], ask: Ask, pid: int) -> list[str]:
    """p50, p99 and the worst of many questions, and the server's processor time for one, in milliseconds."""
    source = random.Random(2013)
    for _ in range(20):
        ask(client, source.choice(names))
    times: list[float] = []
    before = _processor_ms(pid)
    for _ in range(QUESTIONS):
        name = source.choice(names)
        begin = time.perf_counter()
        ask(client, name)
        times.append((time.perf_counter() - begin) * 1000)
    busy = (_processor_ms(pid) - before) / QUESTIONS
    found = (statistics.median(times), statistics.quantiles(times, n=100)[-1], max(times), busy)
    return [f"{each:.1f}" for each in found]


def _processor_ms(pid: int) -> float:
    """What a process has used of the processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _pages(client: RestClient, path: str, field: str, size: int) -> list[str]:
    """How many things and pages a list has; the median of its first ten pages and of its last ten, in milliseconds."""
    times: list[float] = []
    found, token = 0, None
    while True:
        begin = time.perf_counter()
        page = client.get(path, max_results=size, page_token=token)
        times.append((time.perf_counter() - begin) * 1000)
        found += len(page.get(field, []))
        token = page.get("next_page_token")
        if not token:
            break
    first, last = statistics.median(times[:10]), statistics.median(times[-10:])
    return [f"{found:,}", str(len(times)), f"{first:.1f}", f"{last:.1f}", f"{max(times):.1f}"]


def _filled(home: Home) -> tuple[list[str], dict[str, str]]:
    """The names of all models, and tokens of somebody who may use those of the first schema, and of the others."""
    home.create()
    database = boathouse_database(home, Settings())
    migrate(database)
    catalog = Catalog(database, home)
    ensure_admin(home, catalog)
    names: list[str] = []
    for number in range(SCHEMAS):
        parent = catalog.securables.create_schema(SYSTEM, SchemaName("prod", f"team_{number:02}"))
        mine = [f"prod.team_{number:02}.model_{place:03}" for place in range(MODELS_EACH)]
        add_models(database, mine, parent.id, VERSIONS)
        names += mine
    stores = MlflowStores(MlflowSettings(mlflow_url(home, Settings()), home.artifacts))
    add_models_to_mlflow(stores, names, VERSIONS)
    schemas = [f"prod.team_{number:02}" for number in range(SCHEMAS)]
    tokens: dict[str, str] = {}
    for user, what, mine in (("reader", FEW, schemas[:1]), ("neighbour", MOST, schemas[1:])):
        catalog.identities.create_user(SYSTEM, user)
        catalog.grants.grant(SYSTEM, user, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "prod")
        for schema in mine:
            catalog.grants.grant(SYSTEM, user, [Privilege.USE_SCHEMA, Privilege.EXECUTE], SecurableKind.SCHEMA, schema)
        tokens[what] = catalog.identities.issue_token(SYSTEM, user, lifetime_seconds=3600).secret
    database.dispose()
    return names, tokens


def _report(lookups: list[list[Any]], lists: list[list[Any]], started: float) -> None:
    count = SCHEMAS * MODELS_EACH
    print(
        section(
            f"Lookups among {count:,} models x {VERSIONS} versions, {QUESTIONS} each over HTTP",
            ["what", "asked by", "p50 ms", "p99 ms", "worst ms", "processor ms", "goal p99"],
            lookups,
            f"From start to ready, both databases compared: {started:.1f} s. Load {os.getloadavg()[0]:.1f}.",
        )
    )
    print(
        section(
            "The same, listed page by page",
            ["list", "asked by", "a page", "found", "pages", "first ten pages ms", "last ten pages ms", "worst ms"],
            lists,
            "Medians. A list that is flat in time has the same in both columns.",
        )
    )


if __name__ == "__main__":
    main()
