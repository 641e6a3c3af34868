"""How the version was made: run, code, parameters, environment; and what it takes and answers."""

from collections.abc import Iterator

from boathouse.models.cards.document import Block, Facts, Grid, Items, Paragraph, Section
from boathouse.models.cards.facts import CardFacts, RunTold
from boathouse.models.cards.wording import instant, size

_MOST_LINES = 80


def making(facts: CardFacts) -> Section:
    """Run, commit, parameters and environment."""
    blocks: list[Block] = [Facts(list(_origin(facts)))]
    if facts.run is None:
        blocks.append(Paragraph("No run is known behind it.", is_gap=True))
    elif facts.run.parameters:
        blocks.append(Grid(("Parameter", "Value"), sorted(facts.run.parameters.items())))
    contents = facts.contents
    if contents is None or not contents.environment:
        blocks.append(Paragraph("Its environment is not known.", is_gap=True))
    else:
        what = "Locked environment:" if contents.is_locked else "It asks for these packages; they are not locked:"
        more = len(contents.environment) - _MOST_LINES
        lines = [*contents.environment[:_MOST_LINES], *([f"… and {more} more"] if more > 0 else [])]
        blocks += [Paragraph(what, is_gap=not contents.is_locked), Items(lines)]
    return Section("How it was made", blocks)


def interface(facts: CardFacts) -> Section | None:
    """Its signature."""
    if facts.contents is None:
        return None
    contents = facts.contents
    pairs = [
        ("Flavours", ", ".join(contents.flavours) or "none"),
        ("Files", f"{contents.files}, {size(contents.size_bytes)}"),
    ]
    blocks: list[Block] = [Facts(pairs)]
    if contents.inputs:
        blocks.append(Grid(("Takes", "Type"), contents.inputs))
    else:
        blocks.append(Paragraph("It says nothing about what it takes: it has no signature.", is_gap=True))
    if contents.outputs:
        blocks.append(Grid(("Answers", "Type"), contents.outputs))
    return Section("What it takes and answers", blocks)


def _origin(facts: CardFacts) -> Iterator[tuple[str, str]]:
    yield "Registered", f"{instant(facts.version.created_at)}{f' by {facts.author}' if facts.author else ''}"
    if facts.version.comment:
        yield "Comment", facts.version.comment
    if facts.run is not None:
        yield from _run(facts.run)


def _run(run: RunTold) -> Iterator[tuple[str, str]]:
    yield "Run", f"{run.run_id}{f' ({run.name})' if run.name else ''}"
    yield "Ran", f"{instant(run.started_at)} to {instant(run.ended_at)}, as {run.user or 'nobody known'}"
    tags = run.tags
    commit = tags.get("boathouse.git.commit") or tags.get("mlflow.source.git.commit")
    if commit:
        dirty = " with changes that were not committed" if tags.get("boathouse.git.dirty") == "true" else ""
        yield "Commit", f"{commit}{dirty}"
    if origin := tags.get("boathouse.git.origin"):
        yield "Repository", origin
    if bundle := tags.get("boathouse.bundle"):
        yield "Bundle", f"{bundle}, target {tags.get('boathouse.target', '?')}"
    if job := tags.get("boathouse.job_name"):
        yield "Job", f"{job}, task {tags.get('boathouse.task_key', '?')}, run {tags.get('boathouse.job_run_id', '?')}"
    if imported := tags.get("boathouse.imported_from"):
        yield "Imported from", imported
