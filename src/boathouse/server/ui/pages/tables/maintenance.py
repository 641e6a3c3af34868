"""How the files of a table lie, what would do them good, and the buttons that do it."""

from nicegui import ui

from boathouse.catalog.table_logs import TableVersion, Upkeep
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import TableName
from boathouse.server.ui.parts.asking import Action, button, confirm, done
from boathouse.server.ui.parts.figures import counted, in_bytes
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, figure, row
from boathouse.server.ui.parts.text import facts, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.statements import read
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import StatementRequest


def maintenance_tab(visitor: Visitor, name: TableName, *, may_change: bool) -> None:
    place = ui.element("div")

    async def show() -> None:
        found = await visitor.ask(visitor.plane.catalog.table_logs.upkeep, name)
        place.clear()
        with place:
            _upkeep(visitor, name, found, show if may_change else None)

    later(show, "Reading the table's log …")


def _upkeep(visitor: Visitor, name: TableName, found: Upkeep, show_again: Action | None) -> None:
    with card("Files"):
        with row():
            figure(f"{found.newest.files:,}", "files")
            figure(in_bytes(found.newest.size_bytes), "in all")
            figure(in_bytes(found.median_bytes), "half of the files are smaller")
            figure(f"{found.small_files:,}", "small files")
        for each in found.advice or ("Nothing to do: the files are in good order.",):
            note(each)
        if show_again is not None:
            _buttons(visitor, name, show_again)
    with card("Log"):
        facts(_log_facts(found))
    with card("Table properties"):
        grid(
            ["Property", "Value"],
            [[key, value] for key, value in found.properties.items()],
            label="Properties in the log",
            nothing="None are set.",
        )


def _log_facts(found: Upkeep) -> dict[str, object]:
    pinned = ", ".join(map(str, found.pinned[:20])) + (" …" if len(found.pinned) > 20 else "")
    return {
        "Versions": f"{found.oldest_version:,} to {found.newest.version:,} can be read by name",
        "Pinned": f"{pinned} (a model was trained on them: vacuum keeps their files)" if pinned else "none",
        "Checkpoints": f"{len(found.checkpoints):,}",
        "Partitioned by": ", ".join(found.partition_columns) or "nothing",
        "Last optimize": lambda: _last(found.optimized),
        "Last vacuum": lambda: _last(found.vacuumed),
    }


def _last(version: TableVersion | None) -> None:
    if version is None:
        words("never, as far as the log tells")
        return
    with row():
        when(from_epoch_ms(version.at), ago=True)
        words(f"by {version.principal or 'a client of its own'}, version {version.version}", style="bh-note")


def _buttons(visitor: Visitor, name: TableName, show_again: Action) -> None:
    async def optimize() -> None:
        what = "Small files are put together in one new version; the rows stay what they are."
        if await confirm(f"Optimize {name}?", what_happens=what, yes="Optimize"):
            found = await read(visitor, StatementRequest(f"OPTIMIZE {name.quoted()}"))
            told = dict(zip(found.columns, found.values[0], strict=True)) if found.values else {}
            done(f"{told.get('numFilesRemoved', 0)} files became {told.get('numFilesAdded', 0)}.")
            await show_again()

    async def vacuum() -> None:
        trial = await read(visitor, StatementRequest(f"VACUUM {name.quoted()} DRY RUN"))
        if not trial.values:
            ui.notify("There is nothing to delete: versions of the last week and pinned ones need every file.")
            return
        what = "No version of the last week and no pinned version needs them. This cannot be undone."
        asked = f"Delete {counted(len(trial.values), 'file')} of {name}?"
        if await confirm(asked, what_happens=what, yes="Delete", style="bh-danger"):
            gone = await read(visitor, StatementRequest(f"VACUUM {name.quoted()}"))
            done(f"{counted(len(gone.values), 'file')} deleted.")
            await show_again()

    with ui.element("div").classes("bh-row bh-space"):
        button("Optimize", optimize, style="bh-small")
        button("Vacuum", vacuum, style="bh-small")
