"""The buttons of an alert: acknowledge, say that it is fine, silence, look now."""

from nicegui import ui

from boathouse.monitoring.alerts.service import Standing
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import Asked, ask_reason, button, choices, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.text import words
from boathouse.server.ui.visitor import Visitor

SPANS = {"1h": "one hour", "4h": "four hours", "1d": "one day", "7d": "a week", "30d": "30 days"}


def buttons(visitor: Visitor, standing: Standing) -> None:
    """For whoever may decide about the alert."""
    alerts, name = visitor.plane.alerting.alerts, standing.alert.name

    def again() -> None:
        go_to(addresses.alert(name))

    async def acknowledge() -> None:
        told = "Nobody is reminded, and nobody else is told, until it fires anew."
        if why := await ask_reason(f"Acknowledge {name}?", what_happens=told, yes="Acknowledge"):
            await visitor.ask(alerts.acknowledge, name, why)
            done("It is acknowledged.")
            again()

    async def resolve() -> None:
        told = "It fires again when it was fine and is wrong once more."
        if why := await ask_reason(f"Say that {name} is fine?", what_happens=told, yes="It is fine"):
            await visitor.ask(alerts.resolve, name, why)
            again()

    async def silence() -> None:
        if asked := await _span_and_reason(name):
            await visitor.ask(alerts.silence, name, *asked)
            done(f"Nobody is told of it for {SPANS[asked[0]]}.")
            again()

    async def end_silence() -> None:
        assert standing.silence is not None
        await visitor.ask(alerts.end_silence, standing.silence.silence_id)
        again()

    async def look() -> None:
        looked = await visitor.ask(alerts.look, name)
        done(looked.problem or f"It looked: {len(looked.fired)} fire anew, {len(looked.resolved)} are fine again.")
        again()

    with row():
        if any(each.acknowledged_at is None for each in standing.open):
            button("Acknowledge", acknowledge, style="bh-primary")
        if standing.open:
            button("It is fine", resolve)
        if standing.silence is None:
            button("Silence", silence)
        elif visitor.principal.is_admin or standing.silence.by == visitor.principal.name:
            button("End the silence", end_silence)
        if not standing.alert.rule.paused:
            button("Look now", look)


async def _span_and_reason(name: str) -> tuple[str, str] | None:
    with Asked(f"Silence {name}?") as dialog:
        words("What happens is written down; what still fires when it ends is told then.", "p")
        span = ui.select(SPANS, value="1h", label="For how long").props("outlined").classes("bh-wide")
        reason = ui.textarea("Reason").props("outlined autogrow").classes("bh-wide")

        def send() -> None:
            if said := (reason.value or "").strip():
                dialog.submit((span.value, said))
            else:
                reason.props("error error-message='Say why; the reason is kept.'")

        choices(send, dialog, "Silence")
    return await dialog
