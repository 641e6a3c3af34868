"""What the outcomes of an A/B test say. Pure; it may be asked at any time, and as often as one likes."""

from collections.abc import Mapping
from math import log

from boathouse.serving.endpoints.policy import Direction, Experiment
from boathouse.serving.rollout.chance import ALPHA, log_evidence_of_other_shares
from boathouse.serving.rollout.experiments.nouns import Compared, ExperimentState, Outcomes, Report, Winner
from boathouse.serving.rollout.experiments.sequences import FEWEST, Arm, Difference, difference

_FEWEST_KEYS = 100
"""Of both sides together, before the shares of keys are looked at."""


def decide(declared: Experiment, outcomes: Outcomes, shares: Mapping[str, float], *, is_over: bool = False) -> Report:
    """The verdict, or why there is none yet.

    Args:
        shares: Of the routes, by the name of the served entity.
        is_over: Whether the longest time has passed.
    """
    ratio, mismatch = _ratio(outcomes.first_keys, shares)
    if mismatch is not None:
        return Report(ExperimentState.STOPPED, mismatch, None, (), outcomes, ratio)
    treatments = [name for name in shares if name != declared.control and shares[name] > 0]
    alpha = declared.alpha / max(1, len(treatments))
    compared = tuple(_compared(declared, outcomes, name, alpha) for name in treatments)
    open_ones = [each for each in compared if each.winner is Winner.OPEN]
    if compared and not open_ones:
        state, reason, winner = ExperimentState.DECIDED, *_best(declared, compared)
    elif is_over:
        state, reason, winner = ExperimentState.STOPPED, f"after {declared.longest} it is still open", None
    else:
        told = "; ".join(each.reason for each in open_ones) or "there is no treatment with a share of the traffic"
        state, reason, winner = ExperimentState.RUNNING, told, None
    return Report(state, reason, winner, compared, outcomes, ratio)


def _best(declared: Experiment, compared: tuple[Compared, ...]) -> tuple[str, str]:
    sign = _sign(declared)
    winners = [each for each in compared if each.winner is Winner.TREATMENT and each.difference is not None]
    if not winners:
        return "; ".join(each.reason for each in compared), declared.control
    best = max(winners, key=lambda each: sign * each.difference.value if each.difference else 0.0)
    return best.reason, best.treatment


def _compared(declared: Experiment, outcomes: Outcomes, name: str, alpha: float) -> Compared:
    control, treatment = _arm(outcomes.arms, declared.control), _arm(outcomes.arms, name)
    found = difference(control, treatment, alpha)
    guards = {
        guard: difference(_arm(of_guard, declared.control), _arm(of_guard, name), alpha)
        for guard in declared.guards
        for of_guard in [outcomes.guards.get(guard, {})]
    }
    if found is None:
        few = f"{treatment.outcomes:,} and {control.outcomes:,} outcomes of {name} and {declared.control} are known"
        return Compared(name, None, Winner.OPEN, f"{few}; {FEWEST} of each are needed", guards)
    told = f"{declared.outcome} of {name} differs by {found.value:+.4g} ({found.lower:+.4g} to {found.upper:+.4g})"
    for guard, margin in declared.guards.items():
        worse = _worsening(guards[guard], margin)
        if worse is not None and worse[0] > abs(margin):
            reason = f"{guard} of {name} is worse by more than {abs(margin):g}"
            return Compared(name, found, Winner.CONTROL, reason, guards)
    lower, upper = _gain(declared, found)
    if upper < declared.minimum_effect or upper < 0:
        less = f"less than the {declared.minimum_effect:g} asked for" if declared.minimum_effect else "for the worse"
        return Compared(name, found, Winner.CONTROL, f"{told}: {less}", guards)
    if lower <= declared.minimum_effect:
        return Compared(name, found, Winner.OPEN, f"{told}: nothing is decided", guards)
    for guard, margin in declared.guards.items():
        worse = _worsening(guards[guard], margin)
        if worse is None or worse[1] > abs(margin):
            reason = f"{told}, and it is not yet sure that {guard} is worse by no more than {abs(margin):g}"
            return Compared(name, found, Winner.OPEN, reason, guards)
    return Compared(name, found, Winner.TREATMENT, told, guards)


def _ratio(keys: Mapping[str, int], shares: Mapping[str, float]) -> tuple[float | None, str | None]:
    """The chi-square test of the shares, and the mismatch where there is one.

    The test that stops is one that may be asked at every look; Pearson's, which people know, is shown beside it.
    """
    names = [name for name, share in shares.items() if share > 0]
    counts, total = [keys.get(name, 0) for name in names], sum(shares.values())
    if sum(counts) < _FEWEST_KEYS or len(names) < 2:
        return None, None
    wanted = [shares[name] / total for name in names]
    p_value = _chi_square(counts, wanted)
    if p_value >= ALPHA or log_evidence_of_other_shares(counts, wanted) < -log(ALPHA):
        return p_value, None
    shown = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
    asked = " : ".join(f"{100 * share:g}" for share in wanted)
    return p_value, (
        f"the keys are not shared as the routes say ({shown}, instead of {asked}; p = {p_value:.2g}): something loses "
        "or repeats requests of one side, and no difference can be trusted"
    )


def _chi_square(counts: list[int], wanted: list[float]) -> float:
    from scipy.special import chdtrc

    total = sum(counts)
    statistic = sum((count - total * share) ** 2 / (total * share) for count, share in zip(counts, wanted, strict=True))
    return float(chdtrc(len(counts) - 1, statistic))


def _sign(declared: Experiment) -> float:
    return 1.0 if declared.better is Direction.INCREASE else -1.0


def _gain(declared: Experiment, found: Difference) -> tuple[float, float]:
    """The interval, positive where it is for the better."""
    if declared.better is Direction.INCREASE:
        return found.lower, found.upper
    return -found.upper, -found.lower


def _worsening(found: Difference | None, margin: float) -> tuple[float, float] | None:
    """The interval by which a guard got worse: up for a positive margin, down for a negative one."""
    if found is None:
        return None
    return (found.lower, found.upper) if margin >= 0 else (-found.upper, -found.lower)


def _arm(arms: Mapping[str, Arm], name: str) -> Arm:
    return arms.get(name) or Arm(name, 0)
