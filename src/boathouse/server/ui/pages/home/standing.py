"""One look: is everything all right? If not, what, the worst first, each with the page where one goes on."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.monitoring.production.models import InProduction
from boathouse.monitoring.production.troubles import Trouble, TroubleKind
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when

MOST_SHOWN = 10
_TONES = {"critical": Tone.BAD, "warning": Tone.DOUBTFUL}


def standing_card(troubles: Sequence[Trouble], models: InProduction) -> None:
    """The sentence, and what it rests on."""
    tone = overall(troubles)
    with ui.element("section").classes(f"bh-card bh-standing bh-{tone}").props('aria-label="Is everything all right?"'):
        words(sentence_of(troubles, models), "h2")
        if not troubles:
            note("No incident is open, no alert fires, every endpoint answers, every monitor was refreshed.")
            return
        with ui.element("ul").classes("bh-troubles"):
            for each in troubles[:MOST_SHOWN]:
                _trouble(each)
        if len(troubles) > MOST_SHOWN:
            with row():
                words(f"And {len(troubles) - MOST_SHOWN} more:", style="bh-note")
                link("incidents", addresses.INCIDENTS)
                link("alerts", addresses.ALERTS)
                link("endpoints", addresses.ENDPOINTS)


def overall(troubles: Sequence[Trouble]) -> Tone:
    """The colour of the worst."""
    if any(each.severity == "critical" for each in troubles):
        return Tone.BAD
    return Tone.DOUBTFUL if troubles else Tone.GOOD


def sentence_of(troubles: Sequence[Trouble], models: InProduction) -> str:
    """Whether everything is all right, in one sentence, and what that is about in another."""
    what = _fleet(models)
    if not troubles:
        return f"Everything is all right.{what}"
    bad = sum(each.severity == "critical" for each in troubles)
    count = "1 thing is" if len(troubles) == 1 else f"{len(troubles)} things are"
    some = "all" if bad == len(troubles) else str(bad)
    how = f", {some} of them critical" if bad and len(troubles) > 1 else ", and it is critical" if bad else ""
    return f"{count} not all right{how}.{what}"


def _fleet(models: InProduction) -> str:
    """A model that is only some stage's champion is told apart from one that answers, and both from what is on its
    way there."""
    told: list[str] = []
    if models.served:
        told.append(f"{_models(models.served, 'answers', 'answer')} at endpoints")
    if models.others:
        told.append(f"{_models(models.others, 'has', 'have')} a champion that no endpoint serves")
    if models.earlier:
        told.append(f"{_models(models.earlier, 'is', 'are')} in development or staging")
    return f" {'; '.join(told)}." if told else ""


def _models(names: Sequence[str], one: str, many: str) -> str:
    return f"1 model {one}" if len(names) == 1 else f"{len(names):,} models {many}"


def _trouble(trouble: Trouble) -> None:
    with ui.element("li"):
        badge(trouble.severity, _TONES.get(trouble.severity, Tone.QUIET))
        address = address_of(trouble)
        with ui.element("span"):
            if address is None:
                words(trouble.text)
            else:
                link(trouble.text, address)
            if trouble.since is not None:
                words(" · ", style="bh-note")
                when(trouble.since, ago=True)


def address_of(trouble: Trouble) -> str | None:
    """Where one goes on; what is wrong with the server itself has no page."""
    match trouble.kind:
        case TroubleKind.INCIDENT:
            return addresses.incident(trouble.name)
        case TroubleKind.ALERT:
            return addresses.alert(trouble.name)
        case TroubleKind.ENDPOINT:
            return addresses.endpoint(trouble.name) if trouble.name else addresses.ENDPOINTS
        case TroubleKind.MONITOR:
            return addresses.monitor(trouble.name)
        case TroubleKind.SERVER:
            return None
