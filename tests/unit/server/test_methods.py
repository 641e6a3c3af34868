"""Which methods a path takes, beside an application that takes every path."""

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from boathouse.server.errors import answer_errors
from boathouse.server.methods import OurPathsFirst


def client() -> TestClient:
    app = FastAPI()
    answer_errors(app)

    router = APIRouter(prefix="/api/2.2/jobs")

    @router.get("/list")
    @router.post("/list")
    def jobs() -> str:
        return "jobs"

    app.include_router(router)
    app.mount("/", OurPathsFirst(PlainTextResponse("theirs"), list(app.routes)))
    return TestClient(app)


def test_a_wrong_method_is_named_with_those_that_fit() -> None:
    answer = client().delete("/api/2.2/jobs/list")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert answer.json()["error_code"] == "METHOD_NOT_ALLOWED"


def test_other_paths_reach_the_application_behind() -> None:
    assert client().get("/api/2.2/jobs/list").json() == "jobs"
    assert client().delete("/api/2.0/other").text == "theirs"
