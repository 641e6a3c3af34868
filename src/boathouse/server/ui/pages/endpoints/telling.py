"""Words for how an endpoint is: the same on the list and on its page."""

from collections.abc import Mapping

from boathouse.server.ui.parts.states import Tone
from boathouse.serving.endpoints.nouns import EndpointConfig, ReadyState, ServedEntity, Standing
from boathouse.serving.endpoints.policy import Rung, RungKind
from boathouse.serving.endpoints.progress import ConfigUpdate, Progress, Situation


def state_of(progress: Progress) -> tuple[str, Tone]:
    """The state in a word or two, and its colour."""
    is_ready = progress.ready is ReadyState.READY
    match progress.update:
        case ConfigUpdate.UPDATE_FAILED:
            return ("ready, update failed" if is_ready else "update failed"), Tone.BAD
        case ConfigUpdate.IN_PROGRESS:
            return ("ready, updating" if is_ready else "starting"), Tone.WORKING
        case _:
            return ("ready", Tone.GOOD) if is_ready else ("not ready", Tone.BAD)


def answering_in_words(situation: Situation) -> str:
    """Which versions answer, with their shares."""
    standing = situation.standing
    if standing is None or not standing.routes:
        return ", ".join(wanted_in_words(each) for each in situation.answering.entities)
    return ", ".join(routes_in_words(standing))


def routes_in_words(standing: Standing) -> list[str]:
    """``prod.flights.delay@4 80 %`` for each route that has a share."""
    entities = {each.entity_id: each for each in standing.entities}
    told: list[str] = []
    for route in standing.routes:
        if route.percent == 0:
            continue
        entity = entities[route.entity_id]
        name = entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"
        role = "" if route.role == "primary" else f" ({route.role})"
        told.append(f"{name} {route.percent:g} %{role}")
    return told


def wanted_in_words(entity: ServedEntity) -> str:
    """``prod.flights.delay@champion``."""
    follows = entity.alias or entity.version
    return entity.entity if follows is None else f"{entity.entity}@{follows}"


def config_in_words(config: EndpointConfig) -> str:
    """What a configuration serves, with shares."""
    shares: Mapping[str, float] = {each.entity: each.percent for each in config.routes}
    return ", ".join(f"{wanted_in_words(each)} {shares.get(each.name, 0.0):g} %" for each in config.entities)


def rung_in_words(rung: Rung) -> str:
    """What a rung of the ladder is."""
    match rung.kind:
        case RungKind.PREVIOUS:
            return "the version before this one"
        case RungKind.BASELINE:
            return "the baseline that the same run has logged"
        case RungKind.VERSION:
            return f"version {rung.version}"
        case RungKind.RULES:
            return f"the function {rung.function}"
        case RungKind.CONSTANT:
            return f"the constant {rung.value}"


def per_cent(share: float | None) -> str | None:
    """A share of one in percent; small ones keep a digit that tells."""
    if share is None:
        return None
    return f"{share * 100:.3g} %"
