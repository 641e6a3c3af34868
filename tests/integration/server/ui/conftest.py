"""A real browser in front of a real server. Each test has a context of its own: no cookies, an empty cache."""

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from boathouse.testing import LocalBoathouse
from boathouse.testing.chromium import FLAGS, chromium_path

OPEN_PAGES = pytest.StashKey[list[Page]]()


@dataclass(frozen=True, slots=True)
class Visit:
    """A page in the browser, at a server."""

    page: Page
    url: str
    errors: list[str]
    """What the page's scripts have complained about."""

    def open(self, address: str) -> Page:
        """Go to an address of ours and wait until its title stands and its socket is connected."""
        self.page.goto(self.url + address)
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("window.did_handshake === true")
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: while it is there, an event loop runs in this thread, and other tests start their own."""
    expect.set_options(timeout=30_000)  # a machine may be busy; nothing is judged by how fast it is
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport]:
    """A test that failed tells what stood on its pages."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.stash.get(OPEN_PAGES, []):
            with suppress(PlaywrightError):
                report.sections.append((f"page {page.url}", page.inner_text("body", timeout=1_000)))
    return report


@pytest.fixture
def visit_as(
    browser: Browser, boathouse: LocalBoathouse, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Visit]]:
    """Sign somebody in, with their token typed into the field; call it once per person."""
    contexts, pages = [], request.node.stash.setdefault(OPEN_PAGES, [])

    def visit(token: str | None = None, *, width: int = 1280, dark: bool = False) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="America/New_York",
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page, errors = context.new_page(), []
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{boathouse.url}/ui/sign-in")
        page.get_by_label("Token").fill(token or boathouse.token)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/ui/")
        return Visit(page, boathouse.url, errors)

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture
def visit(visit_as: Callable[..., Visit]) -> Visit:
    """The administrator in front of the server."""
    return visit_as()
