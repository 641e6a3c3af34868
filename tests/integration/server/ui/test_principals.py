"""Who there is, what they may do and why; and the card on which grants are changed."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.server.ui.people import grant, new_catalog, new_group, new_user

from boathouse.testing import LocalBoathouse

EVIL = "<img src=x onerror=\"document.title='taken'\">"


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everybody_is_found_by_name_and_kind(visit: Visit, boathouse: LocalBoathouse) -> None:
    name, _ = new_user(boathouse, "zoe")

    page = visit.open("/ui/principals")
    page.get_by_label("Name").fill(name[:9])
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Users").click()

    page.get_by_role("cell", name=name).wait_for()
    assert "q=" in page.url
    assert "tab=Users" in page.url
    page.get_by_role("link", name="Groups", exact=True).click()
    page.get_by_text("Nobody is called like that.").wait_for()


def test_an_administrator_adds_a_principal_whose_name_stays_text(visit: Visit) -> None:
    page = visit.open("/ui/principals")
    page.get_by_role("button", name="Add a principal").click()
    name = f"made-{page.evaluate('Date.now()')}"
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Called (if it differs)").fill(EVIL)
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page.get_by_text(EVIL)).to_be_visible()
    assert "taken" not in page.title()
    page = visit.open(f"/ui/principals?q={name}")
    expect(page.get_by_text(EVIL)).to_be_visible()
    assert visit.errors == []


def test_a_group_is_joined_and_left(visit: Visit, boathouse: LocalBoathouse) -> None:
    (name, _), group = new_user(boathouse), new_group(boathouse)

    page = visit.open(f"/ui/principals/{group}")
    page.get_by_role("button", name="Add a member").click()
    page.get_by_label("User, group or service principal").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name=name).wait_for()
    page.get_by_role("button", name=f"Remove {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()

    page.get_by_text("Nobody is in this group.").wait_for()


def test_it_is_told_what_somebody_may_do_and_why(visit: Visit, boathouse: LocalBoathouse) -> None:
    name, _ = new_user(boathouse)
    group, catalog = new_group(boathouse, name), new_catalog(boathouse)
    grant(boathouse, group, "USE_CATALOG", "CREATE_TABLE", on=catalog)
    grant(boathouse, name, "USE_SCHEMA", on=f"{catalog}.s")

    page = visit.open(f"/ui/principals/{name}?tab=Grants")
    line = page.get_by_role("row").filter(has_text=f"catalog {catalog}")
    expect(line).to_contain_text("CREATE TABLE, USE CATALOG")
    expect(line.get_by_role("link", name=group)).to_be_visible()

    page.get_by_role("link", name="Why").click()
    page.get_by_label("Kind").select_option("schema")
    page.get_by_label("Name").fill(f"{catalog}.s")
    page.get_by_role("button", name="Explain").click()
    because = page.get_by_role("row").filter(has_text="CREATE TABLE")
    expect(because).to_contain_text("yes")
    expect(because).to_contain_text(f"granted to {group} on catalog {catalog} ({name} → {group})")
    expect(page.get_by_role("row").filter(has_text="CREATE VOLUME")).to_contain_text("Missing: CREATE VOLUME")


def test_of_others_only_those_who_manage_are_told(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    (name, _), (_, token) = new_user(boathouse), new_user(boathouse, "other")
    catalog = new_catalog(boathouse)
    grant(boathouse, "account users", "USE_CATALOG", on=catalog)
    grant(boathouse, name, "BROWSE", on=catalog)
    page = visit_as(token).open(f"/ui/principals/{name}?tab=Why&kind=catalog&name={catalog}")

    expect(page.get_by_role("alert")).to_contain_text("may not see what")
    page.goto(f"{boathouse.url}/ui/principals/{name}?tab=Grants")
    page.get_by_role("heading", level=1, name=name).wait_for()
    assert page.get_by_text("BROWSE").count() == 0
    assert page.get_by_role("button", name="Deactivate").count() == 0


def test_who_does_not_exist_is_said_to_be_unknown(visit: Visit) -> None:
    page = visit.open("/ui/principals/nobody-at-all")

    expect(page.get_by_role("alert")).to_contain_text("There is no principal 'nobody-at-all'")


def test_grants_are_given_and_taken_on_the_card(visit: Visit, boathouse: LocalBoathouse) -> None:
    name, _ = new_user(boathouse)

    page = visit.open("/ui/principals?tab=Metastore")
    page.get_by_role("button", name="Grant", exact=True).click()
    page.get_by_label("User, group or service principal").fill(name)
    page.get_by_role("checkbox", name="CREATE CATALOG").click()
    page.get_by_role("dialog").get_by_role("button", name="Grant").click()
    line = page.get_by_role("row").filter(has_text=name)
    expect(line).to_contain_text("CREATE CATALOG")

    page.get_by_role("button", name=f"Change {name}").click()
    page.get_by_role("checkbox", name="CREATE CATALOG").click()
    page.get_by_role("button", name="Save").click()
    expect(line).to_have_count(0)
    assert visit.errors == []


def test_who_may_not_manage_is_offered_nothing_and_refused(
    visit_as: Callable[..., Visit], boathouse: LocalBoathouse
) -> None:
    _, token = new_user(boathouse)
    page = visit_as(token).open("/ui/principals?tab=Metastore")

    page.get_by_text("You see those that reach you.").wait_for()
    assert page.get_by_role("button", name="Grant", exact=True).count() == 0
    page.get_by_role("link", name="Everybody").click()
    page.get_by_role("columnheader", name="Name").wait_for()
    assert page.get_by_role("button", name="Add a principal").count() == 0


def test_a_right_that_was_lost_meanwhile_is_refused_on_the_page(
    visit_as: Callable[..., Visit], boathouse: LocalBoathouse
) -> None:
    name, token = new_user(boathouse)
    admins = f"/api/boathouse/v1/groups/admins/members/{name}"
    boathouse.client().put(admins)
    page = visit_as(token).open("/ui/principals")
    boathouse.client().delete(admins)

    page.get_by_role("button", name="Add a principal").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill(f"{name}-2")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()

    page.get_by_text("only administrators may").wait_for()


def test_the_pages_are_fit_for_everybody(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    name, _ = new_user(boathouse)
    group = new_group(boathouse, name)
    for width, dark in ((390, False), (1280, True)):
        visit = visit_as(width=width, dark=dark)
        for address in ("", "?tab=Metastore", f"/{group}", f"/{name}?tab=Grants", f"/{name}?tab=Owns"):
            page = visit.open(f"/ui/principals{address}")
            assert complaints(page) == []
            assert fits(page)
