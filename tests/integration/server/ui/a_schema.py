"""A catalog of one's own on the shared server, made through REST and SQL: what tests of pages about data begin with."""

from typing import Any
from uuid import uuid4

from boathouse.testing import LocalBoathouse

HTML = "<img src=x onerror=\"document.title='owned'\">"
"""What must stand on a page as text."""
UNITY = "/api/2.1/unity-catalog"


class ASchema:
    """``rides`` has rows and several versions, ``totals`` and the view ``named`` are made of it; comments, rows and
    tags hold HTML."""

    def __init__(self, boathouse: LocalBoathouse) -> None:
        self.boathouse = boathouse
        self.client = boathouse.client()
        self.catalog = f"c{uuid4().hex[:8]}"
        self.name = f"{self.catalog}.shop"
        self.table = f"{self.name}.rides"
        self.page = f"/ui/tables/{self.table}"
        told = f"Rides {_quoted(HTML)}"
        for statement in (
            f"CREATE CATALOG {self.catalog}",
            f"CREATE SCHEMA {self.name}",
            f"CREATE TABLE {self.table} (id BIGINT NOT NULL, city STRING, minutes DOUBLE) COMMENT '{told}'",
            f"INSERT INTO {self.table} VALUES (1, 'Kiel', 10.5), (2, '{_quoted(HTML)}', 3.0)",
            f"INSERT INTO {self.table} SELECT id, 'Lund', id * 2.0 FROM range(10, 60) AS r(id)",
            f"UPDATE {self.table} SET minutes = 4.0 WHERE id = 2",
            f"CREATE TABLE {self.name}.totals AS SELECT city, count(*) AS rides FROM {self.table} GROUP BY city",
            f"CREATE VIEW {self.name}.named AS SELECT id, upper(city) AS city FROM {self.table}",
            f"CREATE FUNCTION {self.name}.doubled(x INT COMMENT 'how much') RETURNS INT RETURN x * 2",
            f"CREATE VOLUME {self.name}.landing",
        ):
            self.sql(statement)
        self.client.put(f"/api/2.0/fs/files/Volumes/{self.catalog}/shop/landing/inside/hello.txt", {"hello": 1})

    def sql(self, statement: str, client: Any = None) -> dict[str, Any]:
        body = {"statement": statement, "wait_timeout": "50s"}
        answer = (client or self.client).post("/api/2.0/sql/statements", body)
        assert answer["status"]["state"] == "SUCCEEDED", answer
        return answer

    def reader(self, *privileges: str) -> tuple[str, str]:
        """Somebody who may do just this in the catalog, and their token."""
        name = f"reader-{uuid4().hex[:8]}"
        self.client.post("/api/boathouse/v1/principals", {"name": name, "kind": "user"})
        changes = {"changes": [{"principal": name, "add": list(privileges)}]}
        self.client.patch(f"{UNITY}/permissions/catalog/{self.catalog}", changes)
        made = self.client.post("/api/2.0/token/create", {"user_name": name, "lifetime_seconds": 3600})
        return name, made["token_value"]


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
