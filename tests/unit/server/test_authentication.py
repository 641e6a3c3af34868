"""Every request shows who asks."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from boathouse.foundation.context import TaskContext, current_request
from boathouse.foundation.errors import Conflict, Unauthenticated
from boathouse.foundation.principals import Principal
from boathouse.server import sign_in
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


def issue_session(principal: Principal, seconds: int) -> str:
    SESSIONS.add("session-1")
    return "session-1"


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

    app.include_router(sign_in.routes(authenticate, issue_session, SESSIONS.discard))
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
    assert "ada" in client.get("/ui/").text
    client.post("/ui/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert client.get("/who").status_code == 401


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("/mlflow/", "/mlflow/"), ("//evil.example", "/ui/"), ("https://evil.example", "/ui/"), ("", "/ui/"),
     ("/\\\\evil", "/ui/"), ("/ui/sign-in", "/ui/"), ("/a\r\nSet-Cookie: x=y", "/ui/")],
)  # fmt: skip
def test_signing_in_leads_to_the_page_asked_for_when_it_is_ours(client: TestClient, wanted: str, shown: str) -> None:
    answer = client.post("/ui/sign-in", params={"next": wanted}, data={"token": "good"})
    assert answer.headers["location"] == shown


def test_links_that_mlflows_clients_print_lead_to_its_pages(client: TestClient) -> None:
    assert '<script src="/ui/forward.js">' in client.get("/ui/", headers=bearer("good")).text
    assert r"/^#\/(experiments|models" in client.get("/ui/forward.js", headers=bearer("good")).text


def test_another_sites_page_cannot_use_the_session(client: TestClient) -> None:
    client.post("/ui/sign-in", data={"token": "good"})
    assert client.post("/change", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/change").status_code == 403
    assert client.post("/change", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_sessions_of_two_servers_on_one_machine_do_not_meet() -> None:
    ports = [session_cookie({"type": "http", "server": ("127.0.0.1", port)}) for port in (8300, 8400)]
    assert len(set(ports)) == 2
