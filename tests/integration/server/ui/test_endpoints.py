"""Endpoints and features in a browser, in front of a server whose data plane answers."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.serving.capture.conftest import MODEL, SETUP, run_script

from boathouse.foundation.errors import BoathouseError
from boathouse.server.ui import addresses
from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.timeout(600)  # the first test waits for a model to be trained, registered and loaded
HOSTILE = "<img src=x onerror=\"document.body.dataset.harmed='yes'\"> late trains"
TABLE = "dev.rides.stations"
ANOTHER_VERSION = """
with mlflow.start_run():
    fe.log_model(model=model, flavor=mlflow.lightgbm, training_set=training, artifact_path="model",
                 registered_model_name="dev.rides.delay")
"""
PATIENCE_SECONDS = 120.0
ASKED = {"dataframe_records": [{"station": "s3", "asked_at": "2099-01-01T06:00:00", "hour": 7}]}
Visits = Callable[..., Visit]


@dataclass(frozen=True, slots=True)
class Somebody:
    """A principal with one level on one endpoint."""

    name: str
    token: str
    endpoint_id: str


@pytest.fixture(scope="module")
def boathouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """One with a data plane, two versions of a model with features, and its features published."""
    folder = Path(tmp_path_factory.mktemp("answering"))
    variables = {"BOATHOUSE_SERVING_WORKERS": "1", "BOATHOUSE_SERVING_PORT": "0", "BOATHOUSE_CAPTURE_SECONDS": "0.2"}
    with running_boathouse(folder, variables=variables) as server:
        run_script(server, SETUP + ANOTHER_VERSION, folder)
        yield server


@pytest.fixture(scope="module")
def make(boathouse: LocalBoathouse) -> Callable[[str], str]:
    """Makes an endpoint of both versions, the first of which has all traffic; answers once it does."""

    def made(name: str) -> str:
        entities = [
            {"name": "steady", "entity_name": MODEL, "entity_version": "champion"},
            {"name": "fresh", "entity_name": MODEL, "entity_version": "2"},
        ]
        routes = [
            {"served_entity_name": "steady", "traffic_percentage": 100},
            {"served_entity_name": "fresh", "traffic_percentage": 0},
        ]
        config = {
            "served_entities": entities,
            "traffic_config": {"routes": routes},
            "auto_capture_config": {"catalog_name": "dev", "schema_name": "rides", "table_name_prefix": name},
        }
        asked = {"name": name, "config": config, "description": HOSTILE}
        boathouse.client().post("/api/2.0/serving-endpoints", asked)
        until(lambda: ask(boathouse, name))
        return name

    return made


@pytest.fixture(scope="module")
def rides(make: Callable[[str], str]) -> str:
    """The name of an endpoint that answers; nobody changes it."""
    return make("rides")


@pytest.fixture
def somebody(boathouse: LocalBoathouse) -> Callable[[str, str, str], Somebody]:
    """Makes a principal who has a level on an endpoint."""

    def made(name: str, endpoint: str, level: str) -> Somebody:
        client = boathouse.client()
        client.post("/api/boathouse/v1/principals", {"name": name, "kind": "service_principal"})
        issued = client.post("/api/2.0/token-management/on-behalf-of/tokens", {"application_id": name})
        endpoint_id = client.get(f"/api/2.0/serving-endpoints/{endpoint}")["id"]
        given = [{"service_principal_name": name, "permission_level": level}]
        client.patch(f"/api/2.0/permissions/serving-endpoints/{endpoint_id}", {"access_control_list": given})
        return Somebody(name, issued["token_value"], endpoint_id)

    return made


def until(fits: Callable[[], Any]) -> Any:
    """What a question answers once that is true."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := fits()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def ask(server: LocalBoathouse, name: str) -> Any:
    try:
        return server.client().post(f"/serving-endpoints/{name}/invocations", ASKED)
    except BoathouseError:
        return None


def is_sound(visit: Visit, page: Page) -> None:
    """Nothing hostile ran, nothing failed, everybody can use it."""
    assert complaints(page) == []
    assert visit.errors == []
    assert page.evaluate("document.body.dataset.harmed") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def loaded(page: Page) -> Page:
    """The page once nothing of it is still to come."""
    page.wait_for_function("document.querySelectorAll('.bh-loading').length === 0")
    return page


