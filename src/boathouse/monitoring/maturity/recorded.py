"""A model's life as the server has written it down: registry, runs, evidence, decisions, rollbacks, reproductions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.jobs.schema import job_runs
from boathouse.metastore import Database
from boathouse.models import Models
from boathouse.models.approval.nouns import Say
from boathouse.models.evidence import repository as evidence_rows
from boathouse.models.evidence.nouns import EvaluationKind, Verdict
from boathouse.models.gates.policy import PRODUCTION
from boathouse.models.nouns import AliasDecision, AliasMove, DecisionKind
from boathouse.models.promotion.policies import stages_of
from boathouse.models.reproduction.schema import reproductions
from boathouse.models.rollback.repository import RollbackRepository
from boathouse.monitoring.maturity.facts import Deployed, Exercise, Judged, Move, Repeated, Version
from boathouse.monitoring.maturity.findings import Finding

_RECENT = 5
_MOST_JUDGED = 20
"""Versions whose evidence is looked through, beside the one in production."""
_MOST_PARENTS = 20
_SIGNATURE = re.compile(r"^signature:(?!\s*(null|~)\s*$)", re.MULTILINE)

Reporter = Callable[[str], Finding | None]
"""What a room says of a model, by its name."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where facts come from."""

    database: Database
    models: Models
    deployment: Callable[[str], Deployed | None]
    """A deployment by its id; bundles live upstairs."""
    reporters: Mapping[str, Reporter]
    """By practice; rooms that can judge one add themselves."""


class RecordedFacts:
    """The facts of one model."""

    def __init__(self, sources: Sources, model: str) -> None:
        self._sources = sources
        self._repository = sources.models.repository
        self.model = model

    def subject(self) -> Version | None:
        return self._subject

    def recent(self) -> Sequence[Version]:
        return self._recent

    def judged(self) -> Sequence[Judged]:
        return self._judged

    def production(self) -> Sequence[Move]:
        moves = self._repository.moves(self.model, self._production_alias, 100)
        return [_move(each, self._decision(each)) for each in moves if each.to_version is not None]

    def exercises(self) -> Sequence[Exercise]:
        found = RollbackRepository(self._sources.database).of(self.model)
        return [Exercise(each.began_at, each.is_drill, each.took_ms, each.problem) for each in found]

    def repeated(self) -> Sequence[Repeated]:
        table = reproductions
        query = select(table.c.version, table.c.ended_at, table.c.status).where(
            table.c.model == self.model, table.c.ended_at.is_not(None), table.c.deleted_at.is_(None)
        )
        with self._sources.database.read() as connection:
            rows = connection.execute(query.order_by(table.c.ended_at.desc()).limit(100)).all()
        return [Repeated(row.version, row.ended_at, row.status) for row in rows]

    def deployed(self) -> Deployed | None:
        subject = self._subject
        tags = self._tags(subject.run_id) if subject and subject.run_id else {}
        deployment_id = tags.get("boathouse.deployment_id")
        return self._sources.deployment(deployment_id) if deployment_id else None

    def reported(self, practice: str) -> Finding | None:
        reporter = self._sources.reporters.get(practice)
        return reporter(self.model) if reporter else None

    # Each of these is looked up once

    @cached_property
    def _production_alias(self) -> str:
        revision = self._sources.models.requirements.deployed(self.model)
        return stages_of(revision.requirements if revision else None)[PRODUCTION]

    @cached_property
    def _numbers(self) -> list[int]:
        return sorted(self._repository.versions_of(self.model), reverse=True)

    @cached_property
    def _subject(self) -> Version | None:
        aliases = self._sources.models.stores.aliases(self.model)
        number = aliases.get(self._production_alias) or next(iter(self._numbers), None)
        return None if number is None else self._version(number)

    @cached_property
    def _recent(self) -> list[Version]:
        return [self._version(number) for number in self._numbers[:_RECENT]]

    @cached_property
    def _judged(self) -> list[Judged]:
        found: list[Judged] = []
        with self._sources.database.read() as connection:
            known = evidence_rows.evaluated_versions(connection, self.model)
            newest = sorted(known, key=lambda each: known[each], reverse=True)
            subject = self._subject.number if self._subject else None
            # What is in production may have been judged before many that were not good enough.
            for version in newest[:_MOST_JUDGED] + [each for each in newest[_MOST_JUDGED:] if each == subject]:
                stored = evidence_rows.evaluations(
                    connection, self.model, version, kind=EvaluationKind.GATES, limit=_MOST_JUDGED
                )
                failed = [
                    each.measurement.gate
                    for each in evidence_rows.evidence_of(connection, stored)
                    if each.judgement.blocks and each.judgement.verdict is Verdict.FAILED
                ]
                found.append(Judged(version, known[version], tuple(dict.fromkeys(failed))))
        return found

    # One version

    def _version(self, number: int) -> Version:
        run_id = self._repository.run_of_version(self.model, number)
        tags = self._tags(run_id) if run_id else {}
        inputs = self._repository.inputs_of(run_id) if run_id else []
        job_run = tags.get("boathouse.job_run_id")
        return Version(
            number,
            run_id=run_id,
            commit=tags.get("boathouse.git.commit"),
            is_dirty=tags.get("boathouse.git.dirty") == "true",
            tables=tuple(f"{each.table_name}@{each.version}" for each in inputs),
            has_lock=run_id is not None and self._has_lock(run_id),
            job=tags.get("boathouse.job_name"),
            trigger=self._trigger(int(job_run)) if job_run else None,
            has_signature=self._has_signature(number),
        )

    def _tags(self, run_id: str) -> Mapping[str, str]:
        stores = self._sources.models.stores
        try:
            run: Any = stores.call(lambda: stores.tracking.get_run(run_id))
        except NotFound:  # deleted for good; what it said is gone with it
            return {}
        return dict(run.data.tags)

    def _has_lock(self, run_id: str) -> bool:
        try:
            return self._sources.models.files.lock_of_run(run_id) is not None
        except BoathouseError:
            return False

    def _has_signature(self, number: int) -> bool | None:
        try:
            text = (self._sources.models.files.folder(self.model, number) / "MLmodel").read_text()
        except (BoathouseError, OSError):
            return None
        return _SIGNATURE.search(text) is not None

    def _trigger(self, run_id: int) -> str | None:
        """What started a run, or the run that started it and so on; None when that is no longer known."""
        columns = (job_runs.c.trigger_type, job_runs.c.parent_run_id)
        trigger: str | None = None
        with self._sources.database.read() as connection:
            for _ in range(_MOST_PARENTS):
                row = connection.execute(select(*columns).where(job_runs.c.run_id == run_id)).one_or_none()
                if row is None:
                    return trigger
                trigger = row.trigger_type
                if row.parent_run_id is None:
                    return trigger
                run_id = row.parent_run_id
        return trigger

    def _decision(self, move: AliasMove) -> AliasDecision | None:
        return self._repository.decision(move.decision_id) if move.decision_id else None


def _move(move: AliasMove, decision: AliasDecision | None) -> Move:
    signed: int | None = None
    if decision is not None and decision.kind is DecisionKind.PROMOTION:
        signed = sum(each.get("say") == Say.APPROVED for each in decision.document.get("approvals", ()))
    return Move(move.to_version or 0, move.moved_at, decision is not None, signed)
