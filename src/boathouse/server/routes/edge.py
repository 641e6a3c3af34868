"""What happens to an endpoint's model elsewhere: which version to score with, and what devices have answered."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.serving.edge.chunks import LARGEST_MESSAGE
from boathouse.serving.edge.receiving import Receiver
from boathouse.serving.endpoints.access import Access
from boathouse.serving.snapshot.answering_now import answering_now


def routes(access: Access, receiver: Receiver, home: Home) -> APIRouter:
    """Who may ask the endpoint may ask its model elsewhere, and bring what was asked there."""
    router = APIRouter(tags=["serving"])

    @router.get(
        "/api/boathouse/v1/endpoints/{name}/model",
        summary="The version of a model that answers for an endpoint now, for who scores with it elsewhere",
        responses=example({"model": "prod.flights.delay", "version": 3}),
    )
    def model(caller: Caller, name: str) -> dict[str, str | int]:  # pyright: ignore[reportUnusedFunction]
        found = answering_now(access, home, caller, name)
        return {"model": found.model, "version": found.version}

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
