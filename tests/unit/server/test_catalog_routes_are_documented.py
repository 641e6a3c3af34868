"""Every door of the catalog says in OpenAPI what it does, what it takes and what it answers."""

from fastapi import FastAPI

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.metastore import Database, DatabaseUrl
from boathouse.server.routes import catalog


def test_every_route_has_a_summary_and_examples(tmp_path):
    database = Database(DatabaseUrl.sqlite(tmp_path / "empty.db"))
    app = FastAPI()
    app.include_router(catalog.routes(Catalog(database, Home(tmp_path))))

    spec = app.openapi()

    assert len(spec["paths"]) > 40
    for path, verbs in spec["paths"].items():
        for verb, route in verbs.items():
            answers = [a for status, a in route["responses"].items() if status.startswith("2")]
            assert route["summary"], (verb, path)
            assert any("example" in answer["content"]["application/json"] for answer in answers), (verb, path)
            for reference in _body_references(route):
                assert spec["components"]["schemas"][reference].get("examples"), (verb, path)
    database.dispose()


def _body_references(route: dict) -> list[str]:
    content = route.get("requestBody", {}).get("content", {})
    return [each["schema"]["$ref"].rpartition("/")[2] for each in content.values() if "$ref" in each["schema"]]
