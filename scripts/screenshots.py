"""Pictures of every page on the demo's data, into docs/images: ``make screenshots``, after ``make demo``.

    python scripts/screenshots.py [--home .boathouse] [--to docs/images] [--all]

Without ``--all`` only those that stand in the README and the docs are made; with it every page, also in the dark and at
390 pixels.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from boathouse.foundation.home import Home
from boathouse.foundation.rest import Connection, RestClient
from boathouse.testing.chromium import FLAGS, chromium_path

SHOWN = ("home", "model", "lineage", "run", "endpoint", "monitor")
"""The six that stand in the README and the docs."""
MODEL, TABLE, WATCHED, ENDPOINT = (
    "prod.flights.delay_model",
    "prod.flights.weather",
    "prod.flights.weather",
    "flight-delays-prod",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, default=Path(".boathouse"))
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    home = Home(given.home.absolute())
    running = home.running()
    if running is None:
        sys.exit(f"No Boathouse runs on {home.root}. Start the demo first: make demo")
    given.to.mkdir(parents=True, exist_ok=True)
    addresses = _addresses(RestClient(Connection(str(running["url"]), home.token() or "")))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        looks = (
            {"": (1280, "light"), "-dark": (1280, "dark"), "-narrow": (390, "light")}
            if given.all
            else {"": (1280, "light")}
        )
        for look, (width, scheme) in looks.items():
            page = _signed_in(chromium, str(running["url"]), home.token() or "", width, scheme)
            for name, address in addresses.items():
                if given.all or name in SHOWN:
                    _take(page, str(running["url"]) + address, given.to / f"{name}{look}.png", whole=given.all)
        chromium.close()


def _addresses(client: RestClient) -> Mapping[str, str]:
    """Every page of the demo's things."""
    jobs = {job["settings"]["name"]: job["job_id"] for job in client.get("/api/2.2/jobs/list", limit=100)["jobs"]}
    training = next(job for name, job in jobs.items() if "training" in name and name.endswith("prod"))
    features = next(job for name, job in jobs.items() if "features" in name and name.endswith("prod"))
    run = client.get("/api/2.2/jobs/runs/list", job_id=features, limit=1)["runs"][0]["run_id"]
    incidents = client.get("/api/boathouse/v1/incidents").get("incidents", [])
    return {
        "home": "/ui/",
        "catalog": "/ui/catalog/prod.flights",
        "table": f"/ui/tables/{TABLE}",
        "search": "/ui/search?q=delay",
        "lineage": f"/ui/lineage?of={MODEL}",
        "features": "/ui/features",
        "models": "/ui/models",
        "model": f"/ui/models/{MODEL}",
        "version": f"/ui/models/{MODEL}/versions/1",
        "jobs": "/ui/jobs",
        "job": f"/ui/jobs/{training}",
        "run": f"/ui/runs/{run}",
        "endpoints": "/ui/endpoints",
        "endpoint": f"/ui/endpoints/{ENDPOINT}",
        "monitoring": "/ui/monitoring",
        "monitor": f"/ui/monitoring/{TABLE}",
        "alerts": "/ui/alerts",
        "incidents": "/ui/incidents",
        **({"incident": f"/ui/incidents/{incidents[0]['number']}"} if incidents else {}),
        "sql": "/ui/sql",
        "audit": "/ui/audit",
        "principals": "/ui/principals",
        "tokens": "/ui/tokens",
    }


def _signed_in(chromium: Browser, url: str, token: str, width: int, scheme: str) -> Page:
    context = chromium.new_context(viewport={"width": width, "height": 860}, locale="en-GB",
                                   timezone_id="America/New_York", color_scheme=scheme)  # fmt: skip
    page = context.new_page()
    page.goto(f"{url}/ui/sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_selector("h1")
    return page


def _take(page: Page, url: str, file: Path, *, whole: bool) -> None:
    page.goto(url)
    page.wait_for_selector("h1")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("!document.querySelector('.bh-loading')")
    if page.inner_text("h1") == "Not shown":
        sys.exit(f"{url} shows nothing: {page.inner_text('main')}")
    page.screenshot(path=file, full_page=whole)
    sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
