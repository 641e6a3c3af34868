"""What a version was made of: its run, the data it was trained on, its features, and what it takes and gives."""

from boathouse.models.cards.facts import CardFacts
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import facts, link, note
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor


def data_cards(visitor: Visitor, told: CardFacts) -> None:
    """Training data with their versions, features, the run."""
    _run(told)
    with card("Data"):
        grid(
            ("Table", "Version", "Used for", "Owner", "Comment"),
            [
                [Linked(each.table, addresses.table(each.table)), each.version, each.role, each.owner, each.comment]
                for each in told.data
            ],
            label="Tables that the version was trained and judged on",
            nothing=_why(told, "data", "No table is known to have been read for this version."),
        )
        link("Lineage of this version", addresses.lineage(f"{told.model.name}@{told.version.version}"))
    read = {each.table for each in told.data}
    with card("Features"):
        grid(
            ("Feature", "From", "Owner", "Comment"),
            [
                [each.name, Linked(each.table, _source(each.table, read)), each.owner, each.comment]
                for each in told.features
            ],
            label="Features that the version takes",
            nothing=_why(told, "features", "This version looks no features up; it takes what callers send."),
        )


def _run(told: CardFacts) -> None:
    run = told.run
    with card("Run"):
        if run is None:
            note(_why(told, "run", "This version was not made from a run."))
            return
        facts(
            {
                "Run": run.name or run.run_id,
                "By": run.user,
                "Job": run.tags.get("boathouse.job_name"),
                "Commit": run.tags.get("boathouse.git.commit"),
                "Started": (lambda: when(run.started_at)) if run.started_at else None,
                "Ended": (lambda: when(run.ended_at)) if run.ended_at else None,
                "In MLflow": lambda: link(run.run_id, addresses.mlflow_run(run.experiment_id or "0", run.run_id)),
            }
        )


def signature_cards(told: CardFacts) -> None:
    """Names and types of what goes in and comes out."""
    contents = told.contents
    if contents is None:
        with card("Signature"):
            note(_why(told, "files", "The files of this version say nothing."))
        return
    for title, columns in (("Takes", contents.inputs), ("Gives", contents.outputs)):
        with card(title):
            grid(
                ("Column", "Type"),
                [list(each) for each in columns],
                label=f"What the model {title.lower()}",
                nothing="The model has no signature for this.",
                next_step="Log it with one: mlflow.pyfunc.log_model(..., signature=...)",
            )
    with card("Files"):
        facts(
            {
                "Flavours": ", ".join(contents.flavours) or None,
                "Files": contents.files,
                "Size": f"{contents.size_bytes / 2**20:,.1f} MiB",
                "Packages": len(contents.environment),
                "Locked": "yes" if contents.is_locked else "no: as it asks for them",
            }
        )


def _source(name: str, tables: set[str]) -> str:
    """Features are looked up in tables that the training has read, or computed by functions."""
    return addresses.feature_table(name) if name in tables else addresses.function(name)


def _why(told: CardFacts, what: str, otherwise: str) -> str:
    return told.missing.get(what) or otherwise
