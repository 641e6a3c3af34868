"""The lineage graph in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.integration.server.ui.a_schema import ASchema
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def shop(boathouse: LocalBoathouse) -> ASchema:
    made = ASchema(boathouse)
    made.sql(f"CREATE TABLE {made.name}.best AS SELECT city FROM {made.name}.totals WHERE rides > 1")
    return made


def test_a_press_puts_another_box_in_the_middle(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/lineage?of={shop.table}")
    graph = page.get_by_role("group", name=f"Lineage of {shop.table}")

    graph.get_by_role("link", name=f"table {shop.name}.best").wait_for()
    assert complaints(page) == [] and visit.errors == []
    graph.get_by_role("link", name=f"table {shop.name}.totals").click()

    page.get_by_role("heading", name=f"Lineage of {shop.name}.totals").wait_for()
    page.go_back()
    page.get_by_role("heading", name=f"Lineage of {shop.table}").wait_for()


def test_the_address_says_how_far_to_look(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/lineage?of={shop.table}&down=1")
    page.get_by_text("There is more, farther away").wait_for()
    assert page.get_by_role("link", name=f"table {shop.name}.best").count() == 0

    page.get_by_role("link", name="One step more downstream").click()

    page.get_by_role("link", name=f"table {shop.name}.best").first.wait_for()
    assert "down=2" in page.url


def test_the_impact_of_a_change_is_marked_counted_and_owned(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/lineage?of={shop.name}.totals")
    page.get_by_role("link", name="Mark the impact of a change").click()

    card = page.locator("section", has=page.get_by_role("heading", name="Impact of a change"))
    expect(card.get_by_role("region", name="What is touched", exact=True)).to_contain_text(f"{shop.name}.best")
    expect(card.get_by_role("region", name="Owners of what is touched").get_by_role("link")).to_have_count(1)
    expect(page.locator("a.bh-node.bh-doubtful")).to_have_count(1)
    expect(page.locator(".bh-node.bh-faint").filter(has_text="rides")).to_have_count(1)
    assert complaints(page) == []


def test_a_column_is_followed(visit: Visit, shop: ASchema) -> None:
    page = visit.open(f"/ui/lineage?of={shop.name}.best")
    page.get_by_role("listitem").get_by_role("link", name="city").click()

    page.get_by_role("heading", name=f"Lineage of {shop.name}.best.city").wait_for()
    page.get_by_role("link", name=f"column {shop.table}.city").wait_for()
    page.get_by_role("link", name="With columns that only decide").click()
    page.get_by_role("link", name=f"column {shop.name}.totals.rides").wait_for()


def test_it_begins_with_what_is_used_most_and_fits_a_telephone(visit_as: Callable[..., Visit], shop: ASchema) -> None:
    visit = visit_as(width=390, dark=True)
    page = visit.open("/ui/lineage")
    page.get_by_label("Name of a table, column, model or run").fill(shop.table)
    page.keyboard.press("Enter")
    page.get_by_role("group", name=f"Lineage of {shop.table}").wait_for()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints(page) == []


def test_what_one_may_not_know_of_is_counted_not_named(
    visit_as: Callable[..., Visit], boathouse: LocalBoathouse
) -> None:
    own, other = ASchema(boathouse), ASchema(boathouse)
    own.sql(f"CREATE TABLE {own.name}.copied AS SELECT * FROM {other.table}")
    _, token = own.reader("USE_CATALOG", "USE_SCHEMA", "SELECT")
    page = visit_as(token).open(f"/ui/lineage?of={own.name}.copied")

    page.get_by_text("1 thing beside these cannot be shown").wait_for()
    assert other.catalog not in page.content()
