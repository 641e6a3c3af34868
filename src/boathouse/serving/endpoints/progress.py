"""How far an endpoint has come to answer by its configuration: what was found for it, and what each worker says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from boathouse.serving.endpoints.nouns import Endpoint, EndpointConfig, ReadyState, Standing
from boathouse.serving.endpoints.worker_state import EndpointState

Workers = Sequence[Mapping[str, EndpointState]]
"""Of each worker that takes requests: how the endpoints are in it, by id."""


class ConfigUpdate(StrEnum):
    """Whether the configuration that was given last is the one that answers; the words are those of Databricks."""

    NOT_UPDATING = "NOT_UPDATING"
    IN_PROGRESS = "IN_PROGRESS"
    UPDATE_FAILED = "UPDATE_FAILED"
    """A model does not load. It is tried again by itself."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a caller meets, and what is still to come."""

    ready: ReadyState
    """Whether every worker that takes requests answers, be it by the configuration before."""
    update: ConfigUpdate
    why: str | None
    answering_version: int
    """The configuration that answers; that which was given last while none does."""
    lacking: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """By the name of the served entity: why it does not load; None while it is being loaded."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How an endpoint is at the moment."""

    standing: Standing | None
    progress: Progress
    answering: EndpointConfig
    """The configuration that answers; that which was given last while none does."""


def progress_of(
    endpoint: Endpoint, standing: Standing | None, workers: Workers, *, is_data_plane_here: bool
) -> Progress:
    """How far the endpoint has come.

    Args:
        standing: What the endpoint was found to stand for, last.
        is_data_plane_here: Whether workers are to come where there are none.
    """
    told = [each.get(endpoint.endpoint_id) for each in workers]
    known = [each for each in told if each is not None]
    # What a worker says of an earlier configuration is no news of this one.
    lacking = dict(_lacking([each for each in known if each.wanted_config_version == endpoint.config.version]))
    update = _update(endpoint, standing, told, lacking, is_data_plane_here=is_data_plane_here)
    is_lost = standing is not None and standing.state is ReadyState.NOT_READY and _is_looked_at(endpoint, standing)
    is_ready = bool(told) and len(known) == len(told) and all(each.is_ready for each in known) and not is_lost
    answering = [each.config_version for each in known if each.is_ready]
    return Progress(
        ready=ReadyState.READY if is_ready else ReadyState.NOT_READY,
        update=update,
        why=" ".join(dict.fromkeys(_why(standing, told, known, is_data_plane_here=is_data_plane_here))) or None,
        answering_version=min(answering, default=endpoint.config.version),
        lacking=lacking,
    )


def _update(
    endpoint: Endpoint, standing: Standing | None, told: Sequence[EndpointState | None],
    lacking: Mapping[str, str | None], *, is_data_plane_here: bool,
) -> ConfigUpdate:  # fmt: skip
    if standing is None or not _is_looked_at(endpoint, standing) or standing.state is ReadyState.NOT_READY:
        return ConfigUpdate.IN_PROGRESS  # it begins by itself when what is missing is there
    if not told:
        return ConfigUpdate.IN_PROGRESS if is_data_plane_here else ConfigUpdate.NOT_UPDATING
    if any(lacking.values()):
        return ConfigUpdate.UPDATE_FAILED
    is_done = all(each is not None and _answers_by(each, standing) for each in told)
    return ConfigUpdate.NOT_UPDATING if is_done else ConfigUpdate.IN_PROGRESS


def _is_looked_at(endpoint: Endpoint, standing: Standing) -> bool:
    return standing.config_version == endpoint.config.version


def _answers_by(worker: EndpointState, standing: Standing) -> bool:
    asked = {route.entity_id for route in standing.routes}
    return worker.config_version == standing.config_version and set(worker.entity_ids) == asked and not worker.lacking


def _lacking(known: Sequence[EndpointState]) -> Iterator[tuple[str, str | None]]:
    """A reason comes after what is only being loaded elsewhere."""
    found = [item for each in known for item in each.lacking.items()]
    yield from sorted(found, key=lambda item: item[1] is not None)


def _why(
    standing: Standing | None, told: Sequence[EndpointState | None], known: Sequence[EndpointState],
    *, is_data_plane_here: bool,
) -> Iterator[str]:  # fmt: skip
    if standing is not None and standing.why:
        yield standing.why
    if not told:
        yield (
            "No worker of the data plane takes requests yet."
            if is_data_plane_here
            else "No data plane runs here; start one with BOATHOUSE_SERVING_WORKERS=-1, or leave that out."
        )
    yield from (each.why for each in known if each.lacking and each.why)
