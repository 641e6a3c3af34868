"""The ways in: a token, a printed link, OpenID Connect with a real provider; and how a session ends."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.server.ui.accessible import complaints
from tests.integration.server.ui.conftest import Visit
from tests.integration.server.ui.people import new_user
from tests.integration.server.ui.provider import UNVERIFIED, running_provider

from boathouse.server.attempts import MOST_FAILURES
from boathouse.testing import LocalBoathouse, running_boathouse


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that has never been here."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def with_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A Boathouse whose people sign in at a provider on another host name of this machine."""
    with running_provider() as provider:
        settings = {
            "BOATHOUSE_OIDC_ISSUER": provider,
            "BOATHOUSE_OIDC_CLIENT_ID": "boathouse",
            "BOATHOUSE_OIDC_CLIENT_SECRET": "a secret",
        }
        with running_boathouse(tmp_path_factory.mktemp("openid"), variables=settings) as server:
            server.client().post("/api/boathouse/v1/principals", {"name": "carol@example.com", "kind": "user"})
            yield server


def at_the_provider(page: Page, server: LocalBoathouse, wanted: str = "/ui/tokens") -> None:
    """From a page of ours to the provider's."""
    page.goto(f"{server.url}{wanted}")
    page.get_by_role("link", name="Sign in with localhost").click()
    page.wait_for_url("**/oauth2/authorize?**")


def sign_in_as(page: Page, person: str) -> None:
    page.locator("form").first.locator("input[name=sub]").fill(person)
    page.get_by_role("button", name="Authorize").click()


def test_a_wrong_token_is_refused_and_a_right_one_leads_to_the_page_asked_for(
    page: Page, boathouse: LocalBoathouse
) -> None:
    page.goto(f"{boathouse.url}/ui/audit?outcome=refused")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Token").fill("<b>wrong</b>")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    refused = boathouse.client().get("/api/boathouse/v1/audit", principal="unknown", limit=1)["events"][0]
    assert (refused["action"], refused["status_code"]) == ("signIn", 401)
    page.get_by_label("Token").fill(boathouse.token)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/ui/audit?outcome=refused")
    assert boathouse.token not in page.content()


def test_a_printed_link_signs_in_once_and_leaves_no_code_behind(page: Page, boathouse: LocalBoathouse) -> None:
    told = boathouse.run("ui")
    link = told.stdout.strip()
    code = link.partition("#")[2]
    assert re.fullmatch(rf"{boathouse.url}/ui/sign-in/link#bhl_[0-9a-f]+", link)

    page.goto(link)
    page.get_by_role("heading", level=1, name="Home").wait_for()
    assert page.url == f"{boathouse.url}/ui/"
    assert page.evaluate("history.length") <= 3
    page.go_back()
    assert code not in page.url

    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("has been used already")
    expect(page.get_by_role("alert")).to_contain_text("boathouse ui")
    assert complaints(page) == []


def test_half_a_link_says_what_to_do(page: Page, boathouse: LocalBoathouse) -> None:
    page.goto(f"{boathouse.url}/ui/sign-in/link")

    expect(page.get_by_text("This link is not complete.")).to_be_visible()


def test_a_revoked_session_does_nothing_more_and_says_so(
    visit_as: Callable[..., Visit], boathouse: LocalBoathouse
) -> None:
    _, token = new_user(boathouse)
    page = visit_as(token).open("/ui/tokens")
    client = boathouse.client(token)
    for each in client.get("/api/2.0/token/list")["token_infos"]:
        if each["comment"] == "browser session":
            client.post("/api/2.0/token/delete", {"token_id": each["token_id"]})

    page.get_by_role("button", name="Make a token").click()

    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    page.get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/ui/sign-in?next=%2Fui%2Ftokens")
    comments = [each["comment"] for each in client.get("/api/2.0/token/list")["token_infos"]]
    assert "browser session" not in comments


