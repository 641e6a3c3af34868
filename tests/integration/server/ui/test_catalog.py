"""The catalog, its tables, volumes, functions, and search, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.integration.server.ui.a_schema import HTML, ASchema
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def shop(boathouse: LocalBoathouse) -> ASchema:
    return ASchema(boathouse)


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth") and page.title() != "owned"


def test_the_tree_opens_down_to_a_table(visit: Visit, shop: ASchema) -> None:
    page = visit.open("/ui/catalog")
    branch = page.locator("section", has=page.get_by_role("heading", name=shop.catalog, exact=True))

    branch.locator("summary", has_text="shop").click()
    branch.get_by_role("link", name="rides", exact=True).wait_for()
    branch.get_by_role("link", name="landing").wait_for()
    branch.get_by_role("link", name="doubled").wait_for()
    assert complaints(page) == []

    branch.get_by_role("link", name="rides", exact=True).click()
    page.get_by_role("heading", name=shop.table).wait_for()
    assert visit.errors == []


def test_a_schema_lists_what_lies_in_it_by_kind(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/catalog/{shop.name}")

    expect(page.get_by_role("link", name="Tables (3)")).to_have_attribute("aria-current", "page")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="rides", exact=True))
    expect(row).to_contain_text(HTML)
    page.get_by_role("link", name="Volumes (1)").click()
    page.get_by_role("link", name="landing").wait_for()
    page.go_back()
    page.get_by_role("link", name="totals").wait_for()
    assert complaints(page) == [] and fits(page)


def test_a_table_shows_its_figures_and_columns(visit: Visit, shop: ASchema) -> None:
    page = visit.open(shop.page)

    now = page.locator("section", has=page.get_by_role("heading", name="Now"))
    expect(now).to_contain_text("52")
    expect(now).to_contain_text("rows")
    expect(page.get_by_role("row").filter(has_text="minutes")).to_contain_text("double")
    expect(page.locator("#content")).to_contain_text(f"Rides {HTML}")
    assert complaints(page) == [] and fits(page)


def test_every_section_of_a_table_fits_a_telephone(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    visit = visit_as(width=390)
    for tab in ("Overview", "Sample", "Profile", "History", "Lineage", "Permissions", "Contract", "Maintenance"):
        page = visit.open(f"{shop.page}?tab={tab}")
        expect(page.locator(".bh-loading")).to_have_count(0)
        assert fits(page), tab
        assert complaints(page) == [], tab
    assert visit.errors == []


def test_comment_and_tags_are_changed_where_they_are_shown(visit: Visit, boathouse: LocalBoathouse) -> None:
    own = ASchema(boathouse)
    page = visit.open(own.page)

    page.get_by_role("button", name="Edit comment").click()
    page.get_by_role("dialog").get_by_label("Comment").fill("One row per ride")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("One row per ride").wait_for()
    page.get_by_role("button", name="Edit tags").click()
    page.get_by_role("dialog").get_by_label("One tag per line").fill(f"team = rides\nnote = {HTML}")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("team: rides").wait_for()
    page.get_by_text(f"note: {HTML}").wait_for()
    assert page.title() != "owned"

    table = own.client.get(f"/api/2.1/unity-catalog/tables/{own.table}")
    assert table["comment"] == "One row per ride"


def test_a_column_gets_a_comment(visit: Visit, boathouse: LocalBoathouse) -> None:
    own = ASchema(boathouse)
    page = visit.open(own.page)

    page.get_by_role("button", name="Open city").click()
    page.get_by_role("dialog").get_by_label("Comment").fill("Where it's from")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    expect(page.get_by_role("row").filter(has_text="city")).to_contain_text("Where it's from")


def test_rows_are_shown_now_and_as_of_a_version(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"{shop.page}?tab=Sample")
    rows = page.get_by_role("region", name=f"Rows of {shop.table}")
    expect(rows.get_by_role("row").filter(has_text=HTML)).to_contain_text("4.0")
    assert complaints(page) == [] and fits(page)

    page = visit.open(f"{shop.page}?tab=Sample&version=1")
    expect(rows.get_by_role("row").filter(has_text=HTML)).to_contain_text("3.0")
    expect(rows.get_by_role("row")).to_have_count(3)


def test_two_versions_are_compared_down_to_their_rows(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"{shop.page}?tab=History")
    page.get_by_label("From version").fill("2")
    page.get_by_label("To version").fill("3")
    page.get_by_role("button", name="Compare").click()

    figures = page.get_by_role("region", name="Figures of both versions")
    expect(figures.get_by_role("row").filter(has_text="change")).to_contain_text("+0")
    changed = page.get_by_role("region", name="Changed rows")
    expect(changed.get_by_role("row").filter(has_text="before")).to_contain_text("3.0")
    expect(changed.get_by_role("row").filter(has_text="after")).to_contain_text("4.0")
    assert "before=2" in page.url and complaints(page) == []


def test_a_profile_is_computed_when_asked_for(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"{shop.page}?tab=Profile")

    page.get_by_role("button", name="Profile the table").click()

    table = page.get_by_role("region", name="Profile")
    expect(table.get_by_role("row").filter(has_text="minutes")).to_contain_text("double", timeout=60_000)
    expect(table.get_by_role("row").filter(has_text="city")).to_contain_text("Lund")
    page.get_by_role("button", name="Profile it again").wait_for()
    assert complaints(page) == [] and fits(page)


def test_files_are_put_in_order(visit: Visit, boathouse: LocalBoathouse) -> None:
    own = ASchema(boathouse)
    page = visit.open(f"{own.page}?tab=Maintenance")

    page.get_by_role("button", name="Optimize").click()
    page.get_by_role("dialog").get_by_role("button", name="Optimize").click()

    page.get_by_text(re.compile(r"files became 1")).wait_for()
    facts = page.locator("section", has=page.get_by_role("heading", name="Log"))
    expect(facts).not_to_contain_text("Last optimizenever")


def test_a_reader_may_look_and_is_offered_nothing_else(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    _, token = shop.reader("USE_CATALOG", "USE_SCHEMA", "SELECT")
    page = visit_as(token).open(shop.page)

    page.get_by_role("link", name="Sample").wait_for()
    assert page.get_by_role("button", name=re.compile("Edit|Open city")).count() == 0
    page.get_by_role("link", name="Maintenance").click()
    page.get_by_role("heading", name="Files").wait_for()
    assert page.get_by_role("button", name=re.compile("Optimize|Vacuum")).count() == 0


def test_who_may_only_browse_sees_no_rows(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    _, token = shop.reader("BROWSE")
    page = visit_as(token).open(shop.page)
    assert page.get_by_role("navigation", name="Sections").get_by_role("link", name="Sample").count() == 0

    page = visit_as(token).open(f"/ui/volumes/{shop.name}.landing")
    page.get_by_text("You may not read the files of this volume.").wait_for()


def test_a_change_that_is_refused_meanwhile_is_told(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    name, token = shop.reader("USE_CATALOG", "USE_SCHEMA", "SELECT", "MANAGE")
    page = visit_as(token).open(shop.page)
    page.get_by_role("button", name="Edit comment").click()
    changes = {"changes": [{"principal": name, "remove": ["MANAGE"]}]}
    shop.client.patch(f"/api/2.1/unity-catalog/permissions/catalog/{shop.catalog}", changes)

    page.get_by_role("dialog").get_by_label("Comment").fill("mine")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    page.get_by_text(re.compile("MANAGE")).first.wait_for()
    assert shop.client.get(f"/api/2.1/unity-catalog/tables/{shop.table}")["comment"] != "mine"


def test_a_stranger_learns_nothing(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    _, token = shop.reader("USE_SCHEMA")
    visit = visit_as(token)
    for address in (shop.page, f"/ui/lineage?of={shop.table}", f"/ui/functions/{shop.name}.doubled"):
        page = visit.open(address)
        page.get_by_text("This does not exist").wait_for()


def test_files_of_a_volume_are_walked_and_downloaded(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/volumes/{shop.name}.landing")
    page.get_by_role("link", name="inside/").click()
    assert complaints(page) == [] and fits(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="hello.txt").click()
    assert "hello" in download.value.path().read_text()


def test_functions_and_views_show_their_definition(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/functions/{shop.name}.doubled")
    page.get_by_text("x * 2").wait_for()
    page.get_by_text("how much").wait_for()
    assert complaints(page) == []

    page = visit.open(f"/ui/tables/{shop.name}.named")
    page.get_by_text(re.compile("upper", re.IGNORECASE)).first.wait_for()
    page.get_by_role("link", name=shop.table).first.wait_for()


def test_system_tables_have_pages_too(visit: Visit) -> None:
    page = visit.open("/ui/catalog/system.access")
    page.get_by_role("link", name="audit", exact=True).click()
    page.get_by_role("heading", name="system.access.audit").wait_for()
    expect(page.get_by_role("row").filter(has_text="action_name")).to_contain_text("string")


def test_search_says_what_was_met(visit: Visit, boathouse: LocalBoathouse) -> None:
    own = ASchema(boathouse)
    word = f"zebra{own.catalog}"
    own.sql(f"COMMENT ON TABLE {own.name}.totals IS 'About the {word}'")
    own.sql(f"ALTER TABLE {own.table} SET TAGS ('{word}' = 'yes')")
    page = visit.open("/ui/catalog")

    page.get_by_role("searchbox", name="Search", exact=True).first.fill(word)
    page.keyboard.press("Enter")

    hits = page.get_by_role("listitem")
    expect(hits.filter(has=page.get_by_role("link", name=f"{own.name}.totals"))).to_contain_text("Found in comment.")
    expect(hits.filter(has=page.get_by_role("link", name=own.table, exact=True))).to_contain_text(
        f"Found in tag {word}."
    )
    assert complaints(page) == [] and fits(page)
    assert f"q={word}" in page.url


def test_search_for_nothing_says_what_to_do(visit_as: Callable[..., Visit]) -> None:
    visit = visit_as(width=390)
    page = visit.open("/ui/search")
    page.get_by_text("Nothing is asked for yet.").wait_for()
    page = visit.open("/ui/search?q=nothinghasthisname")
    page.get_by_text("Nothing that you may know of answers to this.").wait_for()
    assert fits(page)
