"""Bodies within bounds, paths, and ids."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from boathouse.dataplane.app import named_by
from boathouse.dataplane.bodies import Bodies
from boathouse.dataplane.identifiers import request_ids
from boathouse.serving.answering.refusals import TooLarge, TooSlow
from boathouse.serving.snapshot.nouns import LiveEndpoint


@dataclass
class Sender:
    """A client: its body, in pieces, and how long it pauses before it sends."""

    pieces: list[bytes]
    pause: float = 0.0

    async def __call__(self) -> bytes:
        await asyncio.sleep(self.pause)
        return b"".join(self.pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            yield piece


@dataclass
class Bounded:
    """As much of an endpoint as reading a body needs."""

    endpoint: Any
    body_bytes: int = 10


def read(sender: Sender, length: str | None, *, seconds: float = 30.0) -> bytes:
    endpoint = LiveEndpoint("id", "small", 1, (), (), frozenset(), policy=None)  # type: ignore[arg-type]

    async def story() -> bytes:
        bodies = Bodies(seconds=seconds)
        sweeping = asyncio.create_task(bodies.sweep())
        try:
            return await asyncio.create_task(bodies.read(sender, length, Bounded(endpoint)))  # type: ignore[arg-type]
        finally:
            sweeping.cancel()

    return asyncio.run(story())


def test_a_body_is_read_whether_its_length_was_told_or_not() -> None:
    assert read(Sender([b"abc", b"def"]), "6") == b"abcdef"
    assert read(Sender([b"abc", b"def"]), None) == b"abcdef"


def test_a_body_of_no_told_length_ends_at_the_bound() -> None:
    with pytest.raises(TooLarge, match="small takes 10"):
        read(Sender([b"abcdef"] * 3), None)


@pytest.mark.parametrize("length", ["6", None])
def test_a_body_that_does_not_come_in_time_is_not_waited_for(length: str | None) -> None:
    with pytest.raises(TooSlow, match="not arrived"):
        read(Sender([b"abcdef"], pause=20.0), length, seconds=0.01)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/invocations", (None, None)),
        ("/serving-endpoints/delay/invocations", ("delay", None)),
        ("/serving-endpoints/a%20b/invocations", ("a b", None)),
        ("/serving-endpoints/delay/served-models/old/invocations", ("delay", "old")),
        ("/serving-endpoints//invocations", None),
        ("/serving-endpoints/a/b/invocations", None),
        ("/serving-endpoints/delay/served-models//invocations", None),
        ("/ping", None),
    ],
)
def test_a_path_names_an_endpoint_and_perhaps_who_shall_answer(path: str, named: Any) -> None:
    assert named_by(path) == named


def test_ids_are_different_in_a_worker_and_between_workers() -> None:
    one, two = request_ids(), request_ids()
    made = [one() for _ in range(1000)] + [two() for _ in range(1000)]
    assert len(set(made)) == 2000
    assert {len(each) for each in made} == {36}
