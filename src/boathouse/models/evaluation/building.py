"""Building the case of a version: rows at a fixed version, answers of candidate, champion and naive, facts of its run.

Nothing that is missing stops it. What cannot be had stands in ``missing`` with the reason, so that the gates that need
it say so in evidence, and the others still measure.
"""

import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.case import Answers, Case, EvaluationRows, RunFacts
from boathouse.models.evaluation.labels import classes_of, label_numbers, merged_classes
from boathouse.models.evaluation.naive import naive_from_column, naive_from_training
from boathouse.models.evaluation.reading import TableAt, all_rows, sampled_rows, table_at
from boathouse.models.evaluation.scoring import AskedScorer, ScorerOf, VersionScorer
from boathouse.models.evaluation.slicing import slices_of
from boathouse.models.evidence.nouns import Evidence, Slice
from boathouse.models.requirements.requirements import Problem, Requirements
from boathouse.session import Session

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
Array = np.ndarray[Any, Any]
RunFactsOf = Callable[[ModelName, int], RunFacts | None]


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """Which version is judged, beside which, on what."""

    model: ModelName
    version: int
    requirements: Requirements
    champion: int | None = None
    """The version in production; None when there is none yet."""
    table_version: int | None = None
    """Of the evaluation table; the latest by default."""
    accepted: tuple[str, int] | None = None
    """The evaluation table of the last version that was promoted, and its version then."""
    evidence: Sequence[Evidence] = ()
    comment: str | None = None
    """What the registered model says of itself."""
    card: str | None = None
    """The text of the model's card, as it was deployed."""
    seed: int = 0
    scratch: Path | None = None


@dataclass(slots=True)
class _Missing:
    """Reasons by field of the case."""

    reasons: dict[str, str] = field(default_factory=dict[str, str])

    def or_none(self, what: str, make: Callable[[], T | None]) -> T | None:
        """What ``make`` gives; None, and a reason, when it fails."""
        try:
            return make()
        except BoathouseError as error:
            self.reasons[what] = str(error)
        except Exception as error:  # noqa: BLE001 - a model's or a table's own error is what evidence has to say
            self.reasons[what] = f"{type(error).__name__}: {error}"
        return None


@dataclass(frozen=True, slots=True)
class _Loaded:
    scorer: VersionScorer
    asked: AskedScorer


