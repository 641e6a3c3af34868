"""What is in production now, over all models, joined: the registry, its history, requirements, and who serves it.

In production is a model whose production stage points at a version, or that an endpoint serves.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from boathouse.catalog import Catalog, LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.bootstrap import BEFORE_PRODUCTION
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models import Models
from boathouse.models.gates.policy import DEFAULT_STAGES, PRODUCTION
from boathouse.models.loading import LOADED, LOADED_WITHIN_MS
from boathouse.models.nouns import AliasMove
from boathouse.models.promotion.policies import stages_of
from boathouse.models.requirements.nouns import Revision
from boathouse.serving.answering.states import read_workers
from boathouse.serving.endpoints.nouns import Endpoint, EntityKind
from boathouse.serving.endpoints.progress import Situation
from boathouse.serving.endpoints.service import Endpoints

MODEL = SecurableKind.REGISTERED_MODEL
_MOST_EDGES = 1_000


@dataclass(frozen=True, slots=True)
class Share:
    """A version's part of what an endpoint is asked."""

    model: str
    version: int | None
    percent: float
    role: str
    """``primary``, ``canary`` or what else the endpoint's routes call it."""


@dataclass(frozen=True, slots=True)
class ServedAt:
    """An endpoint that serves a model."""

    endpoint: str
    ready: str
    update: str
    why: str | None
    follows: str | None
    """The alias that it follows; None: it names a version."""
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Produced:
    """A model in production."""

    model: str
    alias: str
    version: int | None
    """The champion; None: an endpoint serves the model, and its production alias points nowhere."""
    since: AliasMove | None
    owner: str | None
    """Who answers for it, by its requirements; else who owns it in the catalog."""
    risk_tier: str | None
    metric: str | None
    """The number that stands for its success: ``log_loss``, ``auc``."""
    served: tuple[ServedAt, ...]


