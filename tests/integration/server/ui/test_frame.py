"""The layout that all pages share, in a real browser."""

from collections.abc import Callable

from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit


def test_the_frame_is_there_at_both_widths_and_in_the_dark(visit_as: Callable[..., Visit]) -> None:
    for width, dark in ((1280, False), (390, False), (1280, True)):
        visit = visit_as(width=width, dark=dark)
        page = visit.open("/ui/")

        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.body.classList.contains('body--dark')") is dark
        assert complaints(page) == []
        assert visit.errors == []


def test_the_menu_of_a_narrow_page_opens_and_leads_on(visit_as: Callable[..., Visit]) -> None:
    page = visit_as(width=390).open("/ui/")
    catalog = page.get_by_role("navigation", name="Main").get_by_role("link", name="Catalog")

    assert not catalog.is_visible()
    page.get_by_role("button", name="Menu").click()
    assert catalog.is_visible()


def test_light_and_dark_are_remembered(visit: Visit) -> None:
    page = visit.open("/ui/sql")
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_selector("body.body--dark")
    page.get_by_role("button", name="Run").click()  # what changes on a page leaves its theme alone
    page.get_by_role("alert").wait_for()
    page.wait_for_selector("body.body--dark")

    page.reload()

    page.wait_for_selector("body.body--dark")


def test_signing_out_ends_the_session(visit: Visit) -> None:
    page = visit.open("/ui/")
    page.get_by_role("button", name="Sign out").click()

    page.get_by_label("Token").wait_for()
    page.goto(f"{visit.url}/ui/")
    page.get_by_label("Token").wait_for()


def test_an_address_that_no_page_has_is_told(visit: Visit) -> None:
    answer = visit.page.goto(f"{visit.url}/ui/tabels/dev.x.y")

    assert answer is not None
    assert answer.status == 404
    assert "There is no page /ui/tabels/dev.x.y." in visit.page.get_by_role("alert").inner_text()
    assert visit.page.get_by_role("link", name="Catalog").is_visible()
