"""Who asks."""

import time
from hashlib import sha256

import pytest

from boathouse.cli.endpoint_permissions import permissions
from boathouse.foundation.errors import Denied, Unauthenticated
from boathouse.serving.answering.authenticating import Doorkeeper, require_caller
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint

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


def test_writing_a_token_in_many_ways_fills_nobodys_memory() -> None:
    door = doorkeeper()
    for spaces in range(1, 100):
        assert door.identify(f"Bearer{' ' * spaces}secret") is ANN
    assert len(door._seen) == 1


def test_who_may_not_ask_is_told_what_its_owner_can_do() -> None:
    served = LiveEndpoint("id", "delays", 1, (), (), frozenset({"bob"}), EndpointPolicy())
    with pytest.raises(Denied) as refused:
        require_caller(ANN, served)
    command = str(refused.value.hint).partition("boathouse endpoint permissions ")[2].split()
    assert permissions.make_context("permissions", command).params["give"] == (("ann", "CAN_QUERY"),)
