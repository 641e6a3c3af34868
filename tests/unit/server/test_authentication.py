"""Every request shows who asks."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from boathouse.foundation.context import TaskContext, current_request
from boathouse.foundation.errors import Conflict, Unauthenticated
from boathouse.foundation.principals import Principal
from boathouse.server import sign_in
from boathouse.server.attempts import MOST_FAILURES
from boathouse.server.authentication import AuthenticationMiddleware, Caller, session_cookie
from boathouse.server.errors import answer_errors


@dataclass
class Known:
    principal: Principal
    task: TaskContext | None = None


SESSIONS: set[str] = set()


def authenticate(token: str) -> Known:
    if token == "good" or token in SESSIONS:
        return Known(Principal("ada"))
    if token == "task":
        return Known(Principal("robot"), TaskContext(1, "train", 7, "fit", 9))
    raise Unauthenticated("This token is not known.")


REFUSALS: list[str] = []


def tell_refusal(error: Unauthenticated) -> None:
    REFUSALS.append(error.message)


def issue_session(principal: Principal, seconds: int) -> str:
    SESSIONS.add("session-1")
    return "session-1"


def redeem(code: str) -> Principal:
    if code == "once":
        return Principal("ada")
    raise Unauthenticated("This link was used.", hint="Ask for another.")


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    answer_errors(app)

    @app.get("/who")
    def who(principal: Caller) -> dict[str, object]:
        request = current_request()
        return {"name": principal.name, "run": request.task.run_id if request.task else None, "id": request.request_id}

    @app.post("/change")
    def change(principal: Caller) -> str:
        return principal.name

    @app.get("/conflict")
    def conflict() -> None:
        raise Conflict("Somebody was faster.", hint="Read again.")

    @app.get("/too-large")
    def too_large() -> None:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    @app.get("/half-a-letter")
    def half_a_letter() -> None:
        "\ud800".encode()

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError

    @app.get("/ui/_nicegui_ws/socket.io/")
    def polling() -> str:
        return ""

    @app.websocket("/ui/_nicegui_ws/")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.state.principal.name)

    app.include_router(sign_in.routes(authenticate, issue_session, SESSIONS.discard, tell_refusal, redeem))
    app.add_middleware(AuthenticationMiddleware, authenticate=authenticate)
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_bearer_token_says_who_asks(client: TestClient) -> None:
    assert client.get("/who", headers=bearer("good")).json()["name"] == "ada"


def test_a_task_token_brings_its_task(client: TestClient) -> None:
    assert client.get("/who", headers=bearer("task")).json()["run"] == 7


def test_the_password_of_basic_credentials_is_a_token(client: TestClient) -> None:
    credentials = base64.b64encode(b"anything:good").decode()
    assert client.get("/who", headers={"Authorization": f"Basic {credentials}"}).json()["name"] == "ada"


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"Authorization": "Basic !!!"}, {"Authorization": "Bearer"}])
def test_without_a_valid_token_nothing_is_answered(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/who", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_path_that_does_not_exist_needs_a_token_too(client: TestClient) -> None:
    assert client.get("/nowhere").status_code == 401
    assert client.get("/nowhere", headers=bearer("good")).json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_an_error_has_code_message_and_what_to_do_next(client: TestClient) -> None:
    answer = client.get("/conflict", headers={**bearer("good"), "X-Request-Id": "r-1"})
    assert answer.status_code == 409
    assert answer.json() == {
        "error_code": "RESOURCE_CONFLICT", "message": "Somebody was faster. Read again.", "request_id": "r-1",
    }  # fmt: skip


def test_an_unforeseen_error_does_not_show_its_inside(client: TestClient) -> None:
    answer = client.get("/broken", headers=bearer("good"))
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("path", "why"),
    [("/too-large", "a number that is too large"), ("/half-a-letter", "a text that is not valid Unicode")],
)
def test_what_cannot_be_stored_is_the_requests_fault(client: TestClient, path: str, why: str) -> None:
    answer = client.get(path, headers=bearer("good"))
    assert answer.status_code == 400
    assert why in answer.json()["message"]


def test_nobody_signs_in_with_the_token_of_a_task(client: TestClient) -> None:
    answer = client.post("/ui/sign-in", data={"token": "task"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_a_browser_signs_in_works_and_signs_out(client: TestClient) -> None:
    assert client.get("/ui/", headers={"Accept": "text/html"}).headers["location"] == "/ui/sign-in?next=/ui/"
    assert client.post("/ui/sign-in", data={"token": "wrong"}).status_code == 401
    signed_in = client.post("/ui/sign-in", data={"token": "good"})
    assert "HttpOnly" in signed_in.headers["set-cookie"]
    assert "SameSite=strict" in signed_in.headers["set-cookie"]
    assert client.get("/who").status_code == 200
    client.post("/ui/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert client.get("/who").status_code == 401


@pytest.mark.parametrize(
    "neighbour", ['prefs={"a": 1}', "a[b]=x", "@=1", "flag", 'x="half', "x=a, b c", "expires=1", "\u00fc=1"]
)
def test_a_cookie_of_another_server_on_this_machine_does_not_hide_ours(client: TestClient, neighbour: str) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    name, value = next(iter(client.cookies.items()))
    client.cookies.clear()
    sent = f"{neighbour}; {name}={value}".encode("latin-1")
    assert client.get("/who", headers=[(b"cookie", sent)]).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("/mlflow/", "/mlflow/"), ("//evil.example", "/ui/"), ("https://evil.example", "/ui/"), ("", "/ui/"),
     ("/\\\\evil", "/ui/"), ("/ui/sign-in", "/ui/"), ("/a\r\nSet-Cookie: x=y", "/ui/")],
)  # fmt: skip
def test_signing_in_leads_to_the_page_asked_for_when_it_is_ours(client: TestClient, wanted: str, shown: str) -> None:
    answer = client.post("/ui/sign-in", params={"next": wanted}, data={"token": "good"})
    assert answer.headers["location"] == shown


def test_another_sites_page_cannot_use_the_session(client: TestClient) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    assert client.post("/change", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/change").status_code == 403
    assert client.post("/change", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_another_port_of_this_machine_is_another_site(client: TestClient) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    asked = {"Host": "testserver"}
    for origin, status in (
        ("http://testserver", 200),
        ("http://testserver:8888", 403),
        ("null", 403),
        ("http://[half", 403),
    ):
        assert client.post("/change", headers={**asked, "Origin": origin}).status_code == status
    both = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"}
    assert client.post("/change", headers=both).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "same-site"}, 403),
     ({"Origin": "http://evil.example"}, 403), ({}, 200)],
)  # fmt: skip
def test_the_socket_of_pages_is_for_our_pages(client: TestClient, headers: dict[str, str], status: int) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    assert client.get("/ui/_nicegui_ws/socket.io/", headers=headers).status_code == status


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "http://testserver:1"}, {}])
def test_a_websocket_of_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ui/_nicegui_ws/", headers=headers):
        pass
    assert refused.value.code == 4401


def test_a_websocket_of_our_page_is_let_in(client: TestClient) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    with client.websocket_connect("/ui/_nicegui_ws/", headers={"Origin": "http://testserver"}) as socket:
        assert socket.receive_text() == "ada"


def test_a_task_opens_no_pages(client: TestClient) -> None:
    assert client.get("/ui/", headers=bearer("task")).status_code == 403


def test_a_link_from_elsewhere_is_followed_once_more_from_our_own_page(client: TestClient) -> None:
    asked = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}

    answer = client.get("/ui/audit?principal=<b>", headers=asked)

    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/ui/audit?principal=%3Cb%3E">' in answer.text
    asked["Sec-Fetch-Site"] = "same-origin"
    assert client.get("/ui/audit?principal=x", headers=asked).headers["location"] == (
        "/ui/sign-in?next=/ui/audit%3Fprincipal%3Dx"
    )


def test_who_fails_too_often_is_told_how_long_to_wait(client: TestClient) -> None:
    REFUSALS.clear()
    for _ in range(MOST_FAILURES):
        assert client.post("/ui/sign-in", data={"token": "wrong"}).status_code == 401

    answer = client.post("/ui/sign-in", data={"token": "good"})

    assert answer.status_code == 429
    assert REFUSALS == ["This token is not known."] * MOST_FAILURES
    assert 0 < int(answer.headers["retry-after"]) <= 300
    assert "Too many failed attempts" in answer.text


def test_nobody_is_signed_in_by_a_form_of_another_site(client: TestClient) -> None:
    answer = client.post("/ui/sign-in", data={"token": "good"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_link_signs_in_once(client: TestClient) -> None:
    assert client.get("/ui/sign-in/link").status_code == 200
    answer = client.post("/ui/sign-in/link", data={"code": "once"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/")
    assert client.get("/who").json()["name"] == "ada"
    again = client.post("/ui/sign-in/link", data={"code": "other"})
    assert again.status_code == 401
    assert "Ask for another." in again.text


def test_pages_before_signing_in_have_a_policy_and_an_icon(client: TestClient) -> None:
    answer = client.get("/ui/sign-in")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert client.get("/ui/sign-in/openid").status_code == 404


def test_sessions_of_two_servers_on_one_machine_do_not_meet() -> None:
    ports = [session_cookie({"type": "http", "server": ("127.0.0.1", port)}) for port in (8300, 8400)]
    assert len(set(ports)) == 2
