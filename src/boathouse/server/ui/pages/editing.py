"""Comment and tags of anything governed, changed where they are shown, by those who may."""

from collections.abc import Mapping

from nicegui import ui

from boathouse.catalog import Privilege, Securable
from boathouse.catalog.securables import SYSTEM_CATALOG
from boathouse.foundation.errors import InvalidInput
from boathouse.server.ui.parts.asking import ask_text, button
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.text import words
from boathouse.server.ui.visitor import Visitor


def tags_line(tags: Mapping[str, str]) -> None:
    """Tags beside each other."""
    with row():
        for key, value in sorted(tags.items()):
            words(f"{key}: {value}" if value else key, style="bh-badge")
        if not tags:
            words("—")


async def edit_buttons(visitor: Visitor, thing: Securable) -> None:
    """Buttons for what the visitor may change."""
    if thing.full_name.partition(".")[0] == SYSTEM_CATALOG:
        return
    may_manage = await visitor.may(visitor.plane.catalog.grants.require, Privilege.MANAGE, thing.kind, thing.full_name)
    may_tag = may_manage or await visitor.may(
        visitor.plane.catalog.grants.require, Privilege.APPLY_TAG, thing.kind, thing.full_name
    )
    if not may_tag:
        return
    with ui.element("div").classes("bh-row bh-space"):
        if may_manage:
            button("Edit comment", lambda: _edit_comment(visitor, thing), style="bh-small")
        button("Edit tags", lambda: _edit_tags(visitor, thing), style="bh-small")


async def _edit_comment(visitor: Visitor, thing: Securable) -> None:
    said = await ask_text(f"Comment on {thing.full_name}", "Comment", thing.comment or "", yes="Save")
    if said is not None:
        await visitor.ask(visitor.plane.catalog.securables.update, thing.kind, thing.full_name, comment=said)
        ui.navigate.reload()


async def _edit_tags(visitor: Visitor, thing: Securable) -> None:
    said = await ask_text(
        f"Tags of {thing.full_name}", "One tag per line: key, or key = value", tags_text(thing.tags), yes="Save"
    )
    if said is not None:
        tags = tags_in(said)
        gone = [key for key in thing.tags if key not in tags]
        await visitor.ask(visitor.plane.catalog.securables.set_tags, thing.kind, thing.full_name, tags, remove=gone)
        ui.navigate.reload()


def tags_text(tags: Mapping[str, str]) -> str:
    """Tags as they are edited: one per line."""
    return "\n".join(f"{key} = {value}" if value else key for key, value in sorted(tags.items()))


def tags_in(text: str) -> dict[str, str]:
    """Tags as somebody has typed them.

    Raises:
        InvalidInput: A line has a value and no key.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if not line.strip():
            continue
        if not key.strip():
            raise InvalidInput(f"{line.strip()!r} is not a tag.", hint="Write key, or key = value.")
        found[key.strip()] = value.strip()
    return found
