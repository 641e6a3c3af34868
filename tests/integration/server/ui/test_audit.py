"""Who did what: the log as a page, with what is looked for in the address."""

from collections.abc import Callable

from playwright.sync_api import expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.server.ui.people import grant, new_catalog, new_user

from boathouse.testing import LocalBoathouse


def test_what_befell_a_thing_is_found_and_told(visit: Visit, boathouse: LocalBoathouse) -> None:
    name, _ = new_user(boathouse)
    catalog = new_catalog(boathouse)
    grant(boathouse, name, "BROWSE", on=catalog)

    page = visit.open("/ui/audit")
    page.get_by_label("Name of the thing").fill(catalog)
    page.get_by_label("Kind of thing").select_option("catalog")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(4)  # head, permissions read back, changed, catalog made
    page.get_by_role("row").filter(has_text="updatePermissions").get_by_role("button", name="Details").click()

    expect(page.get_by_role("dialog")).to_contain_text(f"'principal': '{name}'")
    assert f"name={catalog}" in page.url


def test_one_sees_what_one_did_and_was_refused(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    name, token = new_user(boathouse)
    visit = visit_as(token)
    visit.open("/ui/")
    evil = "<img src=x onerror=\"document.title='taken'\">"
    answer = visit.page.request.post(
        f"{boathouse.url}/api/boathouse/v1/principals",
        data={"name": evil, "kind": "user"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 403

    page = visit.open("/ui/audit?outcome=refused")
    page.get_by_text("You see what you did yourself.").wait_for()
    expect(page.get_by_role("row").filter(has_text="createUser")).to_contain_text("refused")
    page.get_by_role("button", name="Details").first.click()

    expect(page.get_by_role("dialog")).to_contain_text(f"name: {evil}")
    assert "taken" not in page.title()
    assert page.get_by_role("cell", name="system").count() == 0
    assert name in page.inner_text("main")


def test_a_long_log_comes_in_pages(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    name, token = new_user(boathouse)
    client = boathouse.client(token)
    for _ in range(52):
        client.get("/api/2.0/token/list")

    page = visit_as(token).open(f"/ui/audit?principal={name}&action=listTokens")
    expect(page.get_by_role("row")).to_have_count(51)
    page.get_by_role("link", name="Next").click()

    expect(page.get_by_role("row")).to_have_count(3)
    page.go_back()
    expect(page.get_by_role("row")).to_have_count(51)


def test_nothing_is_said_when_nothing_is_found(visit: Visit) -> None:
    page = visit.open("/ui/audit?principal=nobody&since=2013-01-01&until=2013-01-02")

    page.get_by_text("Nothing that was recorded is like this.").wait_for()
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("row").nth(1).wait_for()


def test_the_page_is_fit_for_everybody(visit_as: Callable[..., Visit]) -> None:
    for width, dark in ((390, False), (1280, True)):
        visit = visit_as(width=width, dark=dark)
        page = visit.open("/ui/audit")
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert visit.errors == []
