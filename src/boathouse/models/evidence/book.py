"""The book of evidence: measurements come in, the server judges them, and both are kept.

Whoever measures only sends what was measured. Which rules it is judged by, and how, is decided here, from the
requirements that are deployed: no task can give itself a good verdict.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events.repository import write
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.evidence import repository as rows
from boathouse.models.evidence.judging import judge_all
from boathouse.models.evidence.nouns import (
    Evaluation,
    EvaluationKind,
    Evidence,
    Judgement,
    Measurement,
    Rule,
    Verdict,
)
from boathouse.models.evidence.repository import Judged, Stored
from boathouse.models.evidence.wire import MOST_BYTES, MOST_MEASUREMENTS, cleaned, measurement_json
from boathouse.models.repository import model_version_sources

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

KIND = SecurableKind.REGISTERED_MODEL
NO_RULE = Judgement(Verdict.INCONCLUSIVE, "recorded; no rule judges it")
_ID = re.compile(r"[\w\-]{1,64}")
_MOST_REASONS = 5


class VersionNotFound(NotFound):
    """There is no such version to write evidence of."""


class EvidenceBook:
    """Writes evidence down and reads it."""

    def __init__(self, database: Database, catalog: "Catalog", clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._clock = clock

    # --- writing

    def record(
        self,
        principal: Principal,
        evaluation: Evaluation,
        measurements: Sequence[Measurement],
        rules: Sequence[Rule] = (),
    ) -> list[Evidence]:
        """Judge measurements by the rules and write both down. The same evaluation sent twice is written once.

        Of a note, only the gates that it names are judged; of an evaluation of the gates, every rule is, and one that
        finds nothing is inconclusive.

        Raises:
            VersionNotFound: The model has no such version.
            InvalidInput: A measurement cannot be kept as it is.
            Conflict: Another evaluation has this id.
            Denied: The principal may not manage the model.
        """
        name = str(ModelName.parse(evaluation.model))
        evaluation = replace(evaluation, model=name)
        params = {"version": evaluation.version, "evaluation_id": evaluation.evaluation_id}
        with self._catalog.audit.verb(principal, "models", "recordEvidence", KIND, name, params) as opened:
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, name)
            clean = _checked(evaluation, measurements)
            judged = list(_judged(evaluation, clean, rules))
            stored = Stored(evaluation, principal.name, epoch_ms(self._clock.now()), _content_hash(evaluation, clean))
            try:
                with self._database.write() as connection:
                    known = rows.find(connection, evaluation.evaluation_id)
                    if known is None:
                        _require_version(connection, name, evaluation.version)
                        rows.add(connection, stored, judged)
                        write(connection, _events(stored, judged), stored.recorded_at)
                        opened.commit_with(connection)
            except IntegrityError:  # on Postgres somebody may have been faster since we looked
                known = self._find(evaluation.evaluation_id)
            if known is not None:
                _require_same(known, stored)
            with self._database.read() as connection:
                return rows.evidence_of(connection, [known or stored])

    # --- reading

    def evaluations(
        self, principal: Principal, name: ModelName, version: int, *, kind: EvaluationKind | None = None
    ) -> list[Stored]:
        """The evaluations of a version, newest first."""
        self._require_readable(principal, name)
        with self._database.read() as connection:
            return rows.evaluations(connection, str(name), version, kind=kind)

    def of(
        self, principal: Principal, name: ModelName, version: int, *, evaluation_id: str | None = None, latest: int = 10
    ) -> list[Evidence]:
        """The evidence of a version: of one evaluation, or of the latest ones, the newest first.

        Raises:
            NotFound: The version has no such evaluation.
        """
        self._require_readable(principal, name)
        with self._database.read() as connection:
            if evaluation_id is None:
                return rows.evidence_of(connection, rows.evaluations(connection, str(name), version, limit=latest))
            found = rows.find(connection, evaluation_id)
            if found is None or (found.evaluation.model, found.evaluation.version) != (str(name), version):
                raise NotFound(f"Version {version} of {name} has no evaluation {evaluation_id!r}.")
            return rows.evidence_of(connection, [found])

    def latest(self, principal: Principal, name: ModelName, version: int) -> list[Evidence]:
        """The evidence of the last time that a version went through its gates; empty when it never did."""
        found = self.latest_evaluation(principal, name, version)
        if found is None:
            return []
        with self._database.read() as connection:
            return rows.evidence_of(connection, [found])

    def verdicts(self, principal: Principal, name: ModelName) -> dict[int, set[tuple[str, Verdict]]]:
        """By version: which verdicts each gate got when the version was judged the last time."""
        self._require_readable(principal, name)
        with self._database.read() as connection:
            return rows.verdicts_of(connection, str(name))

    def latest_evaluation(self, principal: Principal, name: ModelName, version: int) -> Stored | None:
        """The last time that a version went through its gates."""
        self._require_readable(principal, name)
        with self._database.read() as connection:
            kind = EvaluationKind.GATES
            return next(iter(rows.evaluations(connection, str(name), version, kind=kind, limit=1)), None)

    def latest_id(self, model: str, version: int) -> str | None:
        """The last time that a version went through its gates, for whoever has asked for the right already."""
        with self._database.read() as connection:
            found = rows.evaluations(connection, model, version, kind=EvaluationKind.GATES, limit=1)
        return found[0].evaluation.evaluation_id if found else None

    def judged_anew(
        self, principal: Principal, name: ModelName, version: int, rules: Sequence[Rule]
    ) -> tuple[Stored | None, list[Evidence]]:
        """The latest evaluation as these rules judge it: from what was measured then, and written down nowhere.

        Each row has the number of the one that holds its measurement; 0 where nothing was measured.
        """
        stored = self.latest_evaluation(principal, name, version)
        if stored is None:
            return None, []
        with self._database.read() as connection:
            kept = rows.with_places(connection, stored)
        return stored, list(_anew(stored, kept, rules))

    # --- models that change their names, or go

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        rows.rename(connection, name, new_name)

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        rows.retire(connection, name, version, epoch_ms(self._clock.now()))

    def model_gone(self, connection: Connection, name: str) -> None:
        rows.retire(connection, name, None, epoch_ms(self._clock.now()))

    def _find(self, evaluation_id: str) -> Stored | None:
        with self._database.read() as connection:
            return rows.find(connection, evaluation_id)

    def _require_readable(self, principal: Principal, name: ModelName) -> None:
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))


def _judged(evaluation: Evaluation, measurements: Sequence[Measurement], rules: Sequence[Rule]) -> Iterator[Judged]:
    """Every rule with what it judges, then what no rule looks at."""
    if evaluation.kind is EvaluationKind.NOTE:
        named = {each.gate for each in measurements}
        rules = [rule for rule in rules if rule.gate in named]
    places = {id(each): place for place, each in enumerate(measurements)}
    seen: set[int] = set()
    for rule, measurement, judgement in judge_all(measurements, rules):
        place = places.get(id(measurement))
        if place is not None:
            seen.add(place)
        yield place, rule, measurement, judgement
    for place, measurement in enumerate(measurements):
        if place not in seen:
            yield place, None, measurement, NO_RULE


def _anew(stored: Stored, kept: Sequence[tuple[int | None, Evidence]], rules: Sequence[Rule]) -> Iterator[Evidence]:
    """Rows that were kept, their measurements judged by these rules."""
    same = {(place, each.rule): each.evidence_id for place, each in kept}
    numbers = {place: each.evidence_id for place, each in reversed(kept)}
    sent = {place: each.measurement for place, each in kept if place is not None}
    places = sorted(sent)
    for at, rule, measurement, judgement in _judged(stored.evaluation, [sent[place] for place in places], rules):
        place = None if at is None else places[at]
        number = same.get((place, rule)) or (0 if place is None else numbers[place])
        yield Evidence(number, stored.evaluation, measurement, rule, judgement, stored.principal, stored.recorded_at)


def _checked(evaluation: Evaluation, measurements: Sequence[Measurement]) -> list[Measurement]:
    if not _ID.fullmatch(evaluation.evaluation_id):
        raise InvalidInput(
            f"{evaluation.evaluation_id!r} cannot be the id of an evaluation.",
            hint="Use up to 64 letters, digits, underscores and hyphens.",
        )
    if len(measurements) > MOST_MEASUREMENTS:
        raise InvalidInput(
            f"The evaluation has {len(measurements):,} measurements; at most {MOST_MEASUREMENTS:,} are kept.",
            hint="Declare fewer slices.",
        )
    clean = [cleaned(each) for each in measurements]
    size = sum(len(json.dumps(each.details)) for each in clean)
    if size > MOST_BYTES:
        raise InvalidInput(
            f"The details of all measurements take {size:,} bytes; at most {MOST_BYTES:,} are kept.",
            hint="Keep curves and tables short; write rows of data to a table or an artifact.",
        )
    return clean


def _require_version(connection: Connection, model: str, version: int) -> None:
    sources = model_version_sources
    known = sorted(connection.execute(select(sources.c.version).where(sources.c.model == model)).scalars())
    if version not in known:
        shown = ", ".join(str(each) for each in known[-10:]) or "none yet"
        raise VersionNotFound(f"{model} has no version {version}.", hint=f"It has: {shown}.")


def _require_same(known: Stored, given: Stored) -> None:
    if known.content_hash != given.content_hash:
        raise Conflict(
            f"The evaluation {given.evaluation.evaluation_id!r} has been recorded, with other measurements.",
            hint="Evidence is never changed: record a new evaluation, under an id of its own.",
        )


def _content_hash(evaluation: Evaluation, measurements: Sequence[Measurement]) -> str:
    said: list[Any] = [
        evaluation.model,
        evaluation.version,
        evaluation.kind.value,
        evaluation.data_table,
        evaluation.data_version,
        [measurement_json(each) for each in measurements],
    ]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _events(stored: Stored, judged: Sequence[Judged]) -> Iterator[NewEvent]:
    evaluation = stored.evaluation
    common = {"version": evaluation.version, "evaluation_id": evaluation.evaluation_id}
    blocking = [(measurement, judgement) for _, _, measurement, judgement in judged if judgement.blocks]
    if evaluation.kind is EvaluationKind.GATES:
        verdicts = Counter(judgement.verdict.value for _, rule, _, judgement in judged if rule is not None)
        data = common | {"passed": not blocking, "verdicts": dict(verdicts), "data_table": evaluation.data_table,
                         "data_version": evaluation.data_version}  # fmt: skip
        yield NewEvent(EventType.EVALUATED, evaluation.model, stored.principal, data)
    for gate in dict.fromkeys(measurement.gate for measurement, _ in blocking):
        mine = [judgement for measurement, judgement in blocking if measurement.gate == gate]
        failed = any(each.verdict is Verdict.FAILED for each in mine)
        verdict = Verdict.FAILED if failed else Verdict.INCONCLUSIVE
        reasons = [each.reason for each in mine[:_MOST_REASONS]]
        data = common | {"gate": gate, "verdict": verdict.value, "reasons": reasons}
        yield NewEvent(EventType.GATE_FAILED, evaluation.model, stored.principal, data)
