"""The tree of all that is governed, and the page of one catalog or schema."""

import asyncio
from collections.abc import Mapping, Sequence

from nicegui import ui

from boathouse.catalog import Securable, SecurableKind
from boathouse.catalog.keys import PRIMARY_KEYS
from boathouse.catalog.securables import is_system
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import SchemaName, quote_part, split_name
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.editing import edit_buttons, tags_line
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Ago, Linked, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, row, tabs
from boathouse.server.ui.parts.paging import page_links, page_of
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.text import facts, heading, link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.statements import read
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import StatementRequest

K = SecurableKind
NOUNS: Mapping[SecurableKind, tuple[str, str]] = {
    K.TABLE: ("table", "Tables"),
    K.VOLUME: ("volume", "Volumes"),
    K.REGISTERED_MODEL: ("model", "Models"),
    K.FUNCTION: ("function", "Functions"),
}
"""What lies in a schema, as people call it."""
IN_TREE = 30
"""Things of a kind that the tree shows; the page of the schema has all of them."""
PER_PAGE = 200


async def catalog_page(visitor: Visitor) -> None:
    """All catalogs and their schemas; what lies in a schema is asked for when somebody opens it."""
    ask, list_all = visitor.ask, visitor.plane.catalog.securables.list
    catalogs, schemas = await asyncio.gather(ask(list_all, K.CATALOG), ask(list_all, K.SCHEMA))
    with frame(visitor, "Catalog"):
        if not catalogs:
            empty("There is no catalog that you may know of.", 'boathouse sql "CREATE CATALOG sandbox"')
        with row():
            note(f"{counted(len(catalogs), 'catalog')}, {counted(len(schemas), 'schema')}.")
            link("Search", addresses.SEARCH)
            link("Feature tables", addresses.FEATURES)
            link("Lineage", addresses.LINEAGE)
        for each in catalogs:
            inside = [schema for schema in schemas if schema.full_name.startswith(f"{each.full_name}.")]
            with card():
                _catalog_in_tree(visitor, each, inside)


def _catalog_in_tree(visitor: Visitor, catalog: Securable, schemas: Sequence[Securable]) -> None:
    with ui.element("h2"):
        link(catalog.full_name, addresses.catalog(catalog.full_name))
    if catalog.comment:
        note(catalog.comment)
    if not schemas:
        note("No schema in it that you may know of.")
    for schema in schemas:
        _schema_in_tree(visitor, schema)


def _schema_in_tree(visitor: Visitor, schema: Securable) -> None:
    with ui.element("details").classes("bh-branch") as branch:
        with ui.element("summary"):
            words(schema.full_name.rpartition(".")[2])
            if schema.comment:
                words(schema.comment, style="bh-note")
        inside = ui.element("div").classes("bh-branch-inside")
        with inside:
            words("Loading …", "p", style="bh-note")
    is_filled = False

    async def fill() -> None:
        nonlocal is_filled
        if not is_filled:
            is_filled = True
            found = await _inside(visitor, schema.full_name)
            inside.clear()
            with inside:
                _leaves(schema.full_name, found)

    async def safely() -> None:
        with inside:
            await part(fill)

    branch.on("toggle", safely)


def _leaves(schema: str, found: Mapping[SecurableKind, Sequence[Securable]]) -> None:
    if is_kept_by_boathouse(schema):
        note("Its tables are computed when they are read.")
    elif not any(found.values()):
        note("Nothing in it that you may know of.")
    for kind, things in found.items():
        if not things:
            continue
        heading(f"{NOUNS[kind][1]} ({len(things):,})", 3)
        with ui.element("ul").classes("bh-leaves"):
            for thing in things[:IN_TREE]:
                with ui.element("li"):
                    link(thing.full_name.rpartition(".")[2], addresses.securable(kind, thing.full_name) or "")
        if len(things) > IN_TREE:
            link(f"All {len(things):,} {NOUNS[kind][1].lower()}", _tab_of(schema, kind))
    link("Open the schema", addresses.catalog(schema))


def _tab_of(schema: str, kind: SecurableKind) -> str:
    return with_query(addresses.catalog(schema), tab=None if kind is K.TABLE else NOUNS[kind][1])


async def _inside(visitor: Visitor, schema: str) -> dict[SecurableKind, Sequence[Securable]]:
    list_all = visitor.plane.catalog.securables.list
    found = await asyncio.gather(*(visitor.ask(list_all, kind, schema) for kind in NOUNS))
    return dict(zip(NOUNS, found, strict=True))


async def place_page(visitor: Visitor, name: str) -> None:
    """One catalog or one schema."""
    kind = K.CATALOG if len(split_name(name)) == 1 else K.SCHEMA
    place = await visitor.ask(visitor.plane.catalog.securables.get, kind, name)
    trail = [Crumb("Catalog", addresses.CATALOG)]
    if kind is K.SCHEMA:
        above = place.full_name.partition(".")[0]
        trail.append(Crumb(above, addresses.catalog(above)))
    with frame(visitor, place.full_name, *trail):
        await place_card(visitor, place)
        if kind is K.CATALOG:
            await _catalog(visitor, place.full_name)
        else:
            await _schema(visitor, place.full_name)