def test_endpoints_are_listed_and_shown(visit_as: Visits, rides: str) -> None:
    for width in (1280, 390):
        visit = visit_as(width=width)
        page = visit.open("/ui/endpoints")
        is_sound(visit, page)
        page.get_by_role("link", name=rides, exact=True).click()

        page.wait_for_url(f"**/ui/endpoints/{rides}")
        expect(page.get_by_text(HOSTILE)).to_be_visible()
        expect(page.get_by_role("region", name="Traffic split")).to_contain_text("100 %")
        is_sound(visit, page)


@pytest.mark.parametrize("tab", ["Query", "Requests", "Rollouts", "Shadow and A/B test", "History", "Permissions"])
def test_every_section_has_its_address(visit: Visit, rides: str, tab: str) -> None:
    page = loaded(visit.open(addresses.with_query(addresses.endpoint(rides), tab=tab)))

    here = page.get_by_role("navigation", name="Sections").get_by_role("link", name=tab)
    expect(here).to_have_attribute("aria-current", "page")
    is_sound(visit, page)


def test_traffic_is_moved_for_a_reason(visit: Visit, make: Callable[[str], str], boathouse: LocalBoathouse) -> None:
    name = make("moved")
    page = visit.open(f"/ui/endpoints/{name}")
    page.get_by_role("button", name="Move traffic").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("fresh, percent").fill("30")
    expect(dialog.get_by_label("steady, percent")).to_have_value("70")
    dialog.get_by_role("button", name="Move traffic").click()
    expect(dialog.get_by_text("Say why; the reason is kept.")).to_be_visible()
    dialog.get_by_label("Reason").fill(HOSTILE)
    dialog.get_by_role("button", name="Move traffic").click()

    expect(page.get_by_role("region", name="Traffic split")).to_contain_text("30 %", timeout=PATIENCE_SECONDS * 1000)
    config = boathouse.client().get(f"/api/boathouse/v1/endpoints/{name}")["config"]
    shares = {each["served_entity_name"]: each["traffic_percentage"] for each in config["traffic_config"]["routes"]}
    assert (shares, config["reason"]) == ({"steady": 70, "fresh": 30}, HOSTILE)
    visit.open(f"/ui/endpoints/{name}?tab=History")
    expect(page.get_by_role("region", name="Configurations")).to_contain_text(HOSTILE)
    page.get_by_role("link", name="version 1", exact=True).click()
    page.wait_for_url("**at=*")
    expect(page.get_by_text("As it was on")).to_be_visible()
    is_sound(visit, page)


def test_who_may_not_move_traffic_is_not_offered_it_and_is_refused(
    visit_as: Visits,
    make: Callable[[str], str],
    somebody: Callable[[str, str, str], Somebody],
    boathouse: LocalBoathouse,
) -> None:
    name = make("kept")
    guest, manager = somebody("guest", name, "CAN_QUERY"), somebody("manager", name, "CAN_MANAGE")
    page = visit_as(guest.token).open(f"/ui/endpoints/{name}")
    expect(page.get_by_role("region", name="Traffic split")).to_be_visible()
    expect(page.get_by_role("button", name="Move traffic")).to_have_count(0)

    page = visit_as(manager.token).open(f"/ui/endpoints/{name}")
    page.get_by_role("button", name="Move traffic").click()
    given = [{"service_principal_name": "manager", "permission_level": "CAN_VIEW"}]
    path = f"/api/2.0/permissions/serving-endpoints/{manager.endpoint_id}"
    boathouse.client().patch(path, {"access_control_list": given})
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("fresh, percent").fill("100")
    dialog.get_by_label("Reason").fill("mine")
    dialog.get_by_role("button", name="Move traffic").click()

    expect(page.get_by_role("alert").filter(has_text="MANAGE")).to_be_visible()
    config = boathouse.client().get(f"/api/boathouse/v1/endpoints/{name}")["config"]
    assert config["config_version"] == 1


def test_the_form_asks_and_tells_who_answered(visit: Visit, rides: str) -> None:
    page = loaded(visit.open(f"/ui/endpoints/{rides}?tab=Query"))
    page.get_by_label("station (text)").fill("s3")
    page.get_by_label(re.compile(r"^hour ")).fill("seven")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="'seven' does not fit hour")).to_be_visible()
    page.get_by_label(re.compile(r"^hour ")).fill("7")
    page.get_by_role("button", name="Ask", exact=True).click()

    answer = page.get_by_role("status", name="Answer")
    expect(answer.get_by_role("link", name=f"{MODEL}@1")).to_be_visible()
    expect(answer.get_by_role("region", name="Predictions")).to_be_visible()
    expect(answer.get_by_role("link", name=re.compile("^[0-9a-f-]{36}$"))).to_be_visible()
    is_sound(visit, page)


