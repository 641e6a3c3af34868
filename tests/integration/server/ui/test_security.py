"""What other sites, other ports of this machine and tasks may not do with a session."""

import pytest
from playwright.sync_api import expect
from tests.integration.server.ui.conftest import Visit

SOCKET = "/ui/_nicegui_ws/socket.io/?EIO=4&transport="


def test_pages_say_what_a_browser_may_load(visit: Visit) -> None:
    answer = visit.page.request.get(f"{visit.url}/ui/")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"


def test_another_port_of_this_machine_does_not_reach_the_socket(visit: Visit) -> None:
    """A page of another port shares our cookies; the browser sends them, and we refuse."""
    page = visit.open("/ui/")
    other = "http://127.0.0.1:9"
    page.route(f"{other}/", lambda route: route.fulfill(content_type="text/html", body="<h1>Another server</h1>"))
    page.goto(f"{other}/")
    url = visit.url.replace("http:", "ws:")
    opened = page.evaluate(
        """address => new Promise(told => {
            const socket = new WebSocket(address);
            socket.onopen = () => told("opened");
            socket.onclose = () => told("closed");
        })""",
        f"{url}{SOCKET}websocket",
    )

    assert opened == "closed"
    sent = {"Origin": other}
    assert visit.page.request.get(f"{visit.url}{SOCKET}polling", headers=sent).status == 403
    assert visit.page.request.post(f"{visit.url}/ui/sign-out", headers=sent, max_redirects=0).status == 403
    page = visit.open("/ui/tokens")
    expect(page.get_by_role("button", name="Make a token")).to_be_visible()


def test_no_other_site_frames_a_page(visit: Visit) -> None:
    page = visit.open("/ui/")
    page.route("http://127.0.0.1:9/", lambda route: route.fulfill(
        content_type="text/html", body=f'<iframe src="{visit.url}/ui/tokens"></iframe>'))  # fmt: skip
    page.goto("http://127.0.0.1:9/")
    page.wait_for_load_state("load")

    assert page.frames[-1].url.startswith("chrome-error:")


def test_a_page_that_does_not_exist_is_a_page_of_ours(visit: Visit) -> None:
    page = visit.open("/ui/tokens")
    answer = page.goto(f"{visit.url}/ui/%3Cimg%20src=x%20onerror=alert(1)%3E")

    assert answer is not None
    assert answer.status == 404
    assert page.locator("main img").count() == 0


@pytest.mark.parametrize(
    "address", ["jobs/99999999999999999999", "incidents/99999999999999999999", "audit?until=9999-12-31"]
)
def test_a_number_beyond_all_numbers_is_the_readers_fault(visit: Visit, address: str) -> None:
    answer = visit.page.goto(f"{visit.url}/ui/{address}")

    assert answer is not None
    assert answer.status == 400
    expect(visit.page.get_by_role("alert")).to_contain_text("a number that is too large")
