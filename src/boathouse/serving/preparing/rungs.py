"""The rungs of an endpoint's ladder: which versions they are, as far as they are there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from boathouse.models.nouns import AliasMove
from boathouse.serving.endpoints.nouns import EndpointConfig, EntityKind, ServedEntity
from boathouse.serving.endpoints.policy import Rung, RungKind
from boathouse.serving.preparing.opening import NotThere, Opened, Opening
from boathouse.serving.snapshot.nouns import LiveEntity, LiveRung


@dataclass(frozen=True, slots=True)
class Above:
    """The routed version that the ladder stands under: that of the entity with the largest share."""

    endpoint_id: str
    owner: str
    served: ServedEntity
    live: LiveEntity
    moves: Sequence[AliasMove] = ()
    """Of its alias, newest first."""
    configs: Sequence[EndpointConfig] = ()
    """Of the endpoint, newest first."""


@dataclass(slots=True)
class Rungs:
    """What of a ladder is there."""

    live: list[LiveRung] = field(default_factory=list[LiveRung])
    opened: list[Opened] = field(default_factory=list[Opened])
    missing: list[str] = field(default_factory=list[str])
    """Why rungs were left out."""


def rungs_of(rungs: Sequence[Rung], above: Above, opening: Opening) -> Rungs:
    """The ladder; a rung that is not there is left out, and said."""
    found = Rungs()
    for rung in rungs:
        try:
            found.live.append(_rung(rung, above, opening, found))
        except NotThere as error:
            found.missing.append(f"{rung.kind.value}: {error}")
    return found


def previous_version(above: Above) -> int | None:
    """The version that answered before this one came: the alias' own history tells, else that of the endpoint."""
    version, served = above.live.version, above.served
    if served.alias is not None:
        # The first time that it came: one that came back was preceded by what had to go.
        came = [move for move in above.moves if move.to_version == version]
        return came[-1].from_version if came else None
    for config in above.configs:
        for entity in config.entities:
            if entity.entity == served.entity and entity.version not in (None, version):
                return entity.version
    return None


def _rung(rung: Rung, above: Above, opening: Opening, found: Rungs) -> LiveRung:
    kind = rung.kind
    match kind:
        case RungKind.CONSTANT:
            return LiveRung(kind.value, value=rung.value)
        case RungKind.RULES:
            return LiveRung(kind.value, function=opening.function(above.owner, rung.function or ""))
        case RungKind.BASELINE:
            if above.live.baseline_folder is None:
                raise NotThere(f"the run of {above.live.entity}@{above.live.version} has logged no model baseline.")
            return LiveRung(kind.value, above.live.entity_id)
        case RungKind.PREVIOUS | RungKind.VERSION:
            version = rung.version if kind is RungKind.VERSION else previous_version(above)
            if version is None or above.served.kind is not EntityKind.MODEL:
                raise NotThere(f"{above.live.entity}@{above.live.version} has none before it.")
            served = replace(above.served, version=version, alias=None)
            opened = opening.open(above.endpoint_id, above.owner, served, version)
            found.opened.append(opened)
            return LiveRung(kind.value, opened.entity.entity_id)
