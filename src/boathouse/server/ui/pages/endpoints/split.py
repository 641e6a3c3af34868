"""The dialog that moves traffic: a share for each served entity, and why."""

from collections.abc import Mapping

from nicegui import ui

from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.parts.asking import Asked, choices, done
from boathouse.server.ui.parts.text import words
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.endpoints.nouns import EndpointConfig

WHAT_HAPPENS = (
    "Workers take the new shares within seconds, and no request is lost. The configuration before stays in the history,"
    " with your reason beside this one."
)


async def move_traffic(visitor: Visitor, shown: Shown) -> None:
    """Ask for shares and a reason, and move the traffic."""
    config = shown.now.endpoint.config
    asked = await _asked(shown.name, config)
    if asked is None:
        return
    shares, reason = asked
    await visitor.ask(visitor.plane.serving.changes.traffic.move, shown.name, shares, reason, seen=config.version)
    done(f"The traffic of {shown.name} moves: {_in_words(shares)}.")
    ui.navigate.reload()


async def _asked(name: str, config: EndpointConfig) -> tuple[dict[str, float], str] | None:
    now = {each.entity: each.percent for each in config.routes}
    fields: dict[str, ui.number] = {}
    with Asked(f"Move the traffic of {name}") as dialog:
        words(WHAT_HAPPENS, "p")
        for entity in config.entities:
            share = now.get(entity.name, 0.0)
            field = ui.number(f"{entity.name}, percent (now {share:g})", value=share, min=0, max=100)
            fields[entity.name] = field.props("outlined dense").classes("bh-wide")
        total = words(_sum_in_words(now), "p", style="bh-note").props("role=status")
        reason = ui.textarea("Reason").props("outlined autogrow").classes("bh-wide")

        def count(changed: str) -> None:
            if len(fields) == 2:  # what one gives, the other gets
                (other,) = (field for entity, field in fields.items() if entity != changed)
                rest = 100 - float(fields[changed].value or 0)
                if 0 <= rest <= 100 and float(other.value or 0) != rest:
                    other.set_value(rest)
            total.set_text(_sum_in_words(_shares(fields)))

        for entity, field in fields.items():
            field.on_value_change(lambda _, entity=entity: count(entity))

        def send() -> None:
            said, shares = (reason.value or "").strip(), _shares(fields)
            if abs(sum(shares.values()) - 100) > 1e-6:
                total.set_text(f"{_sum_in_words(shares)}. They have to sum to 100.")
            elif not said:
                reason.props("error error-message='Say why; the reason is kept.'")
            else:
                dialog.submit((shares, said))

        choices(send, dialog, "Move traffic")
    return await dialog


def _shares(fields: Mapping[str, ui.number]) -> dict[str, float]:
    return {entity: float(field.value or 0) for entity, field in fields.items()}


def _sum_in_words(shares: Mapping[str, float]) -> str:
    return f"Together {sum(shares.values()):g} %"


def _in_words(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{share:g} % to {entity}" for entity, share in shares.items())