async def place_card(visitor: Visitor, thing: Securable) -> None:
    """Who owns something, since when, what was said of it, and how it is changed."""
    with card():
        facts(
            {
                "Kind": thing.kind.value.replace("_", " "),
                "Owner": lambda: link(thing.owner, addresses.principal(thing.owner)),
                "Comment": thing.comment or "—",
                "Tags": lambda: tags_line(thing.tags),
                "Created": lambda: _stamp(thing.created_at, thing.created_by),
                "Changed": lambda: _stamp(thing.updated_at, thing.updated_by),
            }
        )
        await edit_buttons(visitor, thing)


def _stamp(at: int, by: str) -> None:
    with row():
        when(at)
        words(f"by {by}", style="bh-note")


async def _catalog(visitor: Visitor, name: str) -> None:
    shown = tabs(visitor, ["Schemas", "Permissions"])
    if shown == "Permissions":
        await permissions(visitor, K.CATALOG, name)
        return
    schemas = await visitor.ask(visitor.plane.catalog.securables.list, K.SCHEMA, name)
    with card():
        grid(
            ["Schema", "Comment", "Owner", "Changed"],
            [
                [
                    Linked(each.full_name.rpartition(".")[2], addresses.catalog(each.full_name)),
                    each.comment,
                    each.owner,
                    Ago(from_epoch_ms(each.updated_at)),
                ]
                for each in schemas
            ],
            label=f"Schemas of {name}",
            nothing="There is no schema in it that you may know of.",
            next_step=f'boathouse sql "CREATE SCHEMA {name}.name"',
        )


async def _schema(visitor: Visitor, name: str) -> None:
    found = await _inside(visitor, name)
    names = [NOUNS[kind][1] for kind in NOUNS]
    counts = {NOUNS[kind][1]: len(things) for kind, things in found.items() if things or not is_kept_by_boathouse(name)}
    shown = tabs(visitor, [*names, "Permissions"], counts=counts)
    if shown == "Permissions":
        await permissions(visitor, K.SCHEMA, name)
        return
    kind = next(kind for kind in NOUNS if NOUNS[kind][1] == shown)
    if kind is K.TABLE and is_kept_by_boathouse(name):
        later(lambda: _system_tables(visitor, name), "Asking what there is …")
        return
    _things(visitor, name, kind, found[kind])


def is_kept_by_boathouse(schema: str) -> bool:
    """Whether the tables of a schema are computed when they are read; they are no things of their own."""
    return is_system(f"{schema}.table")


async def _system_tables(visitor: Visitor, schema: str) -> None:
    parsed = SchemaName.parse(schema)
    text = f"SHOW TABLES IN {quote_part(parsed.catalog)}.{quote_part(parsed.schema)}"
    found = await read(visitor, StatementRequest(text))
    names = [str(row[1]) for row in found.values]
    with card():
        grid(
            ["Name"],
            [[Linked(name, addresses.table(f"{schema}.{name}"))] for name in names],
            label=f"Tables of {schema}",
            per_page=PER_PAGE,
        )


def _things(visitor: Visitor, schema: str, kind: SecurableKind, things: Sequence[Securable]) -> None:
    """The things of a kind: a page of them, and a field that looks through all."""
    wanted = visitor.query.get("name", "").strip().lower()
    chosen = [each for each in things if wanted in each.full_name.rpartition(".")[2]] if wanted else things
    page = page_of(visitor, total=len(chosen), per_page=PER_PAGE)
    shown = chosen[page * PER_PAGE : (page + 1) * PER_PAGE]
    noun, title = NOUNS[kind]
    with card():
        if len(things) > PER_PAGE:
            filters(visitor, Field("name", f"Part of a name in {title.lower()}"), press="Find")
        grid(
            ["Name", "Comment", "Tags", "Owner", "Changed"],
            [_thing_row(each) for each in shown],
            label=f"{title} of {schema}",
            per_page=PER_PAGE,
            nothing=f"No {noun} has {wanted!r} in its name." if wanted else f"There is no {noun} that you may know of.",
            next_step=None if wanted else _FIRST.get(kind, "").format(schema) or None,
        )
        more = (page + 1) * PER_PAGE < len(chosen)
        page_links(visitor, more=more, total=len(chosen), per_page=PER_PAGE, label=title.lower())


_FIRST = {
    K.TABLE: 'boathouse sql "CREATE TABLE {0}.name AS SELECT ..."',
    K.VOLUME: 'boathouse sql "CREATE VOLUME {0}.landing"',
    K.FUNCTION: 'boathouse sql "CREATE FUNCTION {0}.name(x INT) RETURNS INT RETURN x + 1"',
    K.REGISTERED_MODEL: "mlflow.register_model in a run makes the first version of one.",
}


def _thing_row(thing: Securable) -> list[object]:
    tags = [f"{key}: {value}" if value else key for key, value in sorted(thing.tags.items())]
    if thing.kind is K.TABLE and PRIMARY_KEYS in thing.properties:
        tags.insert(0, "features")
    return [
        Linked(thing.full_name.rpartition(".")[2], addresses.securable(thing.kind, thing.full_name) or ""),
        thing.comment,
        ", ".join(tags) or None,
        thing.owner,
        Ago(from_epoch_ms(thing.updated_at)),
    ]


async def permissions(visitor: Visitor, kind: SecurableKind, name: str) -> None:
    """Who may do what with something."""
    from boathouse.server.ui.pages.grants import grants_card

    await part(lambda: grants_card(visitor, kind, name))
