"""The web page in a real Chromium, with 100,000 runs, 10,000 models, 5,000 tables, 1,000 jobs x 1,000 runs behind it.

    python benchmarks/pages.py [--small] [--open 50] [--home FOLDER]

A page is useful when something of its own stands there: a row, a fact, a figure, or what to do about an empty place.
Each is opened five times in a browser that has been here before, as somebody's second page is; the first visit of all,
which starts the page's application and fills the browser's cache, stands apart. An interaction is from the press of a
key until its effect is seen. The load of the machine stands beside the times: server and browser share it.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from filling import add_models, add_models_to_mlflow, add_runs, add_tables
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from table import section

from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.foundation.rest import Connection, RestClient
from boathouse.foundation.settings import Settings
from boathouse.metastore import migrate
from boathouse.models.mlflow_server import MlflowSettings
from boathouse.models.stores import MlflowStores
from boathouse.testing.chromium import FLAGS, chromium_path
from boathouse.testing.local import LocalBoathouse, start_boathouse, stop_boathouse
from boathouse.testing.simulated_runs import SimulatedRuns
from boathouse.wiring.databases import boathouse_database, mlflow_url
from boathouse.wiring.first_start import ensure_admin, operating_system_user

GOAL_SECONDS, GOAL_INTERACTION_MS = 1.0, 300
VISITS = 5
LONGEST_SECONDS = 10
SETTLED_SECONDS = 30
USEFUL = "main :is(td, dd, .bh-figure, .bh-empty, .bh-graph, summary, .bh-hit, .cm-content) >> visible=true"
"""What makes a page useful; the frame alone does not."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is behind the pages."""

    schemas: int = 50
    models_each: int = 200
    tables_each: int = 100
    versions: int = 20
    runs_in_mlflow: int = 100_000
    jobs: int = 1_000
    runs_each: int = 1_000


