"""Maturity, joined: the rooms whose records say how a model lives."""

from collections.abc import Callable, Mapping

from boathouse.bundles.repository import BundleRepository
from boathouse.catalog import Catalog
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal, PrincipalKind
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.monitoring.maturity import Maturity, assess
from boathouse.monitoring.maturity.facts import Deployed
from boathouse.monitoring.maturity.recorded import RecordedFacts, Reporter, Sources

MOST_MODELS = 200
"""Models that one look over all of them assesses."""


class Maturities:
    """The verbs."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def of(self, principal: Principal, name: ModelName) -> Maturity:
        """How mature the work on a model is.

        Raises:
            NotFound, Denied: There is no such model, or the principal lacks EXECUTE on it.
        """
        self._sources.models.registry.get(principal, name)
        return assess(RecordedFacts(self._sources, str(name)))

    def all(self, principal: Principal, limit: int = MOST_MODELS) -> tuple[list[Maturity], int]:
        """Of the models that the principal may see, by name, and how many were left out."""
        names = [each.name for each in self._sources.models.registry.all(principal)]
        return [assess(RecordedFacts(self._sources, name)) for name in names[:limit]], max(0, len(names) - limit)


def build_maturities(
    database: Database, catalog: Catalog, models: Models, reporters: Mapping[str, Reporter] | None = None
) -> Maturities:
    """Join them. Rooms that can judge a practice themselves are ``reporters``, by the practice's name."""
    return Maturities(Sources(database, models, _deployments(database, catalog), reporters or {}))


def _deployments(database: Database, catalog: Catalog) -> Callable[[str], Deployed | None]:
    repository = BundleRepository(database)

    def deployment(deployment_id: str) -> Deployed | None:
        found = repository.deployment(deployment_id)
        if found is None:
            return None
        bundle = repository.bundle(found.bundle_id)
        return Deployed(
            f"{bundle.name}/{bundle.target}",
            found.finished_at or found.started_at,
            found.principal,
            _is_program(catalog, found.principal),
            found.git_commit,
            found.git_dirty,
        )

    return deployment


def _is_program(catalog: Catalog, name: str) -> bool:
    try:
        return catalog.identities.principal(name).kind is PrincipalKind.SERVICE_PRINCIPAL
    except NotFound:
        return False
