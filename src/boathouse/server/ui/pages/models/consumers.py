"""Who uses a model: the endpoints that serve it and the jobs that load it."""

import asyncio

from boathouse.foundation.names import ModelName
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import at, shares_text
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import link
from boathouse.server.ui.visitor import Visitor


async def consumers_cards(visitor: Visitor, name: ModelName) -> None:
    """Endpoints and jobs; what comes of its answers is in the lineage."""
    production = visitor.plane.production
    served, jobs = await asyncio.gather(
        visitor.ask(production.served, [str(name)]), visitor.ask(production.jobs_loading, name)
    )
    with card("Endpoints"):
        rows = [
            [
                Linked(each.endpoint, addresses.endpoint(each.endpoint)),
                State(each.ready),
                each.follows or "a version",
                shares_text(each),
                each.why,
            ]
            for each in served.get(str(name), ())
        ]
        grid(
            ("Endpoint", "State", "Follows", "Traffic", "Why"),
            rows,
            label="Endpoints that serve the model",
            nothing="No endpoint serves this model.",
            next_step=f"boathouse endpoint create NAME {name}@champion",
        )
    with card("Jobs that have loaded it in the last 30 days"):
        grid(
            ("Job", "Version", "Last"),
            [[Linked(each.name, addresses.job(each.job_id)), each.version, Ago(at(each.at))] for each in jobs],
            label="Jobs that load the model",
            nothing="No job has loaded it lately.",
        )
    with card("Everything that comes before and after it"):
        link("Lineage of this model", addresses.lineage(str(name)))
