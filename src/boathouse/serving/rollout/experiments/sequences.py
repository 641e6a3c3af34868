"""How much two arms differ, with an interval that may be looked at after every outcome.

A confidence sequence: with probability of at least ``1 - alpha`` all of its intervals, at all times, hold the true
difference; so one may stop at any time, for any reason. It is the mixture sequential probability ratio test with a
normal mixture, turned round: Johari, Koomen, Pekelis and Walsh, "Always Valid Inference: Continuous Monitoring of A/B
Tests", Operations Research 70(3), 2022, after Robbins, Annals of Mathematical Statistics 41(5), 1970. Variances are
estimated, so it holds for means of many outcomes (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024); of few nothing is said.
"""

from dataclasses import dataclass
from math import exp, inf, log, sqrt

FEWEST = 100
"""Outcomes of each arm before which nothing is said."""
_TUNED_FOR = 2_000
"""Outcomes of each arm at which the interval is narrowest, compared with one that is looked at once."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The outcomes of one arm: one per key."""

    name: str
    keys: int
    """That were answered by this arm alone, with an outcome or without one yet."""
    outcomes: int = 0
    mean: float = 0.0
    variance: float = 0.0
    is_binary: bool = False
    """Every outcome is 0 or 1."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of a treatment less that of the control."""

    value: float
    lower: float
    upper: float
    p_value: float
    """Always valid: it may be compared with alpha at any time."""


def difference(control: Arm, treatment: Arm, alpha: float) -> Difference | None:
    """How much the treatment differs; None: there are too few outcomes to say anything.

    Args:
        alpha: How often, at most, the interval ever misses the truth.
    """
    if min(control.outcomes, treatment.outcomes) < FEWEST:
        return None
    variances = [_variance(arm) for arm in (control, treatment)]
    squared_error = variances[0] / control.outcomes + variances[1] / treatment.outcomes
    value = treatment.mean - control.mean
    if squared_error <= 0:
        return Difference(value, value, value, 1.0 if value == 0 else 0.0)
    mixture = _mixture(sum(variances), alpha)
    both = squared_error + mixture
    radius = sqrt(squared_error * both / mixture * (2 * log(1 / alpha) + log(both / squared_error)))
    evidence = mixture * value * value / (2 * squared_error * both) - log(both / squared_error) / 2
    return Difference(value, value - radius, value + radius, min(1.0, exp(-evidence) if evidence > -700 else inf))


def _variance(arm: Arm) -> float:
    """Of few zeros among many ones the sample says too little; two more outcomes, one of each, correct that."""
    if not arm.is_binary:
        return arm.variance
    share = (arm.mean * arm.outcomes + 1) / (arm.outcomes + 2)
    return share * (1 - share)


def _mixture(variances: float, alpha: float) -> float:
    """The variance of the mixture that makes the interval narrowest where it is tuned for."""
    wished = -2 * log(alpha)
    return (wished + log(wished) + 1) * variances / _TUNED_FOR
