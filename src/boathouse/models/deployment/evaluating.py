"""Evaluates a version in a process of its own: gates measure here, the control plane judges and keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from boathouse.foundation.errors import NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.foundation.rest import RestClient
from boathouse.foundation.shapes import fit
from boathouse.models.deployment.evaluated import Evaluated
from boathouse.models.evidence.client import MODELS, EvidenceClient, version_path
from boathouse.models.evidence.nouns import Evaluation, EvaluationKind
from boathouse.models.evidence.wire import evaluation_from_json
from boathouse.models.gates.policy import Policy, policy_of
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.models.evaluation.scoring import ScorerOf
    from boathouse.session import Session


@dataclass(frozen=True, slots=True)
class Subject:
    """The version that a task is about, and what it has to meet."""

    name: ModelName
    version: int
    requirements: Requirements
    policy: Policy
    card: str | None
    comment: str | None
    champion: int | None
    """The version in production; None when there is none yet."""


def subject_of(client: RestClient, name: ModelName, version: int) -> Subject:
    """What the control plane knows of a version.

    Raises:
        NotFound: There is no such model, or nobody has said what it has to meet.
    """
    path = f"{MODELS}/{quote(str(name), safe='')}"
    held = client.get(f"{path}/requirements")
    requirements = fit(Requirements, held["requirements"], what=f"What {name} has to meet")
    policy = policy_of(requirements, what=f"The policy of {name}")
    model = client.get(path)["model"]
    champion = model["aliases"].get(policy.production_alias)
    return Subject(name, version, requirements, policy, held["card_text"], model["comment"], champion)


@dataclass(frozen=True, slots=True)
class ByTask:
    """The task of a job that evaluates. One that is interrupted runs again, and leaves one evaluation all the same."""

    run_id: int
    task_run_id: int

    def new_evaluation_id(self) -> str:
        return f"{new_id()}{self._mark}"

    def has_recorded(self, evaluation: Mapping[str, Any]) -> bool:
        """Whether an evaluation, as the server tells it, is this task's."""
        return evaluation["run_id"] == self.run_id and str(evaluation["evaluation_id"]).endswith(self._mark)

    @property
    def _mark(self) -> str:
        return f"-t{self.task_run_id}"


def evaluate(
    session: "Session", client: RestClient, subject: Subject, scorer_of: "ScorerOf", *, by: ByTask | None = None
) -> Evaluated:
    """Ask every gate of the policy and send what they measure; what comes back is judged.

    Pictures and tables that gates leave become artifacts of the version's run. What a task has recorded before it was
    interrupted holds: people may have signed it.
    """
    from boathouse.models.deployment.run_artifacts import log_evaluation
    from boathouse.models.evaluation.building import CaseOrder, opened_case
    from boathouse.models.evaluation.running import code_hash, run_gates

    book = EvidenceClient(client)
    with TemporaryDirectory(prefix="boathouse-gates-") as scratch:
        order = CaseOrder(
            subject.name,
            subject.version,
            subject.requirements,
            champion=subject.champion,
            accepted=_accepted(client, subject),
            evidence=book.of(subject.name, subject.version),
            comment=subject.comment,
            card=subject.card,
            scratch=Path(scratch),
        )
        with opened_case(session, scorer_of, order) as case:
            measured = run_gates(case, subject.policy.gates)
            rows = case.rows
            evaluation = Evaluation(
                by.new_evaluation_id() if by else new_id(),
                str(subject.name),
                subject.version,
                rows.table if rows else subject.requirements.evaluation.table,
                rows.version if rows else None,
                subject.champion,
                code_hash(),
                by.run_id if by else None,
            )
            if (known := _recorded_before(client, subject, by)) is None:
                evidence = book.record(evaluation, measured)
            else:
                evaluation = known
                evidence = book.of(subject.name, subject.version, evaluation_id=known.evaluation_id)
                measured = [each.measurement for each in evidence]
            mlflow_run = case.run.run_id if case.run else None
        done = Evaluated(evaluation, measured, evidence, mlflow_run)
        log_evaluation(done, Path(scratch))
    return done


def _recorded_before(client: RestClient, subject: Subject, by: ByTask | None) -> Evaluation | None:
    """The evaluation that an earlier life of the task has left."""
    if by is None:
        return None
    found = client.get(f"{version_path(subject.name, subject.version)}/evaluations")["evaluations"]
    return next((evaluation_from_json(each) for each in found if by.has_recorded(each)), None)


def _accepted(client: RestClient, subject: Subject) -> tuple[str, int] | None:
    """The evaluation table that the champion was judged on, and its version then."""
    if subject.champion in (None, subject.version):
        return None
    try:
        found = client.get(f"{version_path(subject.name, subject.champion)}/evaluations")["evaluations"]
    except NotFound:
        return None
    judged = (each for each in found if each["kind"] == EvaluationKind.GATES.value and each["data_version"] is not None)
    return next(((str(each["data_table"]), int(each["data_version"])) for each in judged), None)
