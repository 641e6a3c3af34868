"""From what the registry knows of a store to the store itself."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from boathouse.features.online.contract import OnlineStore
from boathouse.features.online.nouns import OnlineStoreInfo, StoreKind


def open_store(info: OnlineStoreInfo, *, password: str | None = None) -> OnlineStore:
    """Open a store. Nothing is asked of it before the first call that needs it.

    Args:
        password: Of Redis, where it needs one and its URL has none.
    """
    if info.kind is StoreKind.LMDB:
        from boathouse.features.online.lmdb.store import LmdbStore

        return LmdbStore(info.name, Path(unquote(urlsplit(info.url).path)))
    from boathouse.features.online.redis.store import RedisStore

    return RedisStore(info.name, info.url, password=password)
