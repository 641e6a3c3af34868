"""One volume: its files, folder by folder, as they may be seen."""

from nicegui import ui

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import VolumeName
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.catalog import permissions, place_card
from boathouse.server.ui.pages.tables.trail import trail_to
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.figures import in_bytes
from boathouse.server.ui.parts.grid import Figure, Linked, grid
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.text import facts, link, note, words
from boathouse.server.ui.visitor import Visitor
from boathouse.session.file_store import FileEntry, FileStore

K = SecurableKind
MOST_ENTRIES = 1_000


async def volume_page(visitor: Visitor, name: str) -> None:
    catalog = visitor.plane.catalog
    volume = await visitor.ask(catalog.securables.volume, VolumeName.parse(name))
    full_name = volume.securable.full_name
    with frame(visitor, full_name, *trail_to(full_name)):
        shown = tabs(visitor, ["Files", "Overview", "Lineage", "Permissions"])
        if shown == "Permissions":
            await permissions(visitor, K.VOLUME, full_name)
        elif shown == "Lineage":
            from boathouse.server.ui.pages.lineage.card import lineage_card

            lineage_card(visitor, full_name, "volume")
        elif shown == "Overview":
            await place_card(visitor, volume.securable)
            with card("Storage"):
                facts(
                    {
                        "Type": volume.volume_type.lower(),
                        "Location": volume.storage_location or "Shown to those who may read its files.",
                    }
                )
        else:
            await _files(visitor, full_name)


async def _files(visitor: Visitor, name: str) -> None:
    if not await visitor.may(visitor.plane.catalog.grants.require, Privilege.READ_VOLUME, K.VOLUME, name):
        empty("You may not read the files of this volume.", f"Its owner can grant READ VOLUME on {name}.")
        return
    inner = visitor.query.get("path", "").strip("/")
    root = "/Volumes/" + name.replace(".", "/")
    folder = f"{root}/{inner}" if inner else root
    found = await visitor.ask(
        FileStore(visitor.plane.catalog).list_folder,
        folder,
        after=visitor.query.get("after", ""),
        limit=MOST_ENTRIES + 1,
    )
    with card():
        _way(visitor, root, inner)
        grid(
            ["Name", "Size", "Changed"],
            [_entry(visitor, each, inner) for each in found[:MOST_ENTRIES]],
            label=f"Files in {folder}",
            nothing="This folder is empty.",
            next_step=f"boathouse upload FILE {folder}/",
        )
        if len(found) > MOST_ENTRIES:
            after = found[MOST_ENTRIES - 1].name
            link("Next files", with_query(visitor.path, **{**visitor.query, "after": after}))


def _way(visitor: Visitor, root: str, inner: str) -> None:
    with ui.element("nav").classes("bh-trail").props('aria-label="Folders"'):
        link(root, visitor.path)
        parts = inner.split("/") if inner else []
        for place, part in enumerate(parts, start=1):
            words("/").props("aria-hidden=true")
            link(part, with_query(visitor.path, path="/".join(parts[:place])))
    note("Press a file to download it.")


def _entry(visitor: Visitor, entry: FileEntry, inner: str) -> list[object]:
    below = f"{inner}/{entry.name}" if inner else entry.name
    address = with_query(visitor.path, path=below) if entry.is_directory else addresses.file(entry.path)
    size = None if entry.is_directory else Figure(in_bytes(entry.size_bytes), entry.size_bytes)
    return [
        Linked(f"{entry.name}/" if entry.is_directory else entry.name, address),
        size,
        from_epoch_ms(entry.modified_ms),
    ]
