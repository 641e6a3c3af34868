"""The one layout: who is signed in, where one is, where one can go."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

from boathouse.server.ui import addresses
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to a page."""

    text: str
    address: str


PLACES: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("", (("Home", addresses.HOME),)),
    (
        "Data",
        (
            ("Catalog", addresses.CATALOG),
            ("SQL", addresses.SQL),
            ("Lineage", addresses.LINEAGE),
            ("Features", addresses.FEATURES),
        ),
    ),
    (
        "Machine learning",
        (
            ("Models", addresses.MODELS),
            ("Endpoints", addresses.ENDPOINTS),
            ("Jobs", addresses.JOBS),
            ("MLflow", "/mlflow/"),
        ),
    ),
    (
        "Watching",
        (
            ("Monitoring", addresses.MONITORING),
            ("Alerts", addresses.ALERTS),
            ("Incidents", addresses.INCIDENTS),
        ),
    ),
    (
        "Governance",
        (
            ("Audit", addresses.AUDIT),
            ("Principals", addresses.PRINCIPALS),
            ("Tokens", addresses.TOKENS),
        ),
    ),
)


@contextmanager
def frame(visitor: Visitor, title: str, *trail: Crumb) -> Generator[None]:
    """A page under its title; ``trail`` is the way to it, outermost first."""
    ui.page_title(f"{title} · Boathouse")
    theme = _theme(visitor)
    link("Skip to the content", "#content", style="bh-skip")
    with ui.element("div").classes("bh-app"):
        _header(visitor, theme)
        _places(visitor)
        with ui.element("main").classes("bh-main").props('id="content" tabindex="-1"'):
            _trail(trail)
            words(title, "h1")
            yield


def _theme(visitor: Visitor) -> ui.dark_mode:
    ui.colors(primary="#2f6f9f", positive="#2f7d4f", negative="#b3372f", warning="#9a6700", info="#2f6f9f")
    return ui.dark_mode({"light": False, "dark": True}.get(visitor.theme))


def _header(visitor: Visitor, theme: ui.dark_mode) -> None:
    with ui.element("header").classes("bh-header"):
        menu = ui.element("button").classes("bh-button bh-menu").props('type=button aria-label="Menu"')
        menu.on("click", js_handler="() => document.body.classList.toggle('bh-menu-open')")
        with menu:
            words("☰").props("aria-hidden=true")
        link("Boathouse", addresses.HOME, style="bh-brand")
        with ui.element("form").classes("bh-search").props(f'action="{addresses.SEARCH}" method=get role=search'):
            ui.element("input").classes("bh-input").props(
                'type=search name=q placeholder="Search tables, models, jobs" aria-label="Search"'
            )
        turn = ui.element("button").classes("bh-button").props('type=button aria-label="Light or dark"')
        # The page asks its theme again whenever something on it changes: the server has to know of the turn, too.
        turn.on("click", lambda event: theme.set_value(event.args), js_handler=_TURN_THEME)
        with turn:
            words("◐").props("aria-hidden=true")
        link(visitor.principal.name, addresses.principal(visitor.principal.name), style="bh-link bh-me")
        with ui.element("form").props('method=post action="/ui/sign-out"'):
            words("Sign out", "button", style="bh-button").props("type=submit")


_TURN_THEME = """() => {
    const dark = !document.body.classList.contains("body--dark");
    Quasar.Dark.set(dark);
    document.cookie = `boathouse_theme=${dark ? "dark" : "light"}; path=/ui; max-age=31536000; samesite=strict`;
    emit(dark);
}"""


def _places(visitor: Visitor) -> None:
    with ui.element("nav").classes("bh-places").props('aria-label="Main"'):
        for group, places in PLACES:
            if group:
                words(group, "div", style="bh-places-group")
            for name, address in places:
                place = link(name, address, style="bh-place")
                if _is_here(visitor.path, address):
                    place.props("aria-current=page")


_ALSO_UNDER = {
    addresses.CATALOG: ("/ui/tables/", "/ui/volumes/", "/ui/functions/"),
    addresses.JOBS: ("/ui/runs/",),
}
"""Pages whose address does not begin with that of the place they belong to."""


def _is_here(path: str, address: str) -> bool:
    if address == addresses.HOME:
        return path == address
    return path == address or path.startswith((f"{address}/", *_ALSO_UNDER.get(address, ())))


def _trail(trail: Sequence[Crumb]) -> None:
    if not trail:
        return
    with ui.element("nav").classes("bh-trail").props('aria-label="Breadcrumbs"'):
        for crumb in trail:
            link(crumb.text, crumb.address)
            words("/").props("aria-hidden=true")
