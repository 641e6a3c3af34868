"""Models, as far as retraining needs them: who is in production, what a run has made, what its gates say of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM
from boathouse.models import Models
from boathouse.models.deployment.nouns import StartState
from boathouse.models.deployment.repository import DeploymentRepository
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.promotion.decisions import Decisions
from boathouse.models.promotion.nouns import Standing
from boathouse.models.promotion.policies import stages_of
from boathouse.models.requirements.nouns import NoRequirements
from boathouse.models.requirements.requirements import Requirements
from boathouse.monitoring.retraining.nouns import State
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.monitoring.retraining.triggers.contract import Champion

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """Where a candidate stands."""

    state: State
    reason: str


class Candidates:
    """Looks; nothing here moves. The server looks by itself, so nobody's rights are asked."""

    def __init__(
        self, models: Models, decisions: Decisions, starts: DeploymentRepository, trainings: TrainingRuns
    ) -> None:
        self._models = models
        self._decisions = decisions
        self._starts = starts
        self._trainings = trainings

    @property
    def are_known(self) -> bool:
        """Before MLflow is there, nothing can be said of versions."""
        return self._models.state == "ready"

    def requirements(self, model: str) -> Requirements | None:
        held = self._models.requirements.deployed(model)
        return held.requirements if held is not None else None

    def champion(self, model: str) -> Champion | None:
        """The version in production; None: there is none."""
        alias = stages_of(self.requirements(model))[PRODUCTION]
        version = self._models.stores.aliases(model).get(alias)
        if version is None:
            return None
        moves = self._models.repository.moves(model, alias, 1)
        since = moves[0].moved_at if moves and moves[0].to_version == version else None
        return Champion(version, since)

    def made_by(self, model: str, run_id: int) -> int | None:
        """The newest version of the model that a run of a job has registered."""
        repository = self._models.repository
        mlflow_runs = set(repository.runs_of_tasks(self._trainings.task_runs(run_id)))
        if not mlflow_runs:
            return None
        versions: Sequence[int] = sorted(repository.versions_of(model), reverse=True)
        return next((each for each in versions if repository.run_of_version(model, each) in mlflow_runs), None)

    def judged(self, model: str, version: int) -> Judged:
        """What became of a candidate up to now; ``JUDGING``: nothing yet."""
        champion = self.champion(model)
        if champion is not None and champion.version == version:
            return Judged(State.PROMOTED, f"Version {version} is in production.")
        if not self._models.repository.has_version(model, version):
            return Judged(State.NO_CANDIDATE, f"Version {version} was deleted.")
        try:
            found = self._decisions.now(SYSTEM, ModelName.parse(model), version)
        except NoRequirements:
            return Judged(State.REGISTERED, f"Version {version} is registered; nothing says what it has to meet.")
        reasons = " ".join(found.reasons)[:_LONGEST_REASON]
        match found.standing:
            case Standing.BLOCKED:
                return Judged(State.REJECTED, f"Its gates have rejected version {version}. {reasons}")
            case Standing.REFUSED:
                return Judged(State.REJECTED, f"Somebody has refused version {version}. {reasons}")
            case Standing.AWAITS_APPROVAL:
                return Judged(State.PASSED, f"Version {version} has passed its gates and awaits approval.")
            case Standing.MAY_BE_PROMOTED:
                return Judged(State.PASSED, f"Version {version} has passed its gates and may be promoted.")
            case Standing.NOT_EVALUATED:
                return self._not_evaluated(model, version)

    def _not_evaluated(self, model: str, version: int) -> Judged:
        waiting = Judged(State.JUDGING, f"The gates of version {version} have not been asked yet.")
        start = next(iter(self._starts.starts(model, version)), None)
        if start is None or start.state is StartState.SKIPPED:
            why = start.problem if start is not None and start.problem else "no deployment job was started for it"
            return Judged(State.REGISTERED, f"Version {version} is registered; {_in_sentence(why)}")
        if start.state is StartState.FAILED:
            return Judged(State.FAILED, f"The gates of version {version} could not be asked: {start.problem}")
        ended = self._trainings.ended(start.run_id) if start.run_id is not None else None
        if ended is None or ended.is_success:
            return waiting
        told = f"The gates of version {version} could not be asked: {ended.message or f'run {start.run_id} failed'}"
        return Judged(State.FAILED, told)

    def exists(self, model: str) -> bool:
        """Whether there is such a model."""
        try:
            self._models.registry.get(SYSTEM, ModelName.parse(model))
        except NotFound:
            return False
        except BoathouseError:
            return True
        return True


def _in_sentence(text: str) -> str:
    return f"{text[0].lower()}{text[1:].removesuffix('.')}."