@contextmanager
def opened_case(
    session: Session, scorer_of: ScorerOf, order: CaseOrder, *, run_facts_of: RunFactsOf | None = None
) -> Generator[Case]:
    """The case of a version. Its folder, and a loaded model's files, are there as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="boathouse-evaluation-") as folder:
        yield _Builder(session, scorer_of, order, Path(folder), run_facts_of or _from_mlflow).build()


def _from_mlflow(model: ModelName, version: int) -> RunFacts | None:
    from boathouse.models.evaluation.run_facts import run_facts

    return run_facts(model, version)


class _Builder:
    def __init__(
        self, session: Session, scorer_of: ScorerOf, order: CaseOrder, folder: Path, run_facts_of: RunFactsOf
    ) -> None:
        self._session = session
        self._scorer_of = scorer_of
        self._order = order
        self._folder = folder
        self._run_facts_of = run_facts_of
        self._missing = _Missing()
        self._requirements = order.requirements
        self._unlabelled = 0
        self._training_table: str | None = None

    def build(self) -> Case:
        order, missing = self._order, self._missing
        run = missing.or_none("run", lambda: self._run_facts_of(order.model, order.version))
        candidate = missing.or_none("candidate", lambda: self._loaded(order.version, "candidate"))
        champion = self._champion()
        raw = missing.or_none("rows", self._raw_rows)
        training = missing.or_none("training", lambda: self._training(run))
        classes = missing.or_none("rows", lambda: self._classes(raw, training, candidate, champion)) or ()
        rows, said, against, naive = None, None, None, None
        if raw is None:
            for what in ("candidate", "champion", "naive") if champion is not None else ("candidate", "naive"):
                missing.reasons.setdefault(what, f"there are no evaluation rows: {missing.reasons['rows']}")
        else:
            table, frame = raw
            if champion is not None:
                against = missing.or_none("champion", lambda: self._asked(champion, frame, f"version {order.champion}"))
            if candidate is not None:
                prepared = missing.or_none("candidate", lambda: candidate.scorer.prepared(frame))
                if prepared is not None:
                    frame = prepared
                    said = missing.or_none("candidate", lambda: candidate.asked.answers(frame, "candidate"))
            rows = missing.or_none("rows", lambda: self._rows(table, frame, classes, raw[1]))
            naive = missing.or_none("naive", lambda: self._naive(frame, training, classes))
        accepted = missing.or_none("accepted", self._accepted)
        if candidate is not None:
            training = self._with_features("training", training, candidate)
            accepted = self._with_features("accepted", accepted, candidate)
        accepted_training = missing.or_none("accepted_training", self._accepted_training)
        return Case(
            model=order.model,
            version=order.version,
            requirements=self._requirements,
            rows=rows,
            candidate=said,
            champion=against,
            naive=naive,
            scorer=candidate.asked if candidate is not None else None,
            training=training,
            training_table=self._training_table,
            accepted=accepted,
            accepted_training=accepted_training,
            folder=self._files(candidate),
            run=run,
            evidence=order.evidence,
            comment=order.comment,
            card=order.card,
            missing=missing.reasons,
            seed=order.seed,
            scratch=order.scratch,
        )

    # --- models

    def _loaded(self, version: int, whose: str) -> _Loaded:
        scorer = self._scorer_of(self._order.model, version, self._folder / whose)
        source = self._requirements.evaluation
        return _Loaded(scorer, AskedScorer(scorer, self._requirements.problem, source.positive_label))

    def _champion(self) -> _Loaded | None:
        number = self._order.champion
        if number is None or number == self._order.version:
            return None
        return self._missing.or_none("champion", lambda: self._loaded(number, "champion"))

    def _asked(self, loaded: _Loaded, frame: "pl.DataFrame", whose: str) -> Answers:
        """What a version says; what it looks up for that is forgotten at once."""
        return loaded.asked.answers(loaded.scorer.prepared(frame), whose)

    def _files(self, candidate: _Loaded | None) -> Path | None:
        return getattr(candidate.scorer, "folder", None) if candidate is not None else None

    def _classes(
        self,
        raw: "tuple[TableAt, pl.DataFrame] | None",
        training: "pl.DataFrame | None",
        *loaded: _Loaded | None,
    ) -> tuple[str, ...]:
        """The classes that anybody knows of, in the order in which all answers have them."""
        if self._requirements.problem is not Problem.MULTICLASS or raw is None:
            return ()
        label = self._requirements.evaluation.label
        of_rows = classes_of(raw[1][raw[0].require(label, "the label")])
        of_training = classes_of(_labels(training, label)) if training is not None else ()
        classes = merged_classes(of_rows, of_training, *(each.scorer.classes for each in loaded if each is not None))
        for each in loaded:
            if each is not None:
                each.asked.classes, each.asked.unnamed = classes, merged_classes(of_rows)
        return classes

    # --- rows

    def _raw_rows(self) -> "tuple[TableAt, pl.DataFrame]":
        """The rows that have a label, as the table has them."""
        source = self._requirements.evaluation
        table = table_at(self._session, source.table, self._order.table_version)
        label = table.require(source.label, "the label")
        for column, role in self._named():
            table.require(column, role)
        keys = [table.require(each, "a key") for each in source.keys]
        frame = all_rows(self._session, table, source.where, keys)
        labelled = frame.filter(frame[label].is_not_null()) if frame[label].null_count() else frame
        if not len(labelled):
            told = f" where {source.where}" if source.where else ""
            found = "none of its rows has a label" if len(frame) else "it has no rows"
            raise InvalidInput(f"Table {table.name} at version {table.version}{told} cannot be judged on: {found}.")
        self._unlabelled = len(frame) - len(labelled)
        return table, labelled

    def _named(self) -> Sequence[tuple[str, str]]:
        source = self._requirements.evaluation
        named = ((source.timestamp, "its timestamp"), (source.group, "its group"))
        return [(column, role) for column, role in named if column is not None]

    def _rows(
        self, table: TableAt, frame: "pl.DataFrame", classes: tuple[str, ...], raw: "pl.DataFrame"
    ) -> EvaluationRows:
        if len(frame) != len(raw):
            raise InvalidInput(f"The features of the version gave {len(frame)} rows for {len(raw)}.")
        source, problem = self._requirements.evaluation, self._requirements.problem
        label = label_numbers(raw[table.require(source.label, "the label")], problem, source.positive_label, classes)
        slices: dict[Slice, Array] = (
            self._missing.or_none("slices", lambda: slices_of(self._session.engine, frame, self._requirements.slices))
            or {}
        )
        shown = classes if problem is Problem.MULTICLASS else ()
        return EvaluationRows(str(table.name), table.version, frame, label, shown, slices, self._unlabelled)

    # --- what else is known

    def _training(self, run: RunFacts | None) -> "pl.DataFrame | None":
        """A sample of what the version was trained on: the table that is named, or the one with the label among those
        that its run has read."""
        source = self._requirements.evaluation
        read = dict(run.tables) if run is not None else {}
        if source.training_table is not None:
            table = table_at(self._session, source.training_table, read.get(source.training_table))
        else:
            table = self._labelled(read)
        if table is not None:
            self._training_table = f"{table.name} at version {table.version}"
            return sampled_rows(self._session, table, seed=self._order.seed)
        told = f"none of the tables that its run has read has a column {source.label}" if read else "its run names none"
        raise InvalidInput(
            f"It is not known what the version was trained on: {told}.", hint="Name it: evaluation.training_table."
        )

    def _labelled(self, read: Mapping[str, int]) -> TableAt | None:
        """The first table with the label among those that a run has read; the named one, if it has."""
        source = self._requirements.evaluation
        for name, version in sorted(read.items(), key=lambda each: each[0] != source.training_table):
            table = table_at(self._session, name, version)
            if source.label.casefold() in {each.casefold() for each in table.columns}:
                return table
        return None

    def _with_features(self, what: str, sample: "pl.DataFrame | None", candidate: _Loaded) -> "pl.DataFrame | None":
        """The sample with what the version looks up; as it stands where it lacks what that is looked up by."""
        if sample is None:
            return None

        def prepared() -> "pl.DataFrame":
            try:
                return candidate.scorer.prepared(sample)
            except BoathouseError:
                return sample

        return self._missing.or_none(what, prepared)

    def _naive(self, frame: "pl.DataFrame", training: "pl.DataFrame | None", classes: tuple[str, ...]) -> Answers:
        source, problem = self._requirements.evaluation, self._requirements.problem
        if source.naive_column is not None:
            if source.naive_column not in frame.columns:
                raise InvalidInput(f"The naive answer {source.naive_column} is no column of the evaluation rows.")
            return naive_from_column(frame[source.naive_column], problem, source.positive_label, classes)
        if training is None:
            raise InvalidInput(
                f"There is no naive answer without training rows: {self._missing.reasons['training']}",
                hint="Or name a column with one: evaluation.naive_column.",
            )
        label = _labels(training, source.label)
        numbers = label_numbers(label, problem, source.positive_label, classes)
        return naive_from_training(numbers, problem, len(frame), classes)

    def _accepted(self) -> "pl.DataFrame | None":
        if self._order.accepted is None:
            return None
        name, version = self._order.accepted
        source = self._requirements.evaluation
        table = table_at(self._session, name, version)
        return sampled_rows(self._session, table, source.where, seed=self._order.seed)

    def _accepted_training(self) -> "pl.DataFrame | None":
        """A sample of what the champion was trained on, at the versions that its run has read: the table that is named
        if its run has read it, since requirements may have named it later, else the one with the label."""
        number, source = self._order.champion, self._requirements.evaluation
        if number is None or number == self._order.version:
            return None
        run = self._run_facts_of(self._order.model, number)
        read = dict(run.tables) if run is not None else {}
        if (table := self._labelled(read)) is not None:
            return sampled_rows(self._session, table, seed=self._order.seed)
        raise InvalidInput(
            f"It is not known what version {number}, the champion, was trained on: its run has read no table with a "
            f"column {source.label}."
        )


def _labels(training: "pl.DataFrame", label: str) -> "pl.Series":
    """The labels that training rows have.

    Raises:
        InvalidInput: There is no such column.
    """
    known = {name.casefold(): name for name in training.columns}
    if label.casefold() not in known:
        raise InvalidInput(f"The training rows have no column {label}.")
    return training[known[label.casefold()]].drop_nulls()
