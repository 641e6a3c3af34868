"""What devices send becomes a journal, whatever they send and however often."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.serving.capture.frames import HEAD, MARK
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.capture.reading import Found, journals, look, segments
from boathouse.serving.edge.chunks import Placed, packed, unpacked
from boathouse.serving.edge.receiving import Receiver
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot import files
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute, Snapshot

ENTITY = LiveEntity("e1", "line", EntityKind.MODEL, "dev.edge.line", 1, None)
LINE = LiveEndpoint(
    "ep1", "line", 3, (ENTITY,), (LiveRoute("e1", 100.0),), frozenset(), EndpointPolicy(),
    capture=CaptureTarget("dev", "edge", "line"),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.create()
    files.write(found, Snapshot(1, 0, (LINE,), {}))
    return found


def exchange(number: int = 1, **changes: Any) -> Exchange:
    made = Exchange(
        f"request-{number}", "edge-line", 1, "edge-0=dev.edge.line", 1, "edge", "tower-7", 1_790_000_000_000_000, 10,
        200, "application/json", b'{"inputs": [1]}', b'{"predictions": [1]}',
    )  # fmt: skip
    return replace(made, **changes)


def sent(*exchanges: Exchange) -> bytes:
    return packed(Placed(100 * at, each) for at, each in enumerate(exchanges, 1))


def arrived(home: Home) -> Found:
    """What lies where the recorder looks."""
    ((segment,),) = [segments(folder) for folder in journals(home.journals)]
    return look(segment, 0, is_ended=True, most_bytes=1 << 30)


def test_a_message_sent_again_by_somebody_else_stands_where_it_stood(home: Home) -> None:
    """It had been taken when the server died, and has landed since: only its place says that it is the same."""
    receiver, message = Receiver(home, lambda *_: None), sent(exchange(1), exchange(2))
    receiver.take("ann", "line", "tower-7", "j", message)
    first = arrived(home)
    (memory,) = (home.serving / "edge").glob("*.json")
    context = first.contexts["ep1"].to_bytes().decode()
    memory.write_text(json.dumps({"upto": 0, "context": context, "principal": "ann"}))
    shutil.rmtree(next(iter(journals(home.journals))))

    receiver.take("somebody-with-a-longer-name", "line", "tower-7", "j", message)

    assert [each.place for each in arrived(home).exchanges] == [each.place for each in first.exchanges]


@pytest.mark.parametrize(
    "content", [b"\x01short", b"\x01" + bytes(400), sent(exchange(1))[20:] + b"more", sent(exchange())[20:] + b"[1]"]
)
def test_what_is_no_exchange_is_refused(home: Home, content: bytes) -> None:
    message = bytes(8) + HEAD.pack(MARK, len(content), crc32(content)) + content
    with pytest.raises(InvalidInput, match="exchange"):
        Receiver(home, lambda *_: None).take("ann", "line", "tower-7", "j", message)


def test_names_are_no_longer_than_they_are_anywhere(home: Home) -> None:
    with pytest.raises(InvalidInput, match="a name that no device gives"):
        list(unpacked(sent(exchange(request_id="r" * 1_000_000))))
    Receiver(home, lambda *_: None).take("ann", "line", "t", "j", sent(exchange(client_request_id="c" * 1_000_000)))
    (found,) = arrived(home).exchanges
    assert found.exchange.client_request_id == "c" * 200


def test_no_clock_of_a_device_puts_a_request_where_no_date_is(home: Home) -> None:
    far = (1 << 62, -(1 << 62), 1_790_000_000_000_000)
    message = sent(*(exchange(number, received_at_us=at) for number, at in enumerate(far)))
    Receiver(home, lambda *_: None).take("ann", "line", "tower-7", "j", message)
    late, early, right = (each.exchange for each in arrived(home).exchanges)
    assert late.received_at_us == late.arrived_at_us
    assert (early.received_at_us, right.received_at_us) == (0, min(far[2], time.time_ns() // 1000))
