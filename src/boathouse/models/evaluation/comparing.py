"""Measuring answers, alone or beside somebody else's, with what the draw of rows leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from boathouse.models.evaluation.bootstrap import Resampling, interval_of, normal_interval_of, replicated
from boathouse.models.evaluation.case import Answers, Case, Drawn, DrawnBy, EvaluationRows
from boathouse.models.evaluation.metrics import metric_named
from boathouse.models.evaluation.slicing import codes_of
from boathouse.models.evaluation.statistics import THRESHOLD, NotAnswers, statistics
from boathouse.models.requirements.requirements import Problem

Array = np.ndarray[Any, Any]

FEWEST_GROUPS = 10
"""With fewer, draws of whole groups make intervals that are far too narrow."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its interval, or the reason why there is none."""

    value: float | None
    rows: int
    interval: tuple[float, float] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How much better the candidate is than a baseline, on the same rows."""

    improvement: Measured
    candidate: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Rows, and how they are looked at."""

    problem: Problem
    label: Array
    resampling: Resampling
    threshold: float = THRESHOLD
    positions: Array | None = None
    """Of a slice; None: all rows."""
    drawn: dict[DrawnBy, Drawn] = field(default_factory=dict[DrawnBy, Drawn])
    """What has been drawn of these rows already."""

    @classmethod
    def at(cls, case: Case, *, replicates: int, threshold: float = THRESHOLD) -> "Look":
        """All rows of a case; groups are those of ``evaluation.group``."""
        rows = require_rows(case)
        resampling = Resampling(replicates, case.seed, groups_of(case))
        return cls(case.requirements.problem, rows.label, resampling, threshold, drawn=case.drawn)

    def of(self, positions: Array) -> "Look":
        """Only some of the rows."""
        resampling = self.resampling.of_rows(positions)
        return Look(self.problem, self.label[positions], resampling, self.threshold, positions)

    def as_sure_as(self, confidence: float) -> "Look":
        """The same draws of the same rows, with intervals of another confidence."""
        return replace(self, resampling=replace(self.resampling, confidence=confidence))

    def answers(self, whose: Answers) -> Array:
        """Somebody's answers to these rows."""
        return whose.values if self.positions is None else whose.values[self.positions]

    def why_not(self, metric: str, *whose: Answers) -> str | None:
        """Why a metric would say nothing of these rows, before anything is computed."""
        rows = len(self.label)
        if rows == 0:
            return "there are no rows"
        groups = self.resampling.groups
        if groups is not None and (count := int(groups.max()) + 1) < FEWEST_GROUPS:
            return f"the rows are of {count} groups; at least {FEWEST_GROUPS} are needed to draw groups again"
        if self.problem is not Problem.REGRESSION and (self.label == self.label[0]).all():
            return f"all {rows} rows are of one class"
        if metric_named(metric, self.problem).takes_probabilities:
            for each in whose:
                if not each.are_probabilities:
                    return (
                        f"{each.whose} answers with classes, and {metric} takes probabilities; "
                        "log the model so that its predict gives probabilities"
                    )
        return None


def require_rows(case: Case) -> EvaluationRows:
    """The rows of the case; whoever runs gates has seen that they are there."""
    if case.rows is None:
        raise NotAnswers(f"There are no evaluation rows: {case.missing.get('rows', 'none were given')}.")
    return case.rows


def require_candidate(case: Case) -> Answers:
    """The candidate's answers."""
    if case.candidate is None:
        raise NotAnswers(f"There are no answers of the candidate: {case.missing.get('candidate', 'none were given')}.")
    return case.candidate


def groups_of(case: Case) -> Array | None:
    """A number for each row's group; None when rows are drawn alone."""
    rows, column = require_rows(case), case.requirements.evaluation.group
    if column is None:
        return None
    return codes_of(rows.frame[column])[0]


def measured(look: Look, names: Sequence[str], whose: Answers) -> dict[str, Measured]:
    """Metrics of somebody's answers, with percentile intervals."""
    found: dict[str, Measured] = {}
    rows = len(look.label)
    for name in names:
        if reason := look.why_not(name, whose):
            found[name] = Measured(None, rows, problem=reason)
    wanted = [name for name in names if name not in found]
    if not wanted:
        return found
    try:
        drawn = _drawn(look, wanted, whose)
    except NotAnswers as error:
        return found | {name: Measured(None, rows, problem=_told(whose, error)) for name in wanted}
    for name, each in drawn.items():
        found[name] = _measured(each.value, rows, interval_of(each.samples, look.resampling.confidence), name)
    return {name: found[name] for name in names}


def compared(look: Look, name: str, candidate: Answers, baseline: Answers, *, normal: bool = False) -> Compared:
    """How much better the candidate's metric is than the baseline's; both get the same rows in every replicate.

    Args:
        normal: Take the interval by the standard error, for confidences beyond what replicates reach.
    """
    rows = len(look.label)
    if reason := look.why_not(name, candidate, baseline):
        return Compared(Measured(None, rows, problem=reason))
    sides: list[Drawn] = []
    for each in (candidate, baseline):
        try:
            sides.append(_drawn(look, [name], each)[name])
        except NotAnswers as error:
            return Compared(Measured(None, rows, problem=_told(each, error)))
    ours, theirs = sides
    metric = metric_named(name, look.problem)
    value = metric.improvement(ours.value, theirs.value)
    differences = metric.improvement(ours.samples, theirs.samples)
    confidence = look.resampling.confidence
    interval = normal_interval_of(value, differences, confidence) if normal else interval_of(differences, confidence)
    return Compared(_measured(value, rows, interval, name), ours.value, theirs.value)


def _drawn(look: Look, names: Sequence[str], whose: Answers) -> dict[str, Drawn]:
    """Metrics of somebody's answers in every draw of the rows. Draws depend on the rows alone, so what one gate has
    drawn serves all others, alone or beside somebody else's.

    Raises:
        NotAnswers: The answers cannot be measured.
    """
    by = {name: DrawnBy(whose, name, look.resampling.replicates, look.threshold) for name in names}
    wanted = [name for name in names if by[name] not in look.drawn]
    if wanted:
        made = statistics(wanted, look.problem, look.label, look.answers(whose), threshold=look.threshold)
        samples = replicated(list(made.values()), look.resampling)
        for column, (name, statistic) in enumerate(made.items()):
            look.drawn[by[name]] = Drawn(statistic.value, samples[:, column])
    return {name: look.drawn[by[name]] for name in names}


def _measured(value: float, rows: int, interval: tuple[float, float] | None, name: str) -> Measured:
    if not np.isfinite(value):
        return Measured(None, rows, problem=f"{name} is not defined for these rows")
    if interval is None:
        return Measured(None, rows, problem=f"{name} is not defined for many draws of these rows; there are too few")
    return Measured(value, rows, interval)


def _told(whose: Answers, error: NotAnswers) -> str:
    return f"of {whose.whose}: {error.message}"
