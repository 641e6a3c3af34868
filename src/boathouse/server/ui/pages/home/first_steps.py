"""What to do on a server that holds nothing yet."""

from nicegui import ui

from boathouse.server.ui import addresses
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import link, note, preformatted, words

STEPS = (
    ("Point MLflow and the Databricks SDK at this server", 'eval "$(boathouse env)"'),
    ("Make a schema for your data", 'boathouse sql "CREATE SCHEMA dev.shop"'),
    ("Begin a project, with tests and CI files", "boathouse bundle init my-project && cd my-project"),
    (
        "Deploy it and run it: it makes tables, trains a model and puts it before its gates",
        "boathouse bundle deploy -t dev && boathouse bundle run -t dev pipeline",
    ),
)
"""As the front page of the documentation has them."""


def first_steps() -> None:
    """The way from nothing to a model in production."""
    with card("Nothing is in production yet"):
        words("A model that has a champion, or that an endpoint serves, stands here, with how well it does.", "p")
        with ui.element("ol"):
            for what, command in STEPS:
                with ui.element("li"):
                    words(what, "p")
                    preformatted(command)
        note("To see all of it on real data first, run make demo in a clone of Boathouse.")
        link("Look at the catalog", addresses.CATALOG)
