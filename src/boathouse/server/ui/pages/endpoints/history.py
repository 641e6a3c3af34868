"""What an endpoint has served: every configuration with its reason, which versions answered when, and how it was at an
instant."""

from datetime import UTC, datetime

import yaml
from nicegui import ui

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.pages.endpoints.telling import config_in_words, routes_in_words
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.text import facts, heading, link, note, preformatted, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.endpoints.nouns import EndpointConfig, Standing
from boathouse.serving.endpoints.service import Moment
from boathouse.serving.endpoints.wire import policy_json


async def history_tab(visitor: Visitor, shown: Shown) -> None:
    endpoints = visitor.plane.serving.endpoints
    with card("At an instant"):
        await part(lambda: _at(visitor, shown))
    with card("Configurations"):
        found = await visitor.ask(endpoints.configs, shown.name)
        rows = [_config(shown.name, each) for each in found]
        grid(("Version", "Given", "By", "Serves", "Because"), rows, label="Configurations")
    with card("Which versions answered"):
        standings = await visitor.ask(endpoints.history, shown.name)
        grid(
            ("Since", "Configuration", "State", "Who answers", "What was missing"),
            [_standing(shown.name, each) for each in standings],
            label="Which versions answered",
            nothing="Nobody has looked yet what the configuration means.",
        )
    with card("Policy"):
        policy = await visitor.ask(endpoints.policy, shown.name)
        revision = shown.now.endpoint.policy_revision
        note(f"Revision {revision} is in force." if revision else "None was put in force: the defaults hold.")
        told = policy_json(policy)
        preformatted(yaml.safe_dump(told, sort_keys=False, allow_unicode=True) if told else "(defaults)")


async def _at(visitor: Visitor, shown: Shown) -> None:
    asked = visitor.query.get("at", "")
    _form(visitor, asked)
    if not asked:
        note("Give an instant to see what was served then, by which policy.")
        return
    at = instant_of(asked)
    moment = await visitor.ask(visitor.plane.serving.endpoints.at, shown.name, epoch_ms(at))
    with row():
        words("As it was on")
        when(at)
        link("as it is now", addresses.with_query(visitor.path, tab="History"))
    _moment(moment)


def _form(visitor: Visitor, asked: str) -> None:
    with ui.element("form").classes("bh-row").props(f'action="{visitor.path}" method=get'):
        ui.element("input").props("type=hidden name=tab value=History")
        with ui.element("label").classes("bh-row"):
            words("Instant (UTC)", style="bh-note")
            field = ui.element("input").classes("bh-input").props("type=datetime-local name=at step=1")
            field.props["value"] = asked.removesuffix("Z")[:19]
        words("Show", "button", style="bh-button").props("type=submit")


def instant_of(text: str) -> datetime:
    """An instant in an address; without a zone it is one of UTC.

    Raises:
        InvalidInput: It is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text[:40]!r} is no instant.", hint="Write 2013-06-01T06:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment(moment: Moment) -> None:
    config, standing = moment.config, moment.standing
    facts(
        {
            "Configuration": f"version {config.version}, given by {config.created_by}",
            "Served": config_in_words(config),
            "Because": config.reason,
            "Who answered": ", ".join(routes_in_words(standing)) if standing and standing.routes else "nobody yet",
            "What was missing": standing.why if standing else None,
        }
    )
    told = policy_json(moment.policy)
    if told:
        heading("Policy then", 3)
        preformatted(yaml.safe_dump(told, sort_keys=False, allow_unicode=True))


def _config(name: str, config: EndpointConfig) -> list[object]:
    at = from_epoch_ms(config.created_at)
    return [
        Linked(f"version {config.version}", _address(name, config.created_at)), at, config.created_by,
        config_in_words(config), config.reason,
    ]  # fmt: skip


def _standing(name: str, standing: Standing) -> list[object]:
    return [
        Linked(from_epoch_ms(standing.since), _address(name, standing.since)), standing.config_version,
        State(standing.state.value), ", ".join(routes_in_words(standing)) or None, standing.why,
    ]  # fmt: skip


def _address(name: str, at: int) -> str:
    # The address holds whole seconds: the next one is surely after the change.
    instant = from_epoch_ms((at // 1000 + 1) * 1000)
    return addresses.with_query(addresses.endpoint(name), tab="History", at=f"{instant:%Y-%m-%dT%H:%M:%SZ}")
