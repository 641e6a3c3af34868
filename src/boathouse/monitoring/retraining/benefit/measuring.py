"""A trial beside the champion on the freshest labels, by the paired bootstrap that gates use."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.names import ModelName
from boathouse.models.requirements.requirements import Problem, Requirements
from boathouse.monitoring.retraining.benefit.refitting import refitted
from boathouse.monitoring.retraining.benefit.splitting import NoTrial, Rows, divided, more_to_learn
from boathouse.monitoring.retraining.nouns import BenefitFound
from boathouse.monitoring.retraining.policy import Benefit

if TYPE_CHECKING:
    import polars as pl

    from boathouse.models.evaluation.scoring import VersionScorer
    from boathouse.session import Session


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """Which champion, beside what, on which labels."""

    model: ModelName
    champion: int
    requirements: Requirements
    asked: Benefit
    candidate: str | None = None
    """The address of what a job of the project has trained; None: the champion is fitted anew."""
    as_of: str | None = None
    seed: int = 0


def measured(session: "Session", order: TrialOrder) -> BenefitFound:
    """What the trial says; whatever goes wrong is what it says, too."""
    metric = order.asked.metric or order.requirements.success.proxy
    try:
        return _measured(session, order, metric)
    except BoathouseError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a model's own error says why nothing is known
        problem = f"{type(error).__name__}: {error}"
    return BenefitFound(metric, None, champion=order.champion, problem=problem[:2000])


def _measured(session: "Session", order: TrialOrder, metric: str) -> BenefitFound:
    from boathouse.features.training.evaluation_scorer import scorer_at
    from boathouse.models.evaluation.metrics import metric_named

    requirements, asked = order.requirements, order.asked
    metric_named(metric, requirements.problem)
    rows = divided(session, requirements, asked, order.as_of)
    with TemporaryDirectory(prefix="boathouse-trial-") as folder:
        champion = scorer_at(session, f"models:/{order.model}/{order.champion}", Path(folder, "champion"))
        trained_rows = 0
        if order.candidate is None:
            learn = more_to_learn(session, rows, requirements, asked.train_rows)
            trained_rows = len(learn)
            is_regression = requirements.problem is Problem.REGRESSION
            trial: VersionScorer = refitted(champion, learn, rows.label, is_regression=is_regression)
        else:
            trial = scorer_at(session, order.candidate, Path(folder, "trial"))
        return _compared(order, metric, rows, (champion, trial), trained_rows)


def _compared(
    order: TrialOrder, metric: str, rows: Rows, both: "tuple[VersionScorer, VersionScorer]", trained_rows: int
) -> BenefitFound:
    from boathouse.models.evaluation.bootstrap import Resampling
    from boathouse.models.evaluation.comparing import Look, compared
    from boathouse.models.evaluation.labels import classes_of, label_numbers, merged_classes
    from boathouse.models.evaluation.scoring import AskedScorer
    from boathouse.models.evaluation.slicing import codes_of

    requirements, frame = order.requirements, rows.compare
    problem, source = requirements.problem, requirements.evaluation
    champion, trial = (AskedScorer(each, problem, source.positive_label) for each in both)
    classes: tuple[str, ...] = ()
    if problem is Problem.MULTICLASS:
        own = classes_of(frame[rows.label])
        classes = merged_classes(own, *(each.classes for each in both))
        for each in (champion, trial):
            each.classes, each.unnamed = classes, own
    label = label_numbers(frame[rows.label], problem, source.positive_label, classes)
    groups = None if source.group is None else codes_of(frame[rows.table.require(source.group, "its group")])[0]
    look = Look(problem, label, Resampling(seed=order.seed, groups=groups, confidence=order.asked.confidence))
    theirs = champion.answers(_prepared(both[0], frame), f"version {order.champion}")
    ours = trial.answers(_prepared(both[1], frame), "trial")
    found = compared(look, metric, ours, theirs)
    interval = found.improvement.interval
    if found.improvement.value is None or interval is None:
        raise NoTrial(f"{metric} says nothing: {found.improvement.problem or 'it has no interval'}.")
    return BenefitFound(
        metric,
        found.improvement.value,
        interval[0],
        interval[1],
        champion_value=found.baseline,
        trial_value=found.candidate,
        champion=order.champion,
        rows=len(frame),
        trained_rows=trained_rows,
        freshest_from=_told(rows.freshest_from),
        data_table=str(rows.table.name),
        data_version=rows.table.version,
    )


def _prepared(scorer: "VersionScorer", frame: "pl.DataFrame") -> "pl.DataFrame":
    found = scorer.prepared(frame)
    if len(found) != len(frame):
        raise NoTrial(f"The features of a version gave {len(found)} rows for {len(frame)}.")
    return found


def _told(instant: Any) -> str:
    return instant.isoformat() if hasattr(instant, "isoformat") else str(instant)