SMALL = Size(schemas=5, models_each=20, tables_each=10, versions=3, runs_in_mlflow=500, jobs=20, runs_each=20)


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is to look at."""

    table: str
    model: str
    job_id: int
    run_id: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--open", type=int, default=50, help="pages open at once")
    parser.add_argument("--home", type=Path, help="keep what was filled in, and take it the next time")
    given = parser.parse_args()
    size = SMALL if given.small else Size()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Home((given.home or Path(folder)).absolute() / ".boathouse")
        filled = _filled(home, size)
        server = start_boathouse(home)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        try:
            client = RestClient(Connection(server.url, server.token))
            while client.get("/health")["parts"]["mlflow"] != "ready":
                time.sleep(0.2)
            page, first = _signed_in(chromium, server)
            opened = [_opened(page, server.url + address, name) for name, address in _addresses(filled).items()]
            pressed = [_pressed(page, server.url, name, *what) for name, what in _interactions(filled).items()]
            held = _held(chromium, server, page, filled, given.open)
        finally:
            chromium.close()
            stop_boathouse(server)
    _report(size, first, opened, pressed, held)


def _addresses(filled: Filled) -> dict[str, str]:
    return {
        "home": "/ui/",
        "catalog": "/ui/catalog",
        "a schema of 100 tables and 200 models": f"/ui/catalog/{filled.table.rpartition('.')[0]}",
        "a table": f"/ui/tables/{filled.table}",
        "search": "/ui/search?q=delay",
        "lineage": f"/ui/lineage?of={filled.table}",
        "features": "/ui/features",
        "models": "/ui/models",
        "a model": f"/ui/models/{filled.model}",
        "a version": f"/ui/models/{filled.model}/versions/1",
        "jobs": "/ui/jobs",
        "a job of 1,000 runs": f"/ui/jobs/{filled.job_id}",
        "a run": f"/ui/runs/{filled.run_id}",
        "endpoints": "/ui/endpoints",
        "monitoring": "/ui/monitoring",
        "alerts": "/ui/alerts",
        "incidents": "/ui/incidents",
        "SQL": "/ui/sql",
        "audit": "/ui/audit",
        "principals": "/ui/principals",
        "tokens": "/ui/tokens",
    }


def _interactions(filled: Filled) -> dict[str, tuple[str, str, str]]:
    """The address, what is pressed, and what then stands there."""
    return {
        "sort a grid": ("/ui/models", "main th button", "main th[aria-sort]"),
        "light or dark": ("/ui/", "button[aria-label='Light or dark']", "body.body--dark"),
        "run now asks": (f"/ui/jobs/{filled.job_id}", "main button:has-text('Run now')", ".bh-dialog"),
    }


def _filled(home: Home, size: Size) -> Filled:
    kept = home.root / "filled.json"
    if kept.exists():
        return Filled(**json.loads(kept.read_text()))
    home.create()
    database = boathouse_database(home, Settings())
    migrate(database)
    catalog = Catalog(database, home)
    ensure_admin(home, catalog)
    source = random.Random(2013)
    tables: list[str] = []
    models: list[str] = []
    for number in range(size.schemas):
        schema = SchemaName("prod", f"team_{number:02}")
        parent = catalog.securables.create_schema(SYSTEM, schema)
        tables += add_tables(database, str(schema), parent.id, size.tables_each, source)
        mine = [f"{schema}.model_{place:03}" for place in range(size.models_each)]
        add_models(database, mine, parent.id, size.versions)
        models += mine
    stores = MlflowStores(MlflowSettings(mlflow_url(home, Settings()), home.artifacts))
    add_models_to_mlflow(stores, models, size.versions)
    add_runs(stores, size.runs_in_mlflow)
    rounds = min(5, size.runs_each)
    days = size.runs_each // rounds
    clock = ManualClock(datetime.now(UTC) - timedelta(days=days + 1))
    runs = SimulatedRuns(home, database, clock, jobs=size.jobs, owner=operating_system_user())
    for _ in range(days):
        runs.day(rounds, with_logs=False)
    newest = runs.newest(1)[0]
    database.dispose()
    filled = Filled(tables[0], models[0], runs.job_ids[0], newest)
    kept.write_text(json.dumps(asdict(filled)))
    return filled


def _signed_in(chromium: Browser, server: LocalBoathouse) -> tuple[Page, float]:
    """A page of somebody who has signed in, and the seconds that the very first page took."""
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{server.url}/ui/sign-in")
    page.get_by_label("Token").fill(server.token)
    begin = time.perf_counter()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector(USEFUL)
    return page, time.perf_counter() - begin


def _opened(page: Page, url: str, name: str) -> list[str]:
    times: list[float] = []
    for _ in range(VISITS + 1):
        begin = time.perf_counter()
        page.goto(url, wait_until="commit")
        try:
            page.wait_for_selector(USEFUL, timeout=LONGEST_SECONDS * 1000)
        except PlaywrightTimeout:
            print(f"  {name}: nothing useful within {LONGEST_SECONDS} s: {page.inner_text('body')}", file=sys.stderr)
        times.append(time.perf_counter() - begin)
    print(f"  {name}: {times}", file=sys.stderr, flush=True)
    told = times[1:]
    met = "met" if statistics.median(told) <= GOAL_SECONDS else "missed"
    return [name, f"{statistics.median(told):.2f}", f"{max(told):.2f}", f"{GOAL_SECONDS:g} s: {met}"]


def _pressed(page: Page, url: str, name: str, address: str, pressed: str, shown: str) -> list[str]:
    times: list[float] = []
    for _ in range(VISITS):
        page.goto(url + address)
        page.wait_for_selector(USEFUL)
        page.wait_for_load_state("networkidle")
        begin = time.perf_counter()
        page.locator(pressed).first.click()
        page.wait_for_selector(shown)
        times.append((time.perf_counter() - begin) * 1000)
        page.context.clear_cookies(name="boathouse_theme")
    met = "met" if statistics.median(times) <= GOAL_INTERACTION_MS else "missed"
    return [name, f"{statistics.median(times):.0f}", f"{max(times):.0f}", f"{GOAL_INTERACTION_MS} ms: {met}"]


def _held(chromium: Browser, server: LocalBoathouse, page: Page, filled: Filled, count: int) -> list[list[str]]:
    """What pages hold in the server while they are open, and how one more opens beside them."""
    process = psutil.Process(server.pids["control-plane"])
    addresses = list(_addresses(filled).values())
    before = process.memory_info().rss
    others = [page.context.new_page() for _ in range(count)]
    for number, other in enumerate(others):
        other.goto(server.url + addresses[number % len(addresses)])
        other.wait_for_selector(USEFUL)
    grown = (process.memory_info().rss - before) / 1e6
    one_more = _opened(page, f"{server.url}/ui/", "home")
    time.sleep(SETTLED_SECONDS)  # the parts of pages that come later have come
    begin, used = time.perf_counter(), sum(process.cpu_times()[:2])
    time.sleep(10)
    share = (sum(process.cpu_times()[:2]) - used) / (time.perf_counter() - begin)
    for other in others:
        other.close()
    return [[str(count), f"{grown / count:.2f}", f"{grown:.0f}", f"{share:.0%}", one_more[1]]]


def _report(size: Size, first: float, opened: list[list[str]], pressed: list[list[str]], held: list[list[str]]) -> None:
    behind = {
        "runs of MLflow": size.runs_in_mlflow,
        f"models x {size.versions} versions": size.schemas * size.models_each,
        "tables": size.schemas * size.tables_each,
        f"jobs x {size.runs_each:,} runs": size.jobs,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in behind.items())
    at_first = f"signing in and the first page of all: {first:.2f} s"
    note = f"{told}. Medians of {VISITS}; {at_first}. Load {os.getloadavg()[0]:.1f}."
    print(section("Pages: from the wish to something useful", ["page", "s", "worst s", "goal"], opened, note))
    print(section("Interactions", ["what", "ms", "worst ms", "goal"], pressed))
    head = ["open pages", "MB each", "MB", "processor while nobody does anything", "home beside them, s"]
    print(section("Pages that stay open", head, held))


if __name__ == "__main__":
    main()
