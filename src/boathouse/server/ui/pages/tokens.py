"""Tokens: one's own, made and revoked here; administrators see everybody's."""

from collections.abc import Sequence
from datetime import UTC, datetime

from nicegui import ui

from boathouse.catalog.tokens import IssuedToken, TokenInfo
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.parts.asking import Asked, button, choices, close, confirm, done
from boathouse.server.ui.parts.grid import Ago, Linked, grid
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.parts.text import note, preformatted, words
from boathouse.server.ui.visitor import Visitor

MINE, ALL = "Mine", "Everybody's"
LIFETIMES = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}


async def tokens_page(visitor: Visitor) -> None:
    with frame(visitor, "Tokens"):
        is_all = visitor.principal.is_admin and tabs(visitor, (MINE, ALL)) == ALL
        found = await visitor.ask(visitor.plane.catalog.identities.list_tokens, everyone=is_all)
        with card():
            note("A token stands for its owner wherever a password would: command line, Python, MLflow, REST.")
            _list(visitor, found)
            if not is_all:
                with ui.element("div").classes("bh-row bh-end"):
                    button("Make a token", lambda: _make(visitor), style="bh-primary")


def _list(visitor: Visitor, found: Sequence[TokenInfo]) -> None:
    async def revoke(number: int) -> None:
        token = found[number]
        with told():
            name = token.comment or token.token_id
            happens = "Whatever still uses it is refused from now on. This cannot be undone."
            if await confirm(f"Revoke the token {name}?", what_happens=happens, yes="Revoke", style="bh-danger"):
                await visitor.ask(visitor.plane.catalog.identities.revoke_token, token.token_id)
                ui.navigate.reload()

    grid(
        ["For what", "Whose", "Made", "By", "Expires", "Identifier"],
        [_row(token) for token in found],
        label="Tokens",
        nothing="There is no token.",
        next_step="boathouse tokens create",
        on_choose=revoke,
        choose="Revoke",
    )


def _row(token: TokenInfo) -> list[object]:
    return [
        token.comment or "no comment",
        Linked(token.principal, addresses.principal(token.principal)),
        _instant(token.created_at),
        token.created_by,
        "never" if token.expires_at is None else Ago(_instant(token.expires_at)),
        token.token_id,
    ]


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


async def _make(visitor: Visitor) -> None:
    with Asked("Make a token") as dialog:
        comment = ui.input("What is it for?").props("outlined dense autofocus").classes("bh-wide")
        lifetime = ui.select(LIFETIMES, value="30", label="It works for").props("outlined dense")
        lifetime.classes("bh-wide bh-space")
        choices(lambda: dialog.submit((str(comment.value or ""), str(lifetime.value))), dialog, "Make")
    wanted: tuple[str, str] | None = await dialog
    if wanted is None:
        return
    issued = await visitor.ask(
        visitor.plane.catalog.identities.issue_token,
        visitor.principal.name,
        lifetime_seconds=float(wanted[1]) * 86_400 if wanted[1] else None,
        comment=wanted[0].strip() or None,
    )
    await _show_once(issued)


async def _show_once(issued: IssuedToken) -> None:
    with Asked("Your new token") as dialog:
        words("Copy it now: it is shown this once, and only its hash is kept.", "p")
        preformatted(issued.secret).props('aria-label="The new token"')

        def copy() -> None:
            ui.clipboard.write(issued.secret)
            done("Copied.")

        with ui.element("div").classes("bh-row bh-end"):
            ui.button("Copy", on_click=copy, color=None).props("no-caps unelevated").classes("bh-button")
        close(dialog)
    await dialog
    ui.navigate.reload()
