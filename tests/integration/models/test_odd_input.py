"""Names, versions, aliases and pages that nobody would think of: refused in words that MLflow's clients read, or taken
and then there; never an error of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from conftest import Person

pytestmark = pytest.mark.server

MLFLOW, OURS = "/api/2.0/mlflow", "/api/boathouse/v1/models"
NAMES: list[Any] = [
    "", " ", ".", "..", "...", "m", "a.b", "dev.lab.a.b", "dev..m", "dev.lab.", ".lab.m", "dev.lab. m", "dev.lab.a/b",
    "dev.lab.a\\b", "dev.lab." + "m" * 255, "dev.lab." + "m" * 256, "dev.lab." + "ü" * 128,
    "dev.lab." + "m" * 100_000, "dev.lab.größe", "dev.lab.模型", "dev.lab.🛶", "dev.lab.a\x00b", "dev.lab.a\nb",
    "dev.lab.a'b", "dev.lab.a\"b", "dev.lab.a`b", "dev.lab.`a b`", "dev.lab.%", "dev.lab.a%2Fb", "dev.lab.a b",
    "dev.lab.\ud800", "dev.lab.\u202e", "models:/dev.lab.m", "dev.lab.m@champion", "../../etc/passwd", None, 7, True,
    1.5, ["dev.lab.m"], {"a": 1},
]  # fmt: skip
VERSIONS: list[Any] = [
    0, -1, 2**31, 2**63, 2**64, "0", "-1", "01", "1.0", "1e3", " 1", "1 ", "+1", "١", "１", "²", "", "latest",
    "champion", "9" * 5000, "\ud800", "1\x00", None, True, 1.5, [1], ["1", "2"], {"a": 1},
]  # fmt: skip
ALIASES: list[Any] = [
    "", " ", "v1", "V12", "latest", "LATEST", "a b", "a/b", "a.b", "é", "🛶", "1", "x" * 255, "x" * 256,
    "x" * 100_000, "a\x00", "a\n", "\ud800", "%", "..", None, 7, True, ["champion"], {"a": 1},
]  # fmt: skip


def send(person: Person, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
    """As a client could, also with what JSON can say and UTF-8 cannot."""
    if body is None:
        return person.http.request(
            method, path, params={key: value for key, value in query.items() if value is not None}
        )
    return person.http.request(method, path, content=json.dumps(body), headers={"content-type": "application/json"})


@pytest.fixture
def model(ada: Person, new_name: Callable[[str], str]) -> str:
    """A model with one version and its champion."""
    name = ada.model(f"dev.lab.{new_name('odd')}")
    ada.version(name, ada.run(ada.experiment(new_name("e"))))
    ada.alias(name, "champion", 1)
    return name


def is_well_said(answer: Any) -> bool:
    """A plain success, or an error as MLflow writes them."""
    if answer.status_code == 200:
        return True
    if answer.status_code not in (400, 403, 404, 409):
        return False
    try:
        said = answer.json()
    except ValueError:
        return False
    return bool(said.get("error_code")) and bool(said.get("message")) and "Traceback" not in answer.text


def asked(how: dict[str, Callable[[Any], Any]], values: list[Any]) -> Iterator[str]:
    """Everything that was answered badly."""
    for what, ask in how.items():
        for value in values:
            answer = ask(value)
            if not is_well_said(answer):
                yield f"{what} {str(value)[:30]!r} ({type(value).__name__}): {answer.status_code} {answer.text[:300]}"


def text(value: Any) -> Any:
    """In an address everything is text that UTF-8 can say, and not too long."""
    return value[:5000].encode(errors="replace").decode() if isinstance(value, str) else value


def test_names_that_nobody_would_think_of(ada: Person, model: str) -> None:
    def post(path: str, **more: Any) -> Callable[[Any], Any]:
        return lambda name: send(ada, "POST", f"{MLFLOW}/{path}", {"name": name, **more})

    def get(path: str, **more: Any) -> Callable[[Any], Any]:
        return lambda name: send(ada, "GET", f"{MLFLOW}/{path}", name=text(name), **more)

    def of(tail: str, method: str = "GET", body: dict[str, Any] | None = None) -> Callable[[Any], Any]:
        return lambda name: send(ada, method, f"{OURS}/{quote(str(text(name)), safe='')}{tail}", body)

    bad = asked(
        {
            "get": get("registered-models/get"),
            "latest": post("registered-models/get-latest-versions"),
            "alias": get("registered-models/alias", alias="champion"),
            "version": get("model-versions/get", version="1"),
            "download": get("model-versions/get-download-uri", version="1"),
            "create version": post("model-versions/create", source="mlflow-artifacts:/0/x"),
            "set alias": post("registered-models/alias", alias="champion", version="1"),
            "tag": post("registered-models/set-tag", key="k", value="v"),
            "tag version": post("model-versions/set-tag", version="1", key="approval", value="Approved"),
            "stage": post("model-versions/transition-stage", version="1", stage="Production"),
            "rename": post("registered-models/rename", new_name="dev.lab.x"),
            "ours": of(""),
            "our history": of("/history"),
            "our aliases": of("/aliases/champion", "PUT", {"version": 1}),
            "our requirements": of("/requirements"),
            "our promotion": of("/versions/1/promote", "POST", {}),
            "our production": of("/in-production"),
        },
        NAMES,
    )  # fmt: skip

    assert list(bad) == []


def test_a_model_is_made_and_found_by_its_name_or_not_made(ada: Person) -> None:
    bad: list[str] = []
    for name in NAMES:
        made = send(ada, "POST", f"{MLFLOW}/registered-models/create", {"name": name})
        if not is_well_said(made):
            bad.append(f"{str(name)[:40]!r}: {made.status_code} {made.text[:300]}")
        elif made.status_code == 200:
            canonical = made.json()["registered_model"]["name"]
            found = send(ada, "GET", f"{MLFLOW}/registered-models/get", name=text(name))
            ours = send(ada, "GET", f"{OURS}/{quote(canonical, safe='')}")
            gone = send(ada, "DELETE", f"{MLFLOW}/registered-models/delete", {"name": canonical})
            if [each.status_code for each in (found, ours, gone)] != [200, 200, 200]:
                bad.append(
                    f"{str(name)[:40]!r} was made, and then: {found.text[:200]} {ours.text[:200]} {gone.text[:200]}"
                )

    assert bad == []


def test_a_model_takes_no_new_name_that_it_could_not_have(ada: Person, model: str) -> None:
    bad: list[str] = []
    for name in NAMES:
        answer = send(ada, "POST", f"{MLFLOW}/registered-models/rename", {"name": model, "new_name": name})
        if not is_well_said(answer):
            bad.append(f"{str(name)[:40]!r}: {answer.status_code} {answer.text[:300]}")
        elif answer.status_code == 200:
            canonical = answer.json()["registered_model"]["name"]
            back = send(ada, "POST", f"{MLFLOW}/registered-models/rename", {"name": canonical, "new_name": model})
            assert back.status_code == 200, (name, back.text)

    assert bad == []


def test_versions_that_nobody_would_think_of(ada: Person, model: str) -> None:
    def body(method: str, path: str, **more: Any) -> Callable[[Any], Any]:
        return lambda version: send(ada, method, f"{MLFLOW}/{path}", {"name": model, "version": version, **more})

    def get(path: str) -> Callable[[Any], Any]:
        return lambda version: send(ada, "GET", f"{MLFLOW}/{path}", name=model, version=text(version))

    def of(tail: str, method: str = "GET", said: dict[str, Any] | None = None) -> Callable[[Any], Any]:
        return lambda version: send(
            ada, method, f"{OURS}/{model}/versions/{quote(str(text(version)), safe='')}{tail}", said
        )

    bad = asked(
        {
            "get": get("model-versions/get"),
            "download": get("model-versions/get-download-uri"),
            "update": body("PATCH", "model-versions/update", description="x"),
            "tag": body("POST", "model-versions/set-tag", key="k", value="v"),
            "sign": body("POST", "model-versions/set-tag", key="approval", value="Approved"),
            "untag": body("DELETE", "model-versions/delete-tag", key="k"),
            "stage": body("POST", "model-versions/transition-stage", stage="Staging"),
            "alias": body("POST", "registered-models/alias", alias="other"),
            "our alias": lambda version: send(ada, "PUT", f"{OURS}/{model}/aliases/other", {"version": version}),
            "evidence": of("/evidence"),
            "evaluations": of("/evaluations"),
            "evaluate": of("/evaluations", "POST", {"measurements": []}),
            "why": of("/why"),
            "promote": of("/promote", "POST", {}),
        },
        VERSIONS,
    )  # fmt: skip

    assert list(bad) == []
    for version in (0, -1, 2**63, "9" * 5000):
        deleted = send(ada, "DELETE", f"{MLFLOW}/model-versions/delete", {"name": model, "version": str(version)})
        assert is_well_said(deleted) and deleted.status_code in (400, 404), (str(version)[:30], deleted.text[:300])
    assert ada.get("registered-models/alias", name=model, alias="champion")["model_version"]["version"] == "1"


def test_aliases_that_nobody_would_think_of(ada: Person, model: str) -> None:
    def set_theirs(alias: Any) -> Any:
        return send(ada, "POST", f"{MLFLOW}/registered-models/alias", {"name": model, "alias": alias, "version": "1"})

    def delete_theirs(alias: Any) -> Any:
        return send(ada, "DELETE", f"{MLFLOW}/registered-models/alias", {"name": model, "alias": alias})

    def at(alias: Any) -> str:
        return f"{OURS}/{model}/aliases/{quote(str(text(alias)), safe='')}"

    bad = asked(
        {
            "set": set_theirs,
            "get": lambda alias: send(ada, "GET", f"{MLFLOW}/registered-models/alias", name=model, alias=text(alias)),
            "delete": delete_theirs,
            "set ours": lambda alias: send(ada, "PUT", at(alias), {"version": 1}),
            "history": lambda alias: send(ada, "GET", f"{OURS}/{model}/history", alias=text(alias)),
            "why": lambda alias: send(ada, "GET", f"{OURS}/{model}/versions/{quote(str(text(alias)), safe='')}/why"),
            "delete ours": lambda alias: send(ada, "DELETE", at(alias)),
        },
        ALIASES,
    )

    assert list(bad) == []
    for alias in ("v1", "V12", "latest", "LATEST", "", "x" * 256, 7, None):
        assert set_theirs(alias).status_code == 400, alias
    assert ada.get("registered-models/get", name=model)["registered_model"]["aliases"] == [
        {"alias": "champion", "version": "1"}
    ]


def test_searches_that_nobody_would_think_of(ada: Person, mallory: Person, model: str) -> None:
    def token(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    asked_for: list[dict[str, Any]] = [
        *({"filter": each} for each in (
            "(", "name", "name =", "name = dev", "name = 'a' OR name = 'b'", "' ; DROP TABLE x", "name = 'a\x00b'",
            "name LIKE '%'", "tags.`a b` = 'x'", "name IN ()", "name = '" + "x" * 5_000 + "'",
        )),
        *({"order_by": each} for each in ("colour", "name; DROP", "", "name ASC ASC")),
        *({"max_results": each} for each in ("0", "-1", "x", "1e3", str(10**9), str(2**63), "", "1.5", "9" * 5000)),
        *({"page_token": each} for each in (
            "x", token("x"), token("{}"), token('{"offset": -1}'), token('{"offset": "a"}'), token('{"offset": null}'),
            token(json.dumps({"offset": 2**63})), "é", "",
        )),
        {"max_results": ["1", "2"]},
    ]  # fmt: skip
    bad: list[str] = []
    for person in (ada, mallory):
        for path in ("registered-models/search", "model-versions/search", "experiments/search"):
            for query in asked_for:
                answer = send(person, "GET", f"{MLFLOW}/{path}", **query)
                if not is_well_said(answer):
                    bad.append(f"{path} {str(query)[:60]}: {answer.status_code} {answer.text[:200]}")

    assert bad == []


def test_texts_that_are_too_long_change_nothing_and_the_model_goes_on(ada: Person, model: str) -> None:
    long, root = "x" * 5_001, f"{MLFLOW}/registered-models"

    refused = [
        send(ada, "PATCH", f"{root}/update", {"name": model, "description": long}),
        send(ada, "POST", f"{root}/set-tag", {"name": model, "key": "k", "value": long}),
        send(ada, "POST", f"{root}/create", {"name": f"{model}_2", "description": "a\x00b"}),
        send(ada, "POST", f"{root}/create", {"name": f"{model}_2", "tags": [{"key": "k", "value": long}]}),
        send(ada, "PATCH", f"{MLFLOW}/model-versions/update", {"name": model, "version": "1", "description": long}),
    ]

    assert [each.status_code for each in refused] == [400] * 5, [each.text[:200] for each in refused]
    assert send(ada, "GET", f"{root}/get", name=f"{model}_2").status_code == 404
    assert send(ada, "PATCH", f"{root}/update", {"name": model, "description": "short"}).status_code == 200
    tag = {"name": model, "version": "1", "key": "notes", "value": "x" * 50_000}
    assert send(ada, "POST", f"{MLFLOW}/model-versions/set-tag", tag).status_code == 200
