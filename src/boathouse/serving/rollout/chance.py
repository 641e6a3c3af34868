"""What chance allows, however often one looks.

A canary is looked at every second or so; a test with a fixed level would, asked often enough, cry wolf. These evidence
values may be looked at after every answer: under the hypothesis they are non-negative supermartingales, so by Ville's
inequality the probability that they *ever* exceed ``1 / alpha`` is at most ``alpha``. Mixtures: Robbins, Annals of
Mathematical Statistics 41(5), 1970; e-values and safe testing: Grünwald, de Heide and Koolen, JRSS B 86(5), 2024;
counts of categories: Lindon and Malek, NeurIPS 35, 2022.
"""

from collections.abc import Sequence
from math import inf, lgamma, log

ALPHA = 0.001
"""How often, at most, a canary that is fine is taken for one that is not, per rule and step."""


def log_evidence_above(bad: int, total: int, share: float) -> float:
    """The log of the evidence that more than ``share`` of all are bad, when ``bad`` of ``total`` were.

    The likelihood of the worse shares, all weighted alike, against that of ``share``. For any true share up to
    ``share`` each factor has an expectation of at most one.
    """
    if total == 0 or share >= 1:
        return 0.0
    if share <= 0:
        return inf if bad else 0.0
    from scipy.special import betainc, betaln

    upper = float(betainc(total - bad + 1, bad + 1, 1 - share))  # of the posterior, what lies above the share
    if upper <= 0:
        return -inf
    likelihood = bad * log(share) + (total - bad) * log(1 - share)
    return float(betaln(bad + 1, total - bad + 1)) + log(upper) - log(1 - share) - likelihood


def is_above(bad: int, total: int, share: float, alpha: float = ALPHA) -> bool:
    """Whether more than ``share`` of all are bad, and that not by chance."""
    return log_evidence_above(bad, total, share) >= -log(alpha)


def is_worse(bad: int, total: int, other_bad: int, other_total: int, alpha: float = ALPHA) -> bool:
    """Whether the first side has more of the bad ones than the other, and that not by chance.

    If it is no worse, each bad one is of the first side as often as any one is. A test of two counts with a fixed level
    would not do: asked after every answer, of two sides that are alike it calls one worse many times too often.
    """
    everything = total + other_total
    return everything > 0 and is_above(bad, bad + other_bad, total / everything, alpha)


def log_evidence_of_other_shares(counts: Sequence[int], shares: Sequence[float], weight: float = 100.0) -> float:
    """The log of the evidence that counts of categories do not come from these shares.

    A Dirichlet distribution around the shares, worth ``weight`` observations, against the shares themselves.
    """
    whole = sum(shares)
    wanted = [share / whole for share in shares]
    if any(count and not share for count, share in zip(counts, wanted, strict=True)):
        return inf
    there = [(count, share) for count, share in zip(counts, wanted, strict=True) if share]
    total = sum(count for count, _ in there)
    found = lgamma(weight) - lgamma(weight + total)
    for count, share in there:
        found += lgamma(weight * share + count) - lgamma(weight * share) - count * log(share)
    return found
