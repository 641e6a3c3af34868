import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import redis

from boathouse.features.online.contract import OnlineStore
from boathouse.features.online.lmdb.store import LmdbStore
from boathouse.features.online.redis.store import RedisStore


def _beside(name: str) -> ModuleType:
    """A module beside this file: pytest imports by path, so test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"online_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Hand:
    """A clock in microseconds that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_000_000_000_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _beside("redis_server").running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def running_redis() -> Callable[..., object]:
    return _beside("redis_server").running_redis


@pytest.fixture(params=["lmdb", "redis"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path, hand: Hand) -> Iterator[Callable[[], OnlineStore]]:
    """Opens the same store again and again."""
    if request.param == "lmdb":
        yield lambda: LmdbStore("local", tmp_path / "online", now=hand)
        return
    url = request.getfixturevalue("redis_url")
    opened: list[RedisStore] = []

    def again() -> RedisStore:
        opened.append(RedisStore("shared", url, now=hand, lock_seconds=10.0))
        return opened[-1]

    yield again
    for store in opened:
        store.close()
    with redis.Redis.from_url(url) as client:
        client.flushall()


@pytest.fixture
def store(new_store: Callable[[], OnlineStore]) -> OnlineStore:
    return new_store()
