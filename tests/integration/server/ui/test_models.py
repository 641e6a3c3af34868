"""Models in the browser: found, explained, approved, compared; what one may not do is not offered."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.integration.server.ui.a_model import HTML, AModel
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit

from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def model(boathouse: LocalBoathouse) -> AModel:
    """Version 1 is champion, version 2 waits for a signature; it is only looked at."""
    return made(boathouse)


@pytest.fixture
def waiting(boathouse: LocalBoathouse) -> AModel:
    """One like it, to act on."""
    return made(boathouse)


def made(boathouse: LocalBoathouse) -> AModel:
    made = AModel(boathouse).with_versions(2, description=f"Late rides {HTML}")
    made.require()
    made.promote(1, f"the first {HTML}")
    made.require(signatures=1)
    made.evaluate(2, champion=1)
    made.admin.put(f"{made.path}/aliases/challenger", {"version": 2, "reason": "the new one"})
    return made


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_model_is_found_by_a_part_of_its_name(visit: Visit, model: AModel) -> None:
    page = visit.open("/ui/models")

    page.get_by_label("Search models by name").fill(model.schema.removeprefix("dev."))
    page.get_by_role("button", name="Search", exact=True).click()

    page.get_by_role("region", name="Models", exact=True).get_by_role("link", name=model.name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(model.name)


def test_no_such_model_says_what_to_do(visit: Visit) -> None:
    page = visit.open("/ui/models?q=there-is-no-such-model")

    expect(page.get_by_text("No model that you may read has such a name.")).to_be_visible()


def test_the_page_says_why_the_champion_is_there_and_what_comes_next(visit: Visit, model: AModel) -> None:
    page = visit.open(model.page)

    expect(page.get_by_role("heading", name="Why version 1 is in production")).to_be_visible()
    expect(page.get_by_text(f"the first {HTML}")).to_be_visible()
    expect(page.get_by_text("1 passed").first).to_be_visible()
    expect(page.get_by_text("nobody: its policy asked for no signature")).to_be_visible()
    expect(page.get_by_text("No other version was champion before this one")).to_be_visible()
    expect(page.get_by_text("awaits approval").first).to_be_visible()
    expect(page.get_by_text(f"Late rides {HTML}")).to_be_visible()
    assert page.title() != "owned"
    assert visit.errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_every_section_can_be_read_by_everybody(visit_as: Callable[..., Visit], model: AModel, width: int) -> None:
    visit = visit_as(width=width)
    page = visit.open(model.page)
    for tab in ("", "Versions", "Aliases in time", "Requirements", "Used by", "Retraining", "Permissions"):
        if tab:
            page.get_by_role("navigation", name="Sections").get_by_role("link", name=tab).click()
            page.wait_for_url(f"**?tab={tab.replace(' ', '+')}")
            page.wait_for_selector(".bh-card")
        assert complaints(page) == [], tab
        assert fits(page), tab
    assert visit.errors == []


def test_a_member_of_the_group_approves_with_a_reason_and_the_owner_promotes(
    visit_as: Callable[..., Visit], waiting: AModel
) -> None:
    # given
    signer = visit_as(waiting.person(waiting.group))
    page = signer.open(f"{waiting.page}/versions/2")
    expect(page.get_by_text("1 of 1 signatures missing.")).to_be_visible()
    expect(page.get_by_role("button", name="Promote to production")).to_have_count(0)

    # when somebody who may signs
    page.get_by_role("button", name="Approve", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_text("Say why; the reason is kept.")).to_be_visible()
    dialog.get_by_label("Reason").fill(f"better on every ride {HTML}")
    dialog.get_by_role("button", name="Approve").click()

    # then it counts
    expect(page.get_by_text("All signatures are there.")).to_be_visible()
    expect(page.get_by_text(f"better on every ride {HTML}").first).to_be_visible()
    assert page.title() != "owned"

    # and whoever may manage the model promotes it
    page = visit_as().open(f"{waiting.page}/versions/2")
    page.get_by_role("button", name="Promote to production").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("signed")
    page.get_by_role("dialog").get_by_role("button", name="Promote").click()
    expect(page.get_by_text("Version 2 is in production now.")).to_be_visible()
    assert waiting.champion() == 2


def test_who_may_not_sign_is_not_offered_it_and_is_refused(visit_as: Callable[..., Visit], model: AModel) -> None:
    token = model.person()
    page = visit_as(token).open(f"{model.page}/versions/2")

    expect(page.get_by_text(f"You may not sign this version. Members of {model.group}")).to_be_visible()
    for name in ("Approve", "Refuse", "Promote to production", "Judge it again"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page = visit_as(token).open(model.page)
    expect(page.get_by_role("button", name="Exercise a rollback")).to_have_count(0)


def test_who_loses_the_right_while_the_page_is_open_is_refused(visit_as: Callable[..., Visit], waiting: AModel) -> None:
    page = visit_as(waiting.person(waiting.group)).open(f"{waiting.page}/versions/2")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("dialog").get_by_label("Reason").fill("good")
    waiting.require(signatures=1, approval={"count": 1, "groups": ["admins"]})

    page.get_by_role("dialog").get_by_role("button", name="Approve").click()

    expect(page.get_by_role("alert").get_by_text("may not sign version 2")).to_be_visible()
    assert waiting.admin.get(f"{waiting.path}/versions/2/approvals")["approved"] == []


def test_a_version_shows_its_gates_with_what_was_seen_and_needed(
    visit_as: Callable[..., Visit], waiting: AModel
) -> None:
    waiting.evaluate(2, 0.9, champion=1)
    for width in (1280, 390):
        page = visit_as(width=width).open(f"{waiting.page}/versions/2")
        row = page.get_by_role("region", name="Gates with their evidence").get_by_role("row").nth(1)
        expect(row).to_contain_text("metric")
        expect(row).to_contain_text("failed, blocks")
        expect(row).to_contain_text("0.9")
        expect(row).to_contain_text("≤ 0.5")
        assert complaints(page) == []
        assert fits(page)


def test_what_a_version_is_made_of_comes_after_the_page(visit: Visit, model: AModel) -> None:
    for tab, said in (
        ("Data and features", "No table is known to have been read"),
        ("Signature", "files"),
        ("Card", "What it is for"),
        ("Reproduce", "cannot be reproduced"),
        ("Aliases in time", "challenger"),
    ):
        page = visit.open(f"{model.page}/versions/2?tab={tab.replace(' ', '+')}")
        expect(page.get_by_role("main").get_by_text(said).first).to_be_visible()
        assert complaints(page) == [], tab
    assert visit.errors == []


def test_two_versions_stand_side_by_side(visit: Visit, model: AModel) -> None:
    page = visit.open(f"{model.page}/compare?one=1&other=2")

    gates = page.get_by_role("region", name="What gates measured")
    expect(gates.get_by_role("row").nth(1)).to_contain_text("metric: log_loss")
    assert complaints(page) == []
    page.get_by_label("One version").select_option("2")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**one=2&other=2")


def test_a_model_that_is_not_there_says_so(visit: Visit) -> None:
    page = visit.open("/ui/models/dev.nowhere.model")

    expect(page.get_by_role("alert")).to_contain_text("This does not exist")
