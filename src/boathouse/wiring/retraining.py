"""Retraining, joined with jobs, models, tables and the metric tables of monitors."""

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.looping import Loop
from boathouse.jobs import Jobs
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.deployment.repository import DeploymentRepository
from boathouse.models.promotion.decisions import Decisions
from boathouse.monitoring.retraining.candidates import Candidates
from boathouse.monitoring.retraining.loop import Parts, Retraining
from boathouse.monitoring.retraining.repository import RetrainingFollower
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.monitoring.retraining.world import GovernedWorld, SessionOf

LOOK_SECONDS = 1.0


def build_retraining(
    database: Database,
    catalog: Catalog,
    models: Models,
    decisions: Decisions,
    jobs: Jobs,
    session_of: SessionOf,
    clock: Clock,
) -> tuple[Retraining, Loop]:
    """The verbs, and the loop that looks by itself."""
    trainings = TrainingRuns(database, jobs, catalog)
    candidates = Candidates(models, decisions, DeploymentRepository(database), trainings)
    world = GovernedWorld(catalog, session_of, candidates.champion)
    retraining = Retraining(Parts(database, catalog, trainings, candidates, world, clock))
    models.provenance.follow(RetrainingFollower(database))
    loop = Loop("retraining", LOOK_SECONDS, retraining.round, trouble="Retraining could not be looked at")
    return retraining, loop
