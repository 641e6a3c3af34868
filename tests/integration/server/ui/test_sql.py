"""The SQL page in a real browser: writing, running, plotting, keeping and sharing queries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.foundation.rest import RestClient
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

HTML = "<img src=x onerror=document.title='hacked'>"
PATIENCE = 60_000
QUERIES = "/api/2.0/sql/queries"


@dataclass
class Shop:
    """A schema of this file's own, with a table in it."""

    client: RestClient
    schema: str

    @property
    def orders(self) -> str:
        return f"{self.schema}.orders"

    def sql(self, text: str) -> None:
        wanted = {"statement": text, "wait_timeout": "50s"}
        assert self.client.post("/api/2.0/sql/statements", wanted)["status"]["state"] == "SUCCEEDED", text


@pytest.fixture(scope="module")
def shop(boathouse: LocalBoathouse) -> Iterator[Shop]:
    made = Shop(boathouse.client(), f"dev.shop_{uuid4().hex[:8]}")
    made.sql(f"CREATE SCHEMA {made.schema}")
    made.sql(f"CREATE TABLE {made.orders} (day DATE, place STRING, amount DOUBLE)")
    escaped = HTML.replace("'", "''")
    made.sql(f"INSERT INTO {made.orders} VALUES (DATE '2013-01-01', '{escaped}', 1.5), (DATE '2013-01-02', NULL, NULL)")
    yield made


@pytest.fixture
def bob(boathouse: LocalBoathouse) -> tuple[str, str]:
    """A user without any rights, and their token."""
    name, admin = f"bob-{uuid4().hex[:8]}", boathouse.client()
    admin.post("/api/boathouse/v1/principals", {"name": name, "kind": "user"})
    return name, admin.post("/api/2.0/token/create", {"user_name": name, "lifetime_seconds": 3600})["token_value"]


def editor_of(page: Page):
    """The editor, when it completes names."""
    page.wait_for_selector("[data-completes=names]")
    return page.get_by_role("textbox", name="SQL", exact=True)


def write(page: Page, text: str) -> None:
    editor = editor_of(page)
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def run(page: Page, text: str) -> None:
    write(page, text)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")


def result_of(page: Page):
    return page.get_by_role("region", name="Result", exact=True)


def test_a_text_that_has_not_run_is_there_when_the_page_loads_again_and_not_behind_a_link(visit: Visit) -> None:
    page = visit.open("/ui/sql")
    write(page, "SELECT 'not run yet'")

    page.reload()
    expect(editor_of(page)).to_contain_text("not run yet")
    page.goto(visit.url + "/ui/sql?q=SELECT+2")
    expect(editor_of(page)).to_have_text("SELECT 2")
    page.reload()
    expect(editor_of(page)).to_have_text("SELECT 2")


def test_a_query_is_run_and_its_result_can_be_loaded_again(visit: Visit, shop: Shop) -> None:
    page = visit.open("/ui/sql")

    run(page, f"SELECT place, amount, 2013 AS year FROM {shop.orders} ORDER BY day")

    result = result_of(page)
    expect(result).to_contain_text(HTML, timeout=PATIENCE)
    expect(result.get_by_text("2013", exact=True).first).to_be_visible()
    expect(result.get_by_text("null", exact=True).first).to_be_visible()
    assert result.locator("img").count() == 0 and page.title() != "hacked"
    assert complaints(page) == []
    page.wait_for_url("**/ui/sql?statement=*")
    page.reload()
    expect(result_of(page)).to_contain_text(HTML, timeout=PATIENCE)
    expect(page.get_by_role("region", name="Your last statements")).to_contain_text("succeeded")
    assert visit.errors == []


def test_a_result_is_taken_along(visit: Visit, shop: Shop) -> None:
    page = visit.open("/ui/sql")
    run(page, f"SELECT day, amount FROM {shop.orders} ORDER BY day")
    expect(result_of(page)).to_contain_text("2013-01-01", timeout=PATIENCE)

    with page.expect_download() as downloaded:
        page.get_by_role("link", name="CSV").click()

    assert downloaded.value.path().read_text() == "day,amount\n2013-01-01,1.5\n2013-01-02,\n"
    expect(page.get_by_role("link", name="Parquet")).to_be_visible()


def test_what_is_wrong_is_said_with_its_place(visit: Visit) -> None:
    page = visit.open("/ui/sql")

    run(page, "SELECT 1\nFROM (SELECT")

    alert = page.get_by_role("alert").filter(has_text="This did not run")
    expect(alert).to_contain_text("Syntax error at line 2", timeout=PATIENCE)
    expect(page.locator(".cm-line.bh-error-line")).to_have_count(1)
    assert complaints(page) == []


def test_what_one_may_not_read_is_refused(visit_as: Callable[..., Visit], shop: Shop, bob: tuple[str, str]) -> None:
    page = visit_as(bob[1]).open("/ui/sql")

    run(page, f"SELECT * FROM {shop.orders}")

    expect(page.get_by_role("alert").filter(has_text="This did not run")).to_contain_text("not found", timeout=PATIENCE)


def test_governed_names_are_completed(visit: Visit, shop: Shop) -> None:
    page = visit.open("/ui/sql")
    editor_of(page).click()
    catalog, schema = shop.schema.split(".")
    options = page.get_by_role("listbox").get_by_role("option")

    page.keyboard.type(f"SELECT * FROM {catalog}.")
    expect(options.filter(has_text=schema)).to_have_count(1, timeout=PATIENCE)
    page.keyboard.type(f"{schema}.")
    expect(options.filter(has_text="orders")).to_have_count(1, timeout=PATIENCE)
    page.keyboard.type("orders o WHERE o.")
    expect(options.filter(has_text="amount")).to_contain_text("double", timeout=PATIENCE)
    page.keyboard.type("am")
    options.filter(has_text="amount").click()
    expect(editor_of(page)).to_contain_text("WHERE o.amount")


