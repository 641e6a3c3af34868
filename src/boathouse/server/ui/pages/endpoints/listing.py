"""All endpoints that the visitor may see."""

import asyncio
from collections.abc import Mapping, Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.system.endpoint_figures import Figures
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.endpoints.telling import answering_in_words, per_cent, state_of
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.looking.now import EndpointNow

_COLUMNS = (
    "Endpoint", "State", "Who answers", "Requests per second", "Server errors", "p99 ms", "Owner", "Changed",
)  # fmt: skip


async def endpoints_page(visitor: Visitor) -> None:
    plane = visitor.plane
    found, lately = await asyncio.gather(
        visitor.ask(plane.serving.looking.now.listed), visitor.ask(plane.system_figures.endpoints.lately)
    )
    with frame(visitor, "Endpoints"), card():
        grid(
            _COLUMNS,
            rows_of(found, lately),
            label="Endpoints",
            nothing="There is no endpoint that you may see.",
            next_step="boathouse endpoint create NAME ENTITY",
        )
        if found:
            note("Requests, errors and latency are those of the last 15 minutes.")


def rows_of(found: Sequence[EndpointNow], lately: Mapping[str, Figures]) -> list[list[object]]:
    return [_row(each, lately.get(each.endpoint.name)) for each in found]


def _row(now: EndpointNow, figures: Figures | None) -> list[object]:
    endpoint = now.endpoint
    word, tone = state_of(now.situation.progress)
    return [
        Linked(endpoint.name, addresses.endpoint(endpoint.name)),
        State(word, tone),
        answering_in_words(now.situation),
        figures.per_second if figures else 0.0,
        per_cent(figures.error_rate) if figures else None,
        figures.latency_ms(0.99) if figures else None,
        now.owner,
        Ago(from_epoch_ms(endpoint.changed_at)),
    ]
