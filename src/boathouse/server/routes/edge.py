"""Where devices send what they have answered."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.serving.edge.chunks import LARGEST_MESSAGE
from boathouse.serving.edge.receiving import Receiver
from boathouse.serving.endpoints.access import Access


def routes(access: Access, receiver: Receiver) -> APIRouter:
    """One door; who may ask the endpoint may bring what was asked elsewhere."""
    router = APIRouter(tags=["serving"])

    @router.post(
        "/api/boathouse/v1/endpoints/{name}/edge-exchanges",
        summary="Take in what a device has answered; says up to which place of its journal everything has arrived",
        responses=example({"upto": 68719478784}),
    )
    async def take(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        caller: Caller,
        name: str,
        device: Annotated[str, Query(description="The name of the device.")],
        journal: Annotated[str, Query(description="Of the device; exchanges have places in it.")],
    ) -> dict[str, int]:
        from starlette.concurrency import run_in_threadpool

        pieces: list[bytes] = []
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST_MESSAGE:
                raise InvalidInput(f"The message has more than {LARGEST_MESSAGE:,} bytes.")
            pieces.append(piece)

        def taken() -> int:
            with access.verb(caller, "receiveExchanges", name, device=device, journal=journal, bytes=size):
                access.require(caller, Privilege.EXECUTE, name)
                return receiver.take(caller.name, name, device, journal, b"".join(pieces))

        return {"upto": await run_in_threadpool(taken)}

    return router
