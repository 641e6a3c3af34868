"""What a table is, whose, how large and how fresh; and its columns."""

from typing import Any

from nicegui import ui

from boathouse.catalog import Column, Privilege, SecurableKind, Table
from boathouse.catalog.described import TableState, UsedBy
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import TableName, quote_part
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.catalog import place_card
from boathouse.server.ui.pages.editing import tags_in, tags_text
from boathouse.server.ui.pages.functions import dependencies_card
from boathouse.server.ui.parts.asking import ask_text
from boathouse.server.ui.parts.figures import counted, in_bytes
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, figure, row
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, link, note, preformatted, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.statements import finished
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import StatementRequest

K = SecurableKind


async def overview_tab(visitor: Visitor, table: Table, name: TableName, *, may_change: bool) -> None:
    if table.securable.id:
        later(lambda: _state(visitor, str(name)), "Reading the table's log …")
        await place_card(visitor, table.securable)
    await _columns(visitor, table, name, may_change=may_change)
    if table.view is not None:
        _definition(table)
    with card("Storage"):
        facts(
            {
                "Type": table.table_type.value.lower(),
                "Format": table.data_source_format.lower() if table.view is None else None,
                "Location": table.storage_location or None,
                "Properties": lambda: _properties(table),
            }
        )


async def _state(visitor: Visitor, name: str) -> None:
    """Figures of the newest version, and who uses the table."""
    found = await visitor.ask(visitor.plane.catalog.describing.describe, name, K.TABLE)
    with card("Now"):
        if found.state is not None:
            _figures(found.state, addresses.table(name))
        known: dict[str, Any] = found.more.get("feature_table") or {}
        used = found.used_by
        facts(
            {
                "Last written": (lambda state=found.state: _written(state)) if found.state else None,
                "Features": (lambda: _freshness(known)) if known else None,
                "Read": f"{counted(used.use.reads, 'time')} by {counted(used.use.readers, 'principal')} in 30 days",
                "Jobs that read it": (lambda: _jobs(used)) if used.jobs else None,
                "Models trained on it": (lambda: _models(used, name)) if used.models else None,
            }
        )


def _figures(state: TableState, address: str) -> None:
    with row():
        figure("—" if state.rows is None else f"{state.rows:,}", "rows")
        figure(in_bytes(state.size_bytes), f"in {counted(state.files, 'file')}")
        figure(state.version, "version", address=with_query(address, tab="History"))
    ui.element("div").classes("bh-gap")


def _written(state: TableState) -> None:
    with row():
        when(from_epoch_ms(state.written_at), ago=True)
        by = f" by {state.written_by}" if state.written_by else ""
        words(f"{state.operation.lower()}{by}", style="bh-note")


def _freshness(known: dict[str, Any]) -> None:
    """What a feature table promises of its age, and how old its newest features are."""
    fresh: dict[str, Any] = known.get("freshness") or {}
    with row():
        link("Feature table", addresses.feature_table(str(known["name"])))
        if fresh.get("is_kept") is not None:
            badge("fresh" if fresh["is_kept"] else "stale", Tone.GOOD if fresh["is_kept"] else Tone.DOUBTFUL)
        if fresh.get("newest_event") is not None:
            words("newest of", style="bh-note")
            when(int(fresh["newest_event"]))
        if published := known.get("published"):
            words(f"published as {', '.join(map(str, published))}", style="bh-note")


def _jobs(used: UsedBy) -> None:
    with row():
        for job in used.jobs[:_MOST_USERS]:
            link(job.name, addresses.job(job.job_id))
        if len(used.jobs) > _MOST_USERS:
            words(f"and {len(used.jobs) - _MOST_USERS:,} more", style="bh-note")


def _models(used: UsedBy, table: str) -> None:
    with row():
        for model in used.models[:_MOST_USERS]:
            name, _, version = model.rpartition("@")
            link(model, addresses.model_version(name, version))
        if len(used.models) > _MOST_USERS:
            link(f"and {len(used.models) - _MOST_USERS:,} more", addresses.lineage(table, "table"))


_MOST_USERS = 8


async def _columns(visitor: Visitor, table: Table, name: TableName, *, may_change: bool) -> None:
    may_tag = bool(table.securable.id) and await visitor.may(
        visitor.plane.catalog.grants.require, Privilege.APPLY_TAG, K.TABLE, str(name)
    )
    may_comment = may_change and table.view is None

    async def edit(place: int) -> None:
        with told():
            await _edit(visitor, name, table.columns[place], may_comment=may_comment, may_tag=may_tag)

    with card(f"Columns ({len(table.columns):,})"):
        if table.columns and (may_tag or may_comment):
            note("Open a column to change its comment or tags.")
        grid(
            ["Column", "Type", "Nulls", "Comment", "Tags"],
            [_column(each) for each in table.columns],
            label=f"Columns of {name}",
            nothing="The table has no columns yet.",
            per_page=50,
            on_choose=edit if may_tag or may_comment else None,
        )


def _column(column: Column) -> list[object]:
    tags = ", ".join(tags_text(column.tags).splitlines())
    partition = " (partition)" if column.partition_index is not None else ""
    nulls = "allowed" if column.nullable else "no"
    return [column.name, f"{column.type_text}{partition}", nulls, column.comment, tags or None]


async def _edit(visitor: Visitor, name: TableName, column: Column, *, may_comment: bool, may_tag: bool) -> None:
    if may_comment:
        said = await ask_text(f"Comment on column {column.name}", "Comment", column.comment or "", yes="Save")
        if said is not None and said != (column.comment or ""):
            text = f"ALTER TABLE {name.quoted()} ALTER COLUMN {quote_part(column.name)} COMMENT {sql_text(said)}"
            await finished(visitor, StatementRequest(text))
            ui.navigate.reload()
            return
    if may_tag:
        label = "One tag per line: key, or key = value"
        said = await ask_text(f"Tags of column {column.name}", label, tags_text(column.tags), yes="Save")
        if said is not None:
            tags = tags_in(said)
            gone = [key for key in column.tags if key not in tags]
            securables = visitor.plane.catalog.securables
            await visitor.ask(securables.set_column_tags, name, column.name, tags, remove=gone)
            ui.navigate.reload()


def sql_text(text: str) -> str:
    """A text as Databricks SQL spells it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _definition(table: Table) -> None:
    with card("Definition"):
        if table.view is not None and table.view.text:
            preformatted(table.view.text)
        else:
            note("What it reads is shown to those who may read the view.")
    if table.view is not None:
        dependencies_card(table.view.dependencies)


def _properties(table: Table) -> None:
    shown = {key: value for key, value in sorted(table.securable.properties.items()) if len(value) <= 200}
    if not shown:
        words("—")
    for key, value in shown.items():
        words(f"{key} = {value}", "div")