def test_who_may_only_see_an_endpoint_is_not_offered_the_form(
    visit_as: Visits, rides: str, somebody: Callable[[str, str, str], Somebody]
) -> None:
    page = visit_as(somebody("onlooker", rides, "CAN_VIEW").token).open(f"/ui/endpoints/{rides}?tab=Query")

    expect(page.get_by_text(f"You may see {rides}, and not ask it.")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_have_count(0)


def test_figures_go_on_while_somebody_looks(visit: Visit, rides: str, boathouse: LocalBoathouse) -> None:
    page = visit.open(f"/ui/endpoints/{rides}")
    expect(page.get_by_role("img", name="Requests per second")).to_be_visible()
    expect(page.get_by_text("requests in the last 5 seconds")).to_be_visible(timeout=30_000)
    assert all(ask(boathouse, rides) for _ in range(5))

    expect(page.get_by_text(re.compile(r"^[1-9]\d* requests in the last 5 seconds"))).to_be_visible(timeout=30_000)


def test_a_request_is_found_and_answered_again(visit: Visit, rides: str, boathouse: LocalBoathouse) -> None:
    assert ask(boathouse, rides)
    page = loaded(visit.open(f"/ui/endpoints/{rides}?tab=Requests"))
    found = page.get_by_role("region", name="Latest requests").get_by_role("link")

    def is_there() -> bool:
        if not found.count():
            loaded(visit.open(f"/ui/endpoints/{rides}?tab=Requests"))
        return bool(found.count())

    until(is_there)
    found.first.click()
    page.wait_for_url("**/requests/*")
    loaded(page)
    expect(page.get_by_role("region", name="Features used")).to_contain_text("mean")
    is_sound(visit, page)
    page.get_by_role("button", name="Replay").click()
    outcome = page.get_by_role("status", name="Replay")
    expect(outcome).to_contain_text("equal", timeout=PATIENCE_SECONDS * 1000)


def test_an_id_leads_to_its_request_or_to_a_sentence(visit: Visit, rides: str, boathouse: LocalBoathouse) -> None:
    assert ask(boathouse, rides)
    page = visit.open(f"/ui/endpoints/{rides}?tab=Requests")
    page.get_by_label("Request id").fill("4711")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(f"**/ui/endpoints/{rides}/requests/4711")

    def is_told() -> bool:
        """Once the first answers are in the inference table."""
        page = loaded(visit.open(f"/ui/endpoints/{rides}/requests/%3Cimg%20src%3Dx%3E"))
        return "is not in the inference tables" in page.get_by_role("alert").inner_text()

    assert until(is_told)


def test_feature_tables_are_listed_and_shown(visit_as: Visits, rides: str) -> None:
    for width in (1280, 390):
        visit = visit_as(width=width)
        page = loaded(visit.open("/ui/features"))
        is_sound(visit, page)
        page.get_by_role("link", name=TABLE, exact=True).click()
        page.wait_for_url(f"**/ui/features/{TABLE}")
        loaded(page)
        expect(page.get_by_role("region", name="Features")).to_contain_text("mean")
        expect(page.get_by_role("region", name="Published online")).to_contain_text("up to date")
        expect(page.get_by_role("img", name=re.compile("^Age of the newest values"))).to_be_visible()
        is_sound(visit, page)


def test_consumers_of_a_feature_table_lead_to_the_endpoint(visit: Visit, rides: str) -> None:
    page = loaded(visit.open(f"/ui/features/{TABLE}?tab=Consumers"))

    consumers = page.get_by_role("region", name="Consumers")
    expect(consumers.get_by_role("link", name=rides, exact=True)).to_be_visible()
    expect(consumers.get_by_role("link", name=MODEL, exact=True).first).to_be_visible()
    is_sound(visit, page)
    page = loaded(visit.open(f"/ui/features/{TABLE}?tab=Skew"))
    expect(page.get_by_text("Nothing was measured of its features that you may read.")).to_be_visible()
    is_sound(visit, page)


def test_a_table_without_a_key_is_no_feature_table(visit: Visit, rides: str, boathouse: LocalBoathouse) -> None:
    until(lambda: ask(boathouse, rides))
    name = until(lambda: _payload_table(boathouse, rides))
    page = visit.open(f"/ui/features/{name}")
    expect(page.get_by_role("alert")).to_contain_text("key")


def _payload_table(server: LocalBoathouse, endpoint: str) -> str | None:
    found = server.client().get("/api/boathouse/v1/inference-tables", endpoint=endpoint)["inference_tables"]
    return next((each["table"] for each in found if each["kind"] == "payload"), None)
