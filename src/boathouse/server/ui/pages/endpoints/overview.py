"""What answers now, how well, and what happens when it cannot."""

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.clock import from_epoch_ms
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.endpoints.changes import under_way_card
from boathouse.server.ui.pages.endpoints.live import live_card
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.pages.endpoints.split import move_traffic
from boathouse.server.ui.pages.endpoints.telling import rung_in_words, state_of, wanted_in_words
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.grid import Grid, Linked, grid
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import code, facts, link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.endpoints.nouns import EntityKind, Standing, StandingEntity
from boathouse.serving.looking.now import EndpointNow

LOOK_SECONDS = 5.0


async def overview_tab(visitor: Visitor, shown: Shown) -> None:
    with card():
        place = ui.element("div")
    with place:
        _state(shown.now)
    split = await _split_card(visitor, shown)
    await under_way_card(visitor, shown)
    await live_card(visitor, shown)
    await _fallback_card(visitor, shown)
    _follow(visitor, shown, place, split)


def _follow(visitor: Visitor, shown: Shown, place: Element, split: Element) -> None:
    """Keep state and split as they are: traffic moves once the data plane has loaded what it needs."""
    last = shown.now

    async def look() -> None:
        nonlocal last
        now = await visitor.ask(visitor.plane.serving.looking.now.shown, shown.name)
        if now != last:
            last = now
            place.clear()
            with place:
                _state(now)
            if isinstance(split, Grid):
                split.show(rows_of(now))

    every(LOOK_SECONDS, look)


def _state(now: EndpointNow) -> None:
    endpoint, situation = now.endpoint, now.situation
    word, tone = state_of(situation.progress)
    with row():
        badge(word, tone)
        if endpoint.description:
            words(endpoint.description, style="bh-wrap")
    if situation.progress.why:
        note(situation.progress.why)
    config = endpoint.config
    capture = config.capture if config.capture is not None and config.capture.is_enabled else None
    kept = f"{capture.full_prefix}_payload" if capture is not None else ""
    facts(
        {
            "Who answers": lambda: _answering(now),
            "Configuration": lambda: _configured(now),
            "Because": config.reason,
            "Owner": (lambda: link(now.owner, addresses.principal(now.owner or ""))) if now.owner else None,
            "Answers are kept in": (lambda: _kept(kept)) if kept else "no table: auto_capture_config is off",
            "Deployed by": (f"the bundle {endpoint.origin}" if endpoint.origin else None),
            "Tags": ", ".join(f"{key}={value}" if value else key for key, value in endpoint.tags.items()) or None,
            "Asked at": (lambda: code(now.url)) if now.url else None,
            "Lineage": lambda: link("what it reads and who feeds it", addresses.lineage(endpoint.name)),
        }
    )


def _answering(now: EndpointNow) -> None:
    standing = now.situation.standing
    if standing is None or not standing.routes:
        note(f"Nobody yet; {', '.join(wanted_in_words(each) for each in now.endpoint.config.entities)} shall.")
        return
    entities = {each.entity_id: each for each in standing.entities}
    with row():
        for route in standing.routes:
            if route.percent == 0:
                continue
            entity = entities[route.entity_id]
            share = "" if route.percent == 100 else f" {route.percent:g} %"
            link(f"{_spelled(entity)}{share}", _address(entity))
            if route.role != "primary":
                badge(route.role)
        words("since", style="bh-note")
        when(standing.since)


def _configured(now: EndpointNow) -> None:
    config = now.endpoint.config
    with row():
        address = with_query(addresses.endpoint(now.endpoint.name), tab="History")
        link(f"version {config.version}", address)
        words(f"by {config.created_by}")
        when(config.created_at)


def _kept(table: str) -> None:
    link(table, addresses.table(table))


async def _split_card(visitor: Visitor, shown: Shown) -> Element:
    """The traffic split, and its change for those who may."""
    traffic, endpoint = visitor.plane.serving.changes.traffic, shown.now.endpoint
    held = await visitor.ask(traffic.held_by, shown.name) if shown.may_manage else None
    with card("Traffic split"):
        element = grid(
            ("Served entity", "Model or feature spec", "Follows", "Answers now", "Share", "Role"),
            rows_of(shown.now),
            label="Traffic split",
        )
        if not shown.may_manage:
            return element
        if len(endpoint.config.entities) < 2:
            note(
                "One served entity has all of the traffic. Give the configuration a second one to split it:"
                " boathouse endpoint update."
            )
        elif held is not None:
            note(held)
        else:
            with row():
                button("Move traffic", lambda: move_traffic(visitor, shown))
    return element


def rows_of(now: EndpointNow) -> list[list[object]]:
    """A line for each served entity and each version of it that answers."""
    standing, config = now.situation.standing, now.endpoint.config
    wanted = {each.entity: each.percent for each in config.routes}
    found: list[list[object]] = []
    for entity in config.entities:
        follows = entity.alias or (f"version {entity.version}" if entity.version is not None else None)
        head: list[object] = [entity.name, _linked_entity(entity.kind, entity.entity), follows]
        answering = _answering_of(standing, entity.name)
        if not answering:
            found.append([*head, None, f"{wanted.get(entity.name, 0.0):g} %", "shall answer"])
        found += [
            [*head, Linked(_version(each), _address(each)), f"{percent:g} %", role] for each, percent, role in answering
        ]
    return found


def _answering_of(standing: Standing | None, name: str) -> list[tuple[StandingEntity, float, str]]:
    if standing is None:
        return []
    entities = {each.entity_id: each for each in standing.entities if each.name == name}
    return [
        (entities[route.entity_id], route.percent, route.role)
        for route in standing.routes
        if route.entity_id in entities
    ]


async def _fallback_card(visitor: Visitor, shown: Shown) -> None:
    policy = await visitor.ask(visitor.plane.serving.endpoints.policy, shown.name)
    with card("Fallback"):
        if not policy.fallback:
            note(
                "When the routed version cannot answer, nobody does: the caller gets the error. A policy with fallback"
                " names who answers instead."
            )
            return
        fall = shown.now.last_fall
        lines: list[list[object]] = [
            [
                number,
                each.kind.value,
                rung_in_words(each),
                from_epoch_ms(fall.at) if fall is not None and fall.rung == each.kind.value else None,
            ]
            for number, each in enumerate(policy.fallback, 1)
        ]
        Grid(("Rung", "Kind", "Who answers", "Answered last"), lines, label="Fallback ladder", per_page=25)
        if fall is not None:
            with row():
                words(f"The last answer from below came from {fall.rung}")
                when(fall.at, ago=True)
            note(f"What had failed: {fall.why}")
        else:
            note("No worker that lives has answered from below.")


def _spelled(entity: StandingEntity) -> str:
    return entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"


def _version(entity: StandingEntity) -> str:
    return "features by key" if entity.version is None else f"version {entity.version}"


def _address(entity: StandingEntity) -> str:
    if entity.version is None:
        return addresses.function(entity.entity)
    return addresses.model_version(entity.entity, entity.version)


def _linked_entity(kind: EntityKind, name: str) -> Linked:
    return Linked(name, addresses.model(name) if kind is EntityKind.MODEL else addresses.function(name))
