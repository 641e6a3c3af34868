"""From what a trial has measured to yes or no: pure."""

from boathouse.monitoring.retraining.nouns import BenefitFound, Brake, BrakeSaid
from boathouse.monitoring.retraining.policy import Benefit, Unmeasured


def judged(asked: Benefit, found: BenefitFound) -> BrakeSaid:
    """Whether the trial speaks against a training. Only the worse end of the interval counts: what may well be chance
    is no reason to spend money."""
    facts = {"benefit": found.to_json(), "minimum_improvement": asked.minimum_improvement}
    if found.improvement is None or found.lower is None:
        why = (found.problem or "nobody knows why").removesuffix(".")
        holds = asked.if_unmeasured is Unmeasured.DECLINE
        then = "so nothing is trained" if holds else "so it is trained all the same"
        return BrakeSaid(Brake.BENEFIT, holds, f"Whether a training would help is not known, {then}: {why}.", facts)
    beside = f" of version {found.champion}" if found.champion is not None else ""
    told = (
        f"On the {found.rows:,} freshest labels a trial is better than the champion{beside} by {found.improvement:.4g} "
        f"in {found.metric}, {asked.confidence:.0%} interval {found.lower:.4g} to {_shown(found.upper)}"
    )
    if found.lower > asked.minimum_improvement:
        return BrakeSaid(Brake.BENEFIT, False, f"{told}.", facts)
    return BrakeSaid(
        Brake.BENEFIT,
        True,
        f"Drift without benefit: {_lower_first(told)}; more than {asked.minimum_improvement:g} is asked for.",
        facts,
    )


def _shown(value: float | None) -> str:
    return "?" if value is None else f"{value:.4g}"


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
