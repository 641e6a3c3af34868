"""Home in the browser: what is not all right, what is in production, and from there back to the version before."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.integration.server.ui.a_model import HTML, AModel
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def loading(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AModel]:
    """A model whose versions load and answer; version 2 is champion, after version 1."""
    made = AModel(boathouse).with_files(2, tmp_path_factory.mktemp("register"))
    made.require()
    made.promote(1, "the first")
    made.evaluate(2, champion=1)
    made.admin.post(f"{made.path}/versions/2/promote", {"reason": "better in the rain"})
    yield made


def row_of(page: Page, model: AModel) -> Locator:
    """The row of a model; on a server with many models one searches for it."""
    field = page.get_by_label("Search models in production")
    if field.count():
        field.fill(model.name)
        page.get_by_role("button", name="Search", exact=True).click()
        page.wait_for_url("**q=**")
    return page.get_by_role("row").filter(has_text=model.name)


def test_from_home_one_sees_why_the_champion_is_there_and_goes_back(visit: Visit, loading: AModel) -> None:
    """Somebody who has never seen the page: only what can be seen is clicked."""
    page = visit.open("/ui/")
    row = row_of(page, loading)
    expect(row).to_contain_text("version 2")
    expect(row).to_contain_text("rides desk")

    # the first click: why
    row.get_by_role("link", name="Why, and how to go back").click()
    expect(page.get_by_role("heading", name="Why version 2 is in production")).to_be_visible()
    expect(page.get_by_text("better in the rain", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="How to go back")).to_be_visible()

    # the second: back
    page.get_by_role("button", name="Roll back to version 1").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("First it is loaded and asked; if it does not answer, nothing moves.")
    dialog.get_by_label("Reason").fill(f"answers are off {HTML}")
    dialog.get_by_role("button", name="Roll back to version 1").click()

    expect(page.get_by_role("heading", name="Why version 1 is in production")).to_be_visible(timeout=180_000)
    expect(page.get_by_text(f"answers are off {HTML}", exact=True)).to_be_visible()
    assert loading.champion() == 1
    assert page.title() != "owned"
    assert visit.errors == []


def test_home_can_be_read_by_everybody(visit_as: Callable[..., Visit], loading: AModel) -> None:
    for width, dark in ((1280, False), (390, False), (1280, True)):
        visit = visit_as(width=width, dark=dark)
        page = visit.open("/ui/")
        row = row_of(page, loading)
        expect(row.get_by_label("Loading")).to_have_count(0, timeout=60_000)
        expect(row).to_contain_text("level")
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert visit.errors == []


def test_an_open_incident_stands_at_the_top_and_leads_to_its_page(visit: Visit, loading: AModel) -> None:
    body = {"title": f"Rides look odd {HTML}", "subject": loading.name, "severity": "critical"}
    made = loading.admin.post("/api/boathouse/v1/incidents", body)
    try:
        page = visit.open("/ui/")
        said = page.get_by_role("region", name="Is everything all right?")
        expect(said.get_by_role("heading")).to_contain_text("not all right")
        found = said.get_by_role("link").filter(has_text=f"Rides look odd {HTML}")
        expect(found).to_have_attribute("href", f"/ui/incidents/{made['number']}")
        assert page.title() != "owned"
    finally:
        close = f"/api/boathouse/v1/incidents/{made['number']}/close"
        loading.admin.post(close, {"text": "a test"})


def test_who_sees_no_model_is_told_what_to_do_first(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    other = AModel(boathouse)
    page = visit_as(other.person()).open("/ui/")

    expect(page.get_by_role("heading", name="Nothing is in production yet")).to_be_visible()
    expect(page.get_by_text("boathouse bundle init my-project")).to_be_visible()
    assert complaints(page) == []