def test_a_link_from_another_site_opens_the_page_for_who_is_signed_in(visit: Visit) -> None:
    page = visit.open("/ui/")
    elsewhere = visit.url.replace("127.0.0.1", "localhost")
    page.route(f"{elsewhere}/elsewhere", lambda route: route.fulfill(
        content_type="text/html", body=f'<a href="{visit.url}/ui/tokens">the tokens</a>'))  # fmt: skip
    page.goto(f"{elsewhere}/elsewhere")

    page.get_by_role("link", name="the tokens").click()

    page.get_by_role("heading", level=1, name="Tokens").wait_for()


def test_mlflows_pages_are_behind_the_same_session(page: Page, boathouse: LocalBoathouse) -> None:
    page.goto(f"{boathouse.url}/mlflow/")
    page.get_by_label("Token").fill(boathouse.token)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/mlflow/**")
    assert page.request.get(f"{boathouse.url}/api/2.0/mlflow/experiments/search?max_results=1").ok


def test_who_is_known_signs_in_at_the_provider(page: Page, with_provider: LocalBoathouse) -> None:
    at_the_provider(page, with_provider)
    assert "code_challenge_method=S256" in page.url
    sign_in_as(page, "carol@example.com")

    page.get_by_role("heading", level=1, name="Tokens").wait_for()
    assert page.url == f"{with_provider.url}/ui/tokens"
    expect(page.get_by_role("link", name="carol@example.com").first).to_be_visible()
    cookies = {each["name"]: each for each in page.context.cookies(with_provider.url)}
    assert [each["sameSite"] for name, each in cookies.items() if name.startswith("boathouse_session")] == ["Strict"]


def test_who_is_not_known_is_refused_and_told_what_to_do(page: Page, with_provider: LocalBoathouse) -> None:
    at_the_provider(page, with_provider)
    sign_in_as(page, "<b>mallory</b>@example.com")

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("<b>mallory</b>@example.com is not a user of this Boathouse.")
    expect(alert).to_contain_text("Ask an administrator to add you: boathouse users create")
    assert complaints(page) == []
    page.goto(f"{with_provider.url}/ui/")
    page.get_by_label("Token").wait_for()


def test_an_address_that_the_provider_has_not_verified_is_nobodys(page: Page, with_provider: LocalBoathouse) -> None:
    at_the_provider(page, with_provider)
    page.get_by_role("button", name=UNVERIFIED).click()

    expect(page.get_by_role("alert")).to_contain_text(f"has not verified the address {UNVERIFIED}")


def test_who_says_no_at_the_provider_is_not_signed_in(page: Page, with_provider: LocalBoathouse) -> None:
    at_the_provider(page, with_provider)
    page.locator("form").first.locator("input[name=sub]").fill("carol@example.com")
    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_role("alert")).to_contain_text("did not sign you in")


def test_an_answer_that_was_not_asked_for_here_is_refused(page: Page, with_provider: LocalBoathouse) -> None:
    at_the_provider(page, with_provider)
    state = re.search(r"state=([^&]+)", page.url)
    assert state
    page.context.clear_cookies()

    page.goto(f"{with_provider.url}/ui/sign-in/openid/callback?code=stolen&state={state[1]}")

    expect(page.get_by_role("alert")).to_contain_text("No sign-in was begun in this browser")


def test_who_guesses_tokens_has_to_wait(page: Page, with_provider: LocalBoathouse) -> None:
    """The last test here by what it leaves behind: it uses addresses of its own, as a proxy would tell them."""
    told = {"X-Forwarded-For": "10.1.2.3"}
    for _ in range(MOST_FAILURES):
        page.request.post(f"{with_provider.url}/ui/sign-in", form={"token": "wrong"}, headers=told)

    answer = page.request.post(f"{with_provider.url}/ui/sign-in", form={"token": with_provider.token}, headers=told)
    assert answer.status == 429
    assert "Try again in" in answer.text()
    other = page.request.post(f"{with_provider.url}/ui/sign-in", form={"token": with_provider.token}, max_redirects=0)
    assert other.status == 303
