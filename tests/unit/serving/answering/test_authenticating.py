"""Who asks."""

import time
from hashlib import sha256

import pytest

from boathouse.foundation.errors import Unauthenticated
from boathouse.serving.answering.authenticating import Doorkeeper
from boathouse.serving.snapshot.nouns import KnownToken

ANN = KnownToken("ann", frozenset({"ann"}), False, None)


def doorkeeper(token: KnownToken = ANN) -> Doorkeeper:
    return Doorkeeper({sha256(b"secret").hexdigest(): token})


@pytest.mark.parametrize("header", ["Bearer secret", "bearer secret", "Bearer  secret "])
def test_a_known_token_is_recognised_again_and_again(header: str) -> None:
    door = doorkeeper()
    assert door.identify(header) is ANN
    assert door.identify(header) is ANN


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic secret", "secret", "Bearer secrets", "Bearer \udcff"]
)
def test_anything_else_is_not(header: str | None) -> None:
    door = doorkeeper()
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            door.identify(header)


def test_a_token_ends_when_it_expires_though_it_was_seen_before() -> None:
    soon = KnownToken("ann", frozenset({"ann"}), False, int(time.time() * 1000) + 60)
    door = doorkeeper(soon)
    assert door.identify("Bearer secret") is soon
    time.sleep(0.08)
    with pytest.raises(Unauthenticated, match="expired"):
        door.identify("Bearer secret")