@dataclass(frozen=True, slots=True)
class InProduction:
    """The names of the models in production, each in one of these."""

    served: tuple[str, ...]
    """Those that an endpoint serves."""
    others: tuple[str, ...]
    """Those whose production stage points at a version, for jobs to load."""
    earlier: tuple[str, ...] = ()
    """Of both kinds, but in the catalogs for development and staging."""

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, the most important first."""
        return (*self.served, *self.others, *self.earlier)


@dataclass(frozen=True, slots=True)
class LoadingJob:
    """A job that loads a model."""

    job_id: int
    name: str
    version: int | None
    """The version that it has loaded last."""
    at: int
    """When, in milliseconds since 1970-01-01 UTC."""


class Production:
    """The verbs. Each shows what the principal may know of."""

    def __init__(self, catalog: Catalog, models: Models, endpoints: Endpoints, home: Home, clock: Clock) -> None:
        self._clock = clock
        self._catalog = catalog
        self._models = models
        self._stores = models.stores
        self._endpoints = endpoints
        self._home = home

    def names(self, principal: Principal) -> InProduction:
        """The models in production that the principal may read, by name."""
        named, usual, stores = self._models.requirements.production_aliases(), DEFAULT_STAGES[PRODUCTION], self._stores
        champions = {
            model
            for alias in {usual, *named.values()}
            for model in stores.models_with_alias(alias)
            if named.get(model, usual) == alias
        }
        serving = {name for each in self._endpoints.list(principal) for name in _models_of(each)}
        served = self._known(principal, serving)
        others = self._readable(principal, champions - set(served))
        return InProduction(
            tuple(name for name in served if not _is_earlier(name)),
            tuple(name for name in others if not _is_earlier(name)),
            tuple(sorted(filter(_is_earlier, (*served, *others)))),
        )

    def shown(self, principal: Principal, names: Sequence[str]) -> list[Produced]:
        """These models, in the order asked for; one that the principal may not read is left out."""
        known = set(self._known(principal, names))
        served = self.served(principal, known)
        return [self._produced(principal, each, served.get(each, ())) for each in names if each in known]

    def served(self, principal: Principal, models: Collection[str]) -> dict[str, tuple[ServedAt, ...]]:
        """Which endpoints serve these models, as far as the principal may know of them."""
        wanted = {name.lower() for name in models}
        serving = [
            each for each in self._endpoints.list(principal) if any(name.lower() in wanted for name in _models_of(each))
        ]
        here = (self._home.running() or {}).get("serving_url") is not None
        situations = self._endpoints.situations(serving, read_workers(self._home), is_data_plane_here=here)
        found: dict[str, list[ServedAt]] = {}
        for endpoint, now in zip(serving, situations, strict=True):
            for model in _models_of(endpoint):
                found.setdefault(model, []).append(_served_at(endpoint, now, model))
        return {model: tuple(each) for model, each in found.items()}

    def jobs_loading(self, principal: Principal, model: ModelName) -> list[LoadingJob]:
        """The jobs that have loaded versions of a model in the last 30 days, as far as the principal may know of them;
        the last first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, MODEL, str(model))
        since = epoch_ms(self._clock.now()) - LOADED_WITHIN_MS
        node = LineageNode(NodeKind.MODEL_VERSION, str(model))
        wanted = EdgeFilter(source=node, operation=LOADED, since=since)
        last: dict[int, LoadingJob] = {}
        for found in self._catalog.lineage.edges(principal, wanted, limit=_MOST_EDGES):
            job_id, source = found.edge.entity.get("job_id"), found.edge.source
            if job_id is not None and int(job_id) not in last:
                version = source.version if source else None
                last[int(job_id)] = LoadingJob(int(job_id), str(job_id), version, found.event_time)
        visible = self._catalog.grants.visible(principal, SecurableKind.JOB, [str(each) for each in last])
        titled = (replace(each, name=self._job_name(principal, each.job_id)) for each in last.values())
        return [each for each in titled if str(each.job_id) in visible]

    # --- within

    def _job_name(self, principal: Principal, job_id: int) -> str:
        try:
            return self._catalog.securables.get(principal, SecurableKind.JOB, str(job_id)).title or str(job_id)
        except BoathouseError:  # it is gone, or not for this reader
            return str(job_id)

    def _known(self, principal: Principal, names: Iterable[str]) -> list[str]:
        """Those that exist, and that the principal may read."""
        return self._readable(principal, [row.name for row in self._stores.models_named(sorted(names))])

    def _readable(self, principal: Principal, names: Iterable[str]) -> list[str]:
        if principal.is_admin:
            return sorted(names)
        return sorted(set(names) & self._catalog.grants.within_reach(principal, Privilege.EXECUTE, MODEL))

    def _produced(self, principal: Principal, model: str, served: tuple[ServedAt, ...]) -> Produced:
        name, revision = ModelName.parse(model), self._models.requirements.deployed(model)
        alias = stages_of(revision.requirements if revision else None)[PRODUCTION]
        version = self._stores.aliases(model).get(alias)
        since = next(iter(self._models.repository.moves(str(name), alias, 1)), None)
        return Produced(
            model,
            alias,
            version,
            since if since is not None and since.to_version == version else None,
            self._owner(model, revision),
            revision.requirements.risk_tier.value if revision else None,
            revision.requirements.success.proxy if revision else None,
            served,
        )

    def _owner(self, model: str, revision: Revision | None) -> str | None:
        return revision.requirements.owner if revision else self._catalog.grants.owner(MODEL, model)


def _is_earlier(model: str) -> bool:
    return model.partition(".")[0] in BEFORE_PRODUCTION


def _models_of(endpoint: Endpoint) -> set[str]:
    return {each.entity for each in endpoint.config.entities if each.kind is EntityKind.MODEL}


def _served_at(endpoint: Endpoint, now: Situation, model: str) -> ServedAt:
    entities: Mapping[str, tuple[str, int | None]] = (
        {each.entity_id: (each.entity, each.version) for each in now.standing.entities} if now.standing else {}
    )
    routes = now.standing.routes if now.standing else ()
    shares = [Share(*entities[route.entity_id], route.percent, route.role) for route in routes]
    return ServedAt(
        endpoint.name,
        now.progress.ready.value,
        now.progress.update.value,
        now.progress.why,
        next((each.alias for each in endpoint.config.entities if each.entity == model), None),
        tuple(sorted(shares, key=lambda share: -share.percent)),
    )
