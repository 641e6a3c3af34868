"""Rollbacks of models, joined with the registry, the evidence and the environments of the home."""

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.home import Home
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.rollback.repository import RollbackFollower, RollbackRepository
from boathouse.models.rollback.rolling_back import Around, Rollbacks
from boathouse.models.serving_check.interpreters import interpreters_of


def build_rollbacks(
    home: Home, database: Database, catalog: Catalog, models: Models, evidence: EvidenceBook, clock: Clock
) -> Rollbacks:
    """The verbs, over this server's own files and environments."""
    models.provenance.follow(RollbackFollower())
    around = Around(
        models.registry,
        models.repository,
        evidence,
        models.requirements.deployed,
        models.files.folder,
        interpreters_of(home),
    )
    return Rollbacks(catalog, database, clock, RollbackRepository(database), around)
