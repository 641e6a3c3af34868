"""The versions of a table, and what differs between two of them."""

from collections.abc import Mapping, Sequence

from boathouse.catalog.table_logs import ColumnDifference, TableVersion, VersionDifference, VersionFigures
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import TableName
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.tables.overview import sql_text
from boathouse.server.ui.parts.figures import in_bytes
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.text import heading, link, note
from boathouse.server.ui.statements import read
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import StatementRequest

MOST_VERSIONS = 1_000
MOST_CHANGED_ROWS = 200
_ADDED = ("num_added_rows", "numTargetRowsInserted", "numOutputRows", "num_inserted_rows")
_UPDATED = ("numTargetRowsUpdated", "num_updated_rows")
_DELETED = ("numTargetRowsDeleted", "num_deleted_rows")


def history_tab(visitor: Visitor, name: TableName) -> None:
    before, after = (visitor.query.get(each, "") for each in ("before", "after"))
    if before.isdecimal() and after.isdecimal():
        with card(f"From version {before} to version {after}"):
            later(lambda: _difference(visitor, name, int(before), int(after)), "Comparing …")
    with card("Versions"):
        later(lambda: _versions(visitor, name), "Reading the table's log …")


async def _versions(visitor: Visitor, name: TableName) -> None:
    found = await visitor.ask(visitor.plane.catalog.table_logs.history, name, limit=MOST_VERSIONS)
    _choice(visitor, found)
    address = addresses.table(str(name))
    grid(
        ["Version", "When", "By", "Operation", "Rows", "Changed", "Against the one before"],
        [_row(address, each) for each in found],
        label=f"Versions of {name}",
        nothing="The log holds no version any more.",
    )
    if len(found) == MOST_VERSIONS:
        note(f"The latest {MOST_VERSIONS:,} versions; DESCRIBE HISTORY has all.")


def _choice(visitor: Visitor, versions: Sequence[TableVersion]) -> None:
    """Two versions to compare."""
    if len(versions) < 2:
        return
    before, after = str(versions[1].version), str(versions[0].version)
    fields = (
        Field("before", "From version", type="number", default=before),
        Field("after", "To version", type="number", default=after),
    )
    filters(visitor, *fields, press="Compare")


def _row(address: str, each: TableVersion) -> list[object]:
    changed = [word for word, is_so in (("rows", each.changes_data), ("schema", each.changes_schema)) if is_so]
    before = (
        Linked("difference", with_query(address, tab="History", before=each.version - 1, after=each.version))
        if each.version
        else None
    )
    return [
        Linked(each.version, with_query(address, tab="Sample", version=each.version)),
        from_epoch_ms(each.at),
        each.principal,
        each.operation.lower(),
        rows_told(each.metrics),
        " and ".join(changed) or "files only",
        before,
    ]


def rows_told(metrics: Mapping[str, str]) -> str | None:
    """What a writer says of its rows, whichever writer it was."""
    counts = [(sign, _first(metrics, keys)) for sign, keys in (("+", _ADDED), ("~", _UPDATED), ("−", _DELETED))]
    return " ".join(f"{sign}{count:,}" for sign, count in counts if count) or None


def _first(metrics: Mapping[str, str], keys: Sequence[str]) -> int:
    return next((int(metrics[key]) for key in keys if metrics.get(key, "").isdecimal()), 0)


async def _difference(visitor: Visitor, name: TableName, before: int, after: int) -> None:
    found = await visitor.ask(visitor.plane.catalog.table_logs.difference, name, before, after)
    _figures(found)
    _named_differences("Columns", found.columns, "The columns are the same.")
    if found.properties:
        _named_differences("Properties", found.properties, "")
    if found.ranges:
        heading("Least and greatest values", 3)
        grid(
            ["Column", f"Version {before}", f"Version {after}"],
            [[each.name, _span(each.before), _span(each.after)] for each in found.ranges],
            label="Least and greatest values",
        )
    address = addresses.table(str(name))
    with row():
        link("Profile beside each other", with_query(address, tab="Profile", version=after, against=before))
        link(f"Rows of version {before}", with_query(address, tab="Sample", version=before))
        link(f"Rows of version {after}", with_query(address, tab="Sample", version=after))
    heading("Changed rows", 3)
    if found.has_rows:
        later(lambda: _changed_rows(visitor, name, before, after), "Reading changed rows …")
    else:
        note("Not known: the change data feed was off in one of these versions, or the second is not the later one.")


def _figures(found: VersionDifference) -> None:
    def cells(each: VersionFigures) -> list[object]:
        rows = None if each.rows is None else f"{each.rows:,}"
        return [f"version {each.version}", from_epoch_ms(each.at), rows, f"{each.files:,}", in_bytes(each.size_bytes)]

    change: list[object] = ["change", None, None, f"{found.after.files - found.before.files:+,}", None]
    if found.before.rows is not None and found.after.rows is not None:
        change[2] = f"{found.after.rows - found.before.rows:+,}"
    grid(
        ["Of", "Written", "Rows", "Files", "Size"],
        [cells(found.before), cells(found.after), change],
        label="Figures of both versions",
    )


def _named_differences(title: str, differences: Sequence[ColumnDifference], same: str) -> None:
    heading(title, 3)
    if not differences:
        note(same)
        return
    grid(
        ["Name", "Before", "After"],
        [[each.name, each.before or "not there", each.after or "not there"] for each in differences],
        label=f"{title} that differ",
    )


def _span(extremes: tuple[object, object]) -> str:
    least, greatest = extremes
    return "not known" if least is None and greatest is None else f"{least} to {greatest}"


async def _changed_rows(visitor: Visitor, name: TableName, before: int, after: int) -> None:
    text = (
        "SELECT _change_type AS change, _commit_version AS version, * EXCEPT (_change_type, _commit_version, "
        f"_commit_timestamp) FROM table_changes({sql_text(str(name))}, {before + 1}, {after}) "
        f"LIMIT {MOST_CHANGED_ROWS}"
    )
    found = await read(visitor, StatementRequest(text, byte_limit=2 << 20))
    if len(found.values) == MOST_CHANGED_ROWS:
        note(f"The first {MOST_CHANGED_ROWS}.")
    grid(
        ["Change", "Version", *found.columns[2:]],
        [[_CHANGES.get(kind[0], kind[0]), *cells[1:]] for kind, cells in zip(found.values, found.rows, strict=True)],
        label="Changed rows",
        nothing="No row was changed between these versions.",
    )


_CHANGES = {"insert": "added", "delete": "deleted", "update_preimage": "before", "update_postimage": "after"}