def test_nobody_is_offered_names_that_they_may_not_know(
    visit_as: Callable[..., Visit], shop: Shop, bob: tuple[str, str]
) -> None:
    page = visit_as(bob[1]).open("/ui/sql")
    editor_of(page).click()

    page.keyboard.type(f"SELECT * FROM {shop.schema}.ord")
    page.keyboard.press("Control+Space")
    page.keyboard.type(" WHERE coun")

    expect(page.get_by_role("option").first).to_contain_text("count", timeout=PATIENCE, ignore_case=True)
    expect(page.get_by_role("option").filter(has_text="orders")).to_have_count(0)


def test_a_statement_with_a_parameter_takes_its_value(visit: Visit, shop: Shop) -> None:
    page = visit.open("/ui/sql")

    write(page, f"SELECT count(*) AS n, max(amount) AS most FROM {shop.orders} WHERE amount < :limit")
    page.get_by_label(":limit").fill("3")
    page.get_by_role("button", name="Run", exact=True).click()

    expect(result_of(page)).to_contain_text("1.5", timeout=PATIENCE)


def test_a_long_statement_is_cancelled(visit: Visit) -> None:
    page = visit.open("/ui/sql")

    run(page, "SELECT count(*) FROM range(100000000) a, range(100000000) b")
    expect(page.get_by_text("Running for")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("status").get_by_text("Cancelled.")).to_be_visible(timeout=PATIENCE)


def test_who_loads_the_page_again_finds_what_still_runs(visit: Visit) -> None:
    page = visit.open("/ui/sql")
    run(page, "SELECT count(*) AS many FROM range(3000000000) AS a(i) WHERE sqrt(i) < 0")
    page.wait_for_url("**/ui/sql?statement=*")

    page.reload()

    expect(page.get_by_role("textbox", name="SQL", exact=True)).to_contain_text("range(3000000000)")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_limit_is_said(visit: Visit) -> None:
    page = visit.open("/ui/sql")

    run(page, "SELECT id FROM range(5000)")

    expect(page.get_by_text("The first 1,000 rows")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("raise the limit")).to_be_visible()


def test_a_query_is_kept_with_its_plot_and_opened_by_somebody_else(
    visit_as: Callable[..., Visit], shop: Shop, bob: tuple[str, str]
) -> None:
    name = f"{HTML} {uuid4().hex[:8]}"
    page = visit_as().open("/ui/sql")
    run(page, f"SELECT day, amount FROM {shop.orders} ORDER BY day")
    expect(result_of(page)).to_contain_text("1.5", timeout=PATIENCE)
    page.get_by_label("Kind").click()
    page.get_by_role("option", name="bar").click()
    page.get_by_role("img", name="amount over day").wait_for()
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("checkbox", name="Everybody who may read its tables may open it").click()
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name=name, level=1).wait_for()
    where = "/ui/" + page.url.partition("/ui/")[2]
    page.get_by_role("img", name="amount over day").wait_for(timeout=PATIENCE)
    assert complaints(page) == [] and page.title() != "hacked"

    theirs = visit_as(bob[1], width=390)
    assert "no saved query" in theirs.open(where).get_by_role("alert").inner_text()
    shop.sql(f"GRANT USE CATALOG ON CATALOG {shop.schema.partition('.')[0]} TO `{bob[0]}`")
    shop.sql(f"GRANT USE SCHEMA, SELECT ON SCHEMA {shop.schema} TO `{bob[0]}`")
    page = theirs.open(where)
    plot, refused = page.get_by_role("img", name="amount over day"), page.get_by_role("alert")
    for _ in range(20):  # it takes other processes a second or so to hear of the grants
        expect(plot.or_(refused).first).to_be_visible(timeout=PATIENCE)
        if not refused.count():
            break
        page.wait_for_timeout(500)
        theirs.open(where)
    plot.wait_for(timeout=PATIENCE)
    expect(result_of(page)).to_contain_text("1.5")
    expect(page.get_by_role("button", name="Save a copy")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints(page) == [] and theirs.errors == []


def test_a_kept_statement_that_changes_something_waits_for_its_reader(visit: Visit, shop: Shop) -> None:
    made = shop.client.post(
        QUERIES, {"query": {"display_name": uuid4().hex, "query_text": f"DROP TABLE {shop.orders}"}}
    )

    page = visit.open(f"/ui/sql/{made['id']}")

    expect(page.get_by_text("it does not run by itself")).to_be_visible()
    shop.sql(f"SELECT 1 FROM {shop.orders}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/ui/sql")


def test_the_databricks_sdk_keeps_queries(
    boathouse: LocalBoathouse, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import CreateQueryRequestQuery, UpdateQueryRequestQuery

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    queries = WorkspaceClient(host=boathouse.url, token=boathouse.token).queries
    name = uuid4().hex

    made = queries.create(query=CreateQueryRequestQuery(display_name=name, query_text="SELECT 1"))
    assert made.id and made.owner_user_name
    changed = queries.update(made.id, "query_text", query=UpdateQueryRequestQuery(query_text="SELECT 2"))

    assert (changed.display_name, changed.query_text) == (name, "SELECT 2")
    assert name in {each.display_name for each in queries.list(page_size=1)}
    queries.delete(made.id)
    assert name not in {each.display_name for each in queries.list()}
