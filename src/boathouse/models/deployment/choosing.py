"""Which job a model's new versions start: the one that MLflow's client named, the project's own, or the built-in."""

from dataclasses import dataclass
from enum import StrEnum

from boathouse.models.deployment.nouns import JobOfModel
from boathouse.models.requirements.nouns import Revision


class Kind(StrEnum):
    """Where a deployment job comes from."""

    NAMED = "named"
    """``deployment_job_id`` of MLflow's registered model."""
    OWN = "own"
    """``deployment.job`` of the requirements."""
    BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True)
class ChosenJob:
    """A job, and in whose name it is started."""

    kind: Kind
    job: str
    """Its id or name; of a built-in job that is not made yet, empty."""
    asker: str


def choose_job(known: JobOfModel, deployed: Revision | None) -> ChosenJob | None:
    """The deployment job of a model; None when it has none."""
    if known.named:
        return ChosenJob(Kind.NAMED, known.named, known.named_by or "")
    if deployed is None:
        return None
    if deployed.requirements.deployment.job:
        return ChosenJob(Kind.OWN, deployed.requirements.deployment.job, deployed.principal)
    return ChosenJob(Kind.BUILT_IN, str(known.built_in or ""), deployed.principal)


def starts_by_itself(chosen: ChosenJob | None, deployed: Revision | None) -> bool:
    """Whether a new version starts the job without anybody's doing."""
    if chosen is None:
        return False
    return chosen.kind is Kind.NAMED or deployed is None or deployed.requirements.deployment.start
