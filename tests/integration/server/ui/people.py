"""Users and groups of their own for a test, with their tokens."""

from uuid import uuid4

from boathouse.testing import LocalBoathouse


def new_user(boathouse: LocalBoathouse, stem: str = "user") -> tuple[str, str]:
    """A user that nobody else knows, and a token of it."""
    name = f"{stem}-{uuid4().hex[:8]}"
    admin = boathouse.client()
    admin.post("/api/boathouse/v1/principals", {"name": name, "kind": "user"})
    made = admin.post("/api/2.0/token/create", {"user_name": name, "comment": f"for {name}"})
    return name, made["token_value"]


def new_group(boathouse: LocalBoathouse, *members: str) -> str:
    """A group with members."""
    name = f"group-{uuid4().hex[:8]}"
    admin = boathouse.client()
    admin.post("/api/boathouse/v1/principals", {"name": name, "kind": "group"})
    for member in members:
        admin.put(f"/api/boathouse/v1/groups/{name}/members/{member}")
    return name


def new_catalog(boathouse: LocalBoathouse, *, comment: str = "") -> str:
    """A catalog with a schema ``s`` in it."""
    name = f"c{uuid4().hex[:8]}"
    admin = boathouse.client()
    admin.post("/api/2.1/unity-catalog/catalogs", {"name": name, "comment": comment})
    admin.post("/api/2.1/unity-catalog/schemas", {"name": "s", "catalog_name": name, "comment": comment})
    return name


def grant(boathouse: LocalBoathouse, who: str, *privileges: str, on: str) -> None:
    """Give privileges on a catalog or a schema."""
    kind = "schema" if "." in on else "catalog"
    change = {"principal": who, "add": list(privileges)}
    boathouse.client().patch(f"/api/2.1/unity-catalog/permissions/{kind}/{on}", {"changes": [change]})
