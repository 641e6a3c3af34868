"""How much worse the candidate gets when its inputs are not what they were: noisy, missing, or mixed up.

Every number is a share: by how much the metric got worse, over its undisturbed value. All on a bounded sample.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from boathouse.models.evaluation.case import Answers, Case
from boathouse.models.evaluation.metrics import Metric
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, by_settings
from boathouse.models.gates.measuring import MetricSettings, metric_of
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    import polars as pl

    from boathouse.models.evaluation.comparing import Look

NOISE = "worsening_by_noise"
MISSING = "worsening_by_missing_column"
PERMUTED = "worsening_by_permuted_column"


class Settings(MetricSettings):
    """What the gate can be told. A bound of null: this is not asked."""

    sample_rows: int = Field(default=10_000, ge=100)
    noise: float = Field(default=0.1, gt=0)
    """The standard deviation of what is added to numbers, in standard deviations of their column."""
    maximum_noise: float | None = Field(default=0.1, ge=0)
    """With noise on all numbers at once."""
    maximum_missing: float | None = Field(default=1.0, ge=0)
    """With one column missing, the worst one. Columns without which the model refuses to answer do not count: who asks
    gets an error, not a wrong answer."""
    maximum_permuted: float | None = Field(default=1.0, ge=0)
    """With the values of one column given to other rows, the worst one."""
    minimum_rows: int | None = Field(default=None, ge=1)
    """By default those of ``evaluation``, but never more than the sample has."""


def measure(case: Case, settings: Settings) -> Iterable[Measurement]:
    """Disturb a sample in each way that is asked for."""
    disturbing = _Disturbing.of(case, settings)
    if isinstance(disturbing, str):
        for name in _asked(settings):
            yield Measurement(GATE.name, name, None, 0, problem=disturbing)
        return
    if settings.maximum_noise is not None:
        yield disturbing.noisy(settings.noise)
    if settings.maximum_missing is not None:
        yield disturbing.each_missing()
    if settings.maximum_permuted is not None:
        yield disturbing.each_permuted()


def rules(requirements: Requirements, settings: Settings) -> Sequence[Rule]:
    """A bound for each way that is asked for."""
    metric_of(requirements, settings)
    needed = settings.minimum_rows or min(requirements.evaluation.minimum_rows, settings.sample_rows)
    return [Rule(GATE.name, name, maximum=bound, minimum_rows=needed) for name, bound in _asked(settings).items()]


def _asked(settings: Settings) -> dict[str, float]:
    bounds = {NOISE: settings.maximum_noise, MISSING: settings.maximum_missing, PERMUTED: settings.maximum_permuted}
    return {name: bound for name, bound in bounds.items() if bound is not None}


@dataclass(frozen=True)
class _Worse:
    """What came of one disturbance."""

    share: float | None
    said: Answers
    problem: str | None = None


@dataclass(frozen=True)
class _Disturbing:
    case: Case
    frame: "pl.DataFrame"
    look: "Look"
    metric: Metric
    plain: Answers
    value: float

    @classmethod
    def of(cls, case: Case, settings: Settings) -> "_Disturbing | str":
        """A sample and its undisturbed answers; or why there is nothing to disturb."""
        import numpy as np

        from boathouse.models.evaluation.comparing import Look, measured, require_candidate, require_rows

        rows, metric = require_rows(case), metric_of(case.requirements, settings)
        random = np.random.default_rng([case.seed, rows.rows])
        size = min(rows.rows, settings.sample_rows)
        positions = np.sort(random.choice(rows.rows, size, replace=False))
        whole = Look.at(case, replicates=settings.replicates, threshold=settings.threshold)
        look = whole.of(positions)
        answers = require_candidate(case)
        plain = Answers("candidate", answers.values[positions], answers.are_probabilities)
        sample = Look(look.problem, look.label, look.resampling, look.threshold)
        found = measured(sample, [metric.name], plain)[metric.name]
        if found.value is None:
            return found.problem or "the metric is not defined"
        if found.value == 0:
            return f"{metric.name} of the undisturbed answers is 0, so there is no share of it"
        inputs = [name for name in _inputs(case) if name in rows.frame.columns]
        if not inputs:
            return "none of the model's inputs is a column of the rows"
        return cls(case, rows.frame.select(inputs)[positions], sample, metric, plain, found.value)

    def noisy(self, scale: float) -> Measurement:
        """Noise on all numbers at once; whole numbers stay whole."""
        import numpy as np
        import polars as pl

        random = np.random.default_rng([self.case.seed, 1])
        numeric = [name for name, kind in self.frame.schema.items() if kind.is_numeric()]
        if not numeric:
            problem = "the model takes no numbers; say maximum_noise: null if that is so"
            return Measurement("robustness", NOISE, None, len(self.frame), problem=problem)
        columns: list[pl.Series] = []
        for name in numeric:
            column = self.frame[name]
            known = column.cast(pl.Float64)
            there = known.drop_nulls().drop_nans().to_numpy()
            spread = float(there.std()) if len(there) else 0.0
            added = known + random.normal(0, 1, len(column)) * scale * spread
            columns.append(added.round().cast(column.dtype, strict=False) if column.dtype.is_integer() else added)
        worse = self._worse(self.frame.with_columns(columns))
        return self._measurement(NOISE, worse, {"noise": scale, "columns": numeric[:100]})

    def each_missing(self) -> Measurement:
        """Each column null in turn."""
        import polars as pl

        found: dict[str, _Worse] = {}
        refused: dict[str, str] = {}
        for name, kind in self.frame.schema.items():
            try:
                found[name] = self._worse(self.frame.with_columns(pl.lit(None, dtype=kind).alias(name)))
            except Exception as error:  # noqa: BLE001 - a model that refuses does so with an error of its own
                refused[name] = f"{type(error).__name__}: {error}"[:200]
        details = {"refused": dict(list(refused.items())[:100])}
        if not found:
            problem = "the model refuses to answer whichever column is missing; say maximum_missing: null if that is so"
            return Measurement("robustness", MISSING, None, len(self.frame), problem=problem, details=details)
        return self._worst(MISSING, found, details)

    def each_permuted(self) -> Measurement:
        """The values of each column given to other rows in turn."""
        import numpy as np

        found: dict[str, _Worse] = {}
        for number, name in enumerate(self.frame.columns):
            order = np.random.default_rng([self.case.seed, 2, number]).permutation(len(self.frame))
            found[name] = self._worse(self.frame.with_columns(self.frame[name][order]))
        return self._worst(PERMUTED, found, {})

    def _worse(self, frame: "pl.DataFrame") -> _Worse:
        """How much worse the metric is on disturbed rows."""
        from boathouse.models.evaluation.statistics import NotAnswers, value_of

        assert self.case.scorer is not None
        said = Answers("the candidate on disturbed rows", self.case.scorer(frame), self.plain.are_probabilities)
        look = self.look
        try:
            value = value_of(self.metric.name, look.problem, look.label, said.values, threshold=look.threshold)
        except NotAnswers as error:
            return _Worse(None, said, error.message)
        if value != value:
            return _Worse(None, said, f"{self.metric.name} is not defined for these rows")
        return _Worse(-self.metric.improvement(value, self.value) / abs(self.value), said)

    def _interval(self, worse: _Worse) -> tuple[float, float] | None:
        """What the draw of rows leaves open of a share; only asked of the one that is told."""
        from boathouse.models.evaluation.comparing import compared

        found = compared(self.look, self.metric.name, worse.said, self.plain).improvement.interval
        if found is None:
            return None
        return -found[1] / abs(self.value), -found[0] / abs(self.value)

    def _worst(self, name: str, found: dict[str, _Worse], details: dict[str, Any]) -> Measurement:
        """The worst column; one that gives no number is worse than any."""
        for column, worse in found.items():
            if worse.share is None:
                problem = f"with {column} disturbed: {worse.problem}"
                return Measurement("robustness", name, None, len(self.frame), problem=problem, details=details)
        ordered = sorted(found.items(), key=lambda each: -(each[1].share or 0.0))
        shown = {column: round(worse.share or 0.0, 6) for column, worse in ordered[:100]}
        return self._measurement(name, ordered[0][1], {"worst": ordered[0][0], "columns": shown, **details})

    def _measurement(self, name: str, worse: _Worse, details: dict[str, Any]) -> Measurement:
        told = {"metric": self.metric.name, "undisturbed": self.value, **details}
        rows, interval = len(self.frame), self._interval(worse) if worse.problem is None else None
        return Measurement("robustness", name, worse.share, rows, None, interval, None, worse.problem, told)


def _inputs(case: Case) -> Sequence[str]:
    return case.scorer.inputs if case.scorer is not None else ()


GATE = Gate(
    "robustness",
    "Does it still answer well when inputs are noisy, missing or mixed up?",
    Settings,
    measure,
    rules,
    needs=("rows", "candidate", "scorer"),
    shaped_by=by_settings("sample_rows", "noise", "threshold", "replicates"),
)
