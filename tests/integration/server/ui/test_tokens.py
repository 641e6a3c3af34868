"""Tokens are made, shown once, and revoked."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.server.ui.people import new_user

from boathouse.foundation.errors import Unauthenticated
from boathouse.testing import LocalBoathouse


def test_a_token_is_made_shown_once_and_revoked(visit_as: Callable[..., Visit], boathouse: LocalBoathouse) -> None:
    name, token = new_user(boathouse)
    evil = "<img src=x onerror=\"document.title='taken'\">"
    visit = visit_as(token)
    page = visit.open("/ui/tokens")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("What is it for?").fill(evil)
    page.get_by_role("button", name="Make", exact=True).click()
    secret = page.get_by_label("The new token").inner_text()
    assert boathouse.client(secret).get("/api/boathouse/v1/whoami")["name"] == name
    page.get_by_role("button", name="Close").click()

    line = page.get_by_role("row").filter(has_text=evil)
    expect(line).to_contain_text("in 30 days")
    assert secret not in page.content()
    line.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(line).to_have_count(0)
    with pytest.raises(Unauthenticated, match="revoked"):
        boathouse.client(secret).get("/api/boathouse/v1/whoami")
    assert "taken" not in page.title()
    assert visit.errors == []


def test_everybodys_tokens_are_for_administrators(
    visit: Visit, visit_as: Callable[..., Visit], boathouse: LocalBoathouse
) -> None:
    name, token = new_user(boathouse)
    for _ in range(8):  # so many that the list can be searched
        new_user(boathouse)

    page = visit.open("/ui/tokens?tab=Everybody's")
    page.get_by_label("Search in Tokens").fill(name)
    page.get_by_role("cell", name=f"for {name}", exact=True).wait_for()
    page = visit_as(token).open("/ui/tokens?tab=Everybody's")
    page.get_by_role("cell", name=f"for {name}", exact=True).wait_for()
    assert page.get_by_role("link", name="Everybody's").count() == 0
    assert page.get_by_role("cell", name="made by the first start", exact=True).count() == 0


def test_the_page_is_fit_for_everybody(visit_as: Callable[..., Visit]) -> None:
    for width, dark in ((390, False), (1280, True)):
        page = visit_as(width=width, dark=dark).open("/ui/tokens")
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
