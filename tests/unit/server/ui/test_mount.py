"""What stands in front of NiceGUI."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from boathouse.server.ui.mount import answer_who_waits


async def no_answer(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise RuntimeError("No response returned.")


def ask(heard: Message) -> None:
    async def receive() -> Message:
        return heard

    async def send(message: Any) -> None:
        pass

    asyncio.run(answer_who_waits(no_answer, {"type": "http"}, receive, send))


def test_who_leaves_while_a_page_loads_is_no_failure() -> None:
    ask({"type": "http.disconnect"})


def test_no_answer_to_somebody_who_waits_is_one() -> None:
    with pytest.raises(RuntimeError, match="No response returned"):
        ask({"type": "http.request", "body": b""})
