"""What answers to some words: names, comments, tags, columns, owners of everything, the best first."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.catalog.hierarchy import in_words, parse_kind
from boathouse.catalog.search.finding import MOST_HITS, Hit, Question
from boathouse.catalog.securables import SecurableKind
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.editing import tags_line
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.visitor import Visitor

K = SecurableKind
_PLURALS = {K.REGISTERED_MODEL: "Models", K.EXPERIMENT: "MLflow experiments"}


async def search_page(visitor: Visitor) -> None:
    """What was found, by kind; the kind of the best answer stands first."""
    text, tag, owner = (visitor.query.get(name, "").strip() for name in ("q", "tag", "owner"))
    kind = visitor.query.get("kind", "")
    with frame(visitor, "Search"):
        filters(
            visitor, Field("q", "Words"), Field("tag", "Tag"), Field("owner", "Owner"), keep=("kind",), press="Search"
        )
        if not (text or tag or owner or kind):
            empty("Nothing is asked for yet.", "Type a part of a name, a comment, a column, a tag or an owner above.")
            return
        kinds = (parse_kind(kind),) if kind else ()
        question = Question(text, kinds, (tag,) if tag else (), owner or None, MOST_HITS)
        _found(visitor, await visitor.ask(visitor.plane.catalog.search.find, question))


def _found(visitor: Visitor, hits: Sequence[Hit]) -> None:
    _kinds(visitor, hits)
    if not hits:
        empty("Nothing that you may know of answers to this.", "Try fewer or other words, or take a filter away.")
    groups: dict[SecurableKind, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.securable.kind, []).append(hit)
    for kind, found in groups.items():
        with card(f"{plural(kind)} ({len(found):,})"), ui.element("ul").classes("bh-hits"):
            for hit in found:
                _hit(hit)
    if len(hits) == MOST_HITS:
        note(f"These are the best {MOST_HITS:,}; more words find less.")


def _kinds(visitor: Visitor, hits: Sequence[Hit]) -> None:
    """One kind, or all of them."""
    chosen = visitor.query.get("kind")
    kinds = list(dict.fromkeys(hit.securable.kind for hit in hits))
    if chosen is None and len(kinds) < 2:
        return
    with row():
        for kind in kinds if chosen is None else ():
            link(f"Only {plural(kind).lower()}", with_query(visitor.path, **{**visitor.query, "kind": kind.value}))
        if chosen is not None:
            link("All kinds", with_query(visitor.path, **{**visitor.query, "kind": None}))
    ui.element("div").classes("bh-gap")


def _hit(hit: Hit) -> None:
    thing = hit.securable
    address = addresses.securable(thing.kind, thing.full_name)
    name = thing.title or thing.full_name
    with ui.element("li").classes("bh-hit"):
        with row():
            link(name, address, style="bh-link bh-strong") if address else words(name, style="bh-strong")
            words(f"owner {thing.owner}", style="bh-note")
            if hit.use.reads:
                readers, jobs = counted(hit.use.readers, "principal"), counted(hit.use.jobs, "job")
                words(f"read by {readers} and {jobs} in 30 days", style="bh-note")
        if thing.comment:
            words(thing.comment, "p")
        if thing.tags:
            tags_line(thing.tags)
        if said := why(hit):
            note(said)


def why(hit: Hit) -> str:
    """What the words have met."""
    columns = f"{'column' if len(hit.columns) == 1 else 'columns'} {', '.join(hit.columns)}" if hit.columns else ""
    places = [*hit.matched, *([columns] if columns else [])]
    return f"Found in {', '.join(places)}." if places else ""


def plural(kind: SecurableKind) -> str:
    """A kind as the title of several."""
    return _PLURALS.get(kind, f"{in_words(kind).capitalize()}s")
