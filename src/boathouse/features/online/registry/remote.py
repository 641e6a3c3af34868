"""The registry of online stores over HTTP: what sessions in tasks, notebooks and the command line use."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from boathouse.features.online.nouns import NewPublication, OnlineStoreInfo, Outcome, Publication
from boathouse.features.online.registry import wire
from boathouse.foundation.redaction import note
from boathouse.foundation.rest import RestClient

BASE = "/api/boathouse/v1/features"


class RemoteOnlineRegistry:
    """Asks a control plane, as whoever the token stands for. Implements
    :class:`boathouse.features.online.stores.OnlineRegistry`."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def create_store(self, principal: object, name: str, kind: str, url: str | None) -> OnlineStoreInfo:
        body = {"name": name, "kind": kind, "url": url}
        return wire.store_of(self._client.post(f"{BASE}/online-stores", body))

    def store(self, principal: object, name: str) -> OnlineStoreInfo:
        return wire.store_of(self._client.get(f"{BASE}/online-stores/{quote(name, safe='')}"))

    def stores(self, principal: object) -> Sequence[OnlineStoreInfo]:
        found = self._client.get(f"{BASE}/online-stores")["online_stores"]
        return [wire.store_of(each) for each in found]

    def delete_store(self, principal: object, name: str) -> None:
        self._client.delete(f"{BASE}/online-stores/{quote(name, safe='')}")

    def declare(self, principal: object, new: NewPublication) -> Publication:
        return wire.publication_of(self._client.post(f"{BASE}/online-tables", wire.new_publication_json(new)))

    def done(self, principal: object, online_table: str, outcome: Outcome) -> None:
        self._client.post(f"{_path(online_table)}/published", wire.outcome_json(outcome))

    def publication(self, principal: object, online_table: str) -> Publication:
        return wire.publication_of(self._client.get(_path(online_table)))

    def publications(self, principal: object, source_table: str | None = None) -> Sequence[Publication]:
        asked: dict[str, Any] = {} if source_table is None else {"source_table": source_table}
        found = self._client.get(f"{BASE}/online-tables", **asked)["online_tables"]
        return [wire.publication_of(each) for each in found]

    def forget(self, principal: object, online_table: str) -> None:
        self._client.delete(_path(online_table))

    def secret(self, principal: object, scope: str, key: str) -> str:
        from base64 import b64decode

        value = b64decode(self._client.get("/api/2.0/secrets/get", scope=scope, key=key)["value"])
        note([value])
        return value.decode()


def _path(online_table: str) -> str:
    return f"{BASE}/online-tables/{quote(online_table, safe='')}"
