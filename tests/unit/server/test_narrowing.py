"""Routers that are asked only about paths which begin as theirs do."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Match
from starlette.types import Scope

from boathouse.server.narrowing import narrowed


class Counting(APIRouter):
    """Knows how often it was asked."""

    asked = 0

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        self.asked += 1
        return super().matches(scope)


@pytest.fixture
def router() -> Counting:
    below = APIRouter(prefix="/runs")

    @below.get("/{number}")
    def run(number: int) -> dict[str, Any]:
        return {"run": number}

    router = Counting(prefix="/jobs")

    @router.get("/{name}/latest")
    def latest(name: str) -> dict[str, Any]:
        return {"latest": name}

    @router.post("/list")
    def add() -> dict[str, Any]:
        return {"added": True}

    router.include_router(below)
    return router


@pytest.fixture
def client(router: Counting) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(narrowed(router))
    with TestClient(app) as client:
        yield client


def test_it_answers_what_it_answered_before(client: TestClient) -> None:
    assert client.get("/jobs/etl/latest").json() == {"latest": "etl"}
    assert client.get("/jobs/runs/7").json() == {"run": 7}
    assert client.post("/jobs/list").json() == {"added": True}
    assert client.get("/jobs/list").status_code == 405
    assert client.get("/jobs/nothing/here/at/all").status_code == 404


def test_it_is_not_asked_about_paths_that_begin_otherwise(client: TestClient, router: Counting) -> None:
    assert client.get("/models/etl/latest").status_code == 404
    assert router.asked == 0
    client.get("/jobs/etl/latest")
    assert router.asked > 0


def test_below_another_path_it_is_asked_as_before(router: Counting) -> None:
    app = FastAPI()
    app.include_router(narrowed(router))
    outer = FastAPI()
    outer.mount("/inner", app)

    with TestClient(outer) as client:
        assert client.get("/inner/jobs/etl/latest").json() == {"latest": "etl"}


def test_what_is_not_found_by_its_path_alone_is_always_asked() -> None:
    router = Counting()
    router.routes.append(object())  # type: ignore[arg-type]

    assert narrowed(router) is router
    assert "matches" not in vars(router)
