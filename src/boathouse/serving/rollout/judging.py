"""Whether a canary goes on, waits or ends: rules over what it and what it replaces have answered. Pure.

An abort needs more than a bad number: chance alone must hardly ever make it (``chance.py``), because rules are asked
at every look. To go on, the numbers themselves have to be good, and there have to be enough of them. Where nothing was
measured, nothing goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from boathouse.foundation.spans import parse_span
from boathouse.serving.endpoints.policy import AbortRules, Canary
from boathouse.serving.rollout.chance import ALPHA, is_above, is_worse
from boathouse.serving.rollout.counting import Tally
from boathouse.serving.rollout.nouns import Finding, Ruling, Verdict
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS

_SLOWEST_PERCENT = 0.01
"""p99: of all answers, this share may be slower."""
_UNNOTICED_MS = 1.0
"""A p99 up to this is never called slow beside another one: a tenth of a millisecond may well become three."""
_WORSE = 0.01
"""Unless chance makes it as much worse more seldom than this, what is replaced has the same trouble."""
_PREDICTION_ALPHA = ALPHA / 10
"""Histograms are looked at again and again, and their test has a fixed level: it takes looks that are far apart, of
which a step has about ten, for new ones."""
_REFUSALS = 0.02
"""How much larger the share of requests that do not fit the model may be."""


@dataclass(frozen=True, slots=True)
class Skew:
    """What the skew meter has found of the canary's features since the rollout began."""

    rows: int
    unexplained: int
    """Values that differ from their offline recomputation, and not because they were published later."""
    worst: str | None = None
    """The feature with the highest rate."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What the business' own query has said."""

    ok: bool | None
    """None: it could not be asked, or had no answer; ``problem`` says why."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that a look knows of a step."""

    canary: Tally
    replaced: Tally
    seconds: float
    """Since the step began."""
    has_features: bool = False
    """Whether the canary looks features up."""
    skew: Skew | None = None
    """None: nothing was measured."""
    guard: Guard | None = None


def judge(policy: Canary, seen: Seen) -> Verdict:
    """What the rules say, each with its numbers. Fine: the next step may come."""
    rules = policy.abort
    enough = seen.canary.answers >= policy.minimum_requests
    found = [
        *_time(policy, seen),
        *_requests(policy, seen),
        *_errors(rules, seen),
        *_refusals(seen),
        *_latency(rules, seen, enough),
        *_predictions(rules, seen, enough),
        *_skew(rules, seen),
        *_guard(rules, seen),
    ]
    return Verdict(tuple(found))


def _time(policy: Canary, seen: Seen) -> Iterator[Finding]:
    least = parse_span(policy.bake).total_seconds()
    if seen.seconds < least:
        text = f"the step is {_duration(seen.seconds)} old; it lasts {policy.bake} at least"
        yield Finding("bake", Ruling.WAIT, text, seen.seconds, least)
    else:
        yield Finding("bake", Ruling.FINE, f"the step has lasted {_duration(seen.seconds)}", seen.seconds, least)


def _requests(policy: Canary, seen: Seen) -> Iterator[Finding]:
    answers, least = seen.canary.answers, policy.minimum_requests
    if answers < least:
        text = f"the canary has answered {answers:,} requests; a step needs {least:,}"
        yield Finding("minimum_requests", Ruling.WAIT, text, answers, least, answers)
    else:
        text = f"the canary has answered {answers:,} requests"
        yield Finding("minimum_requests", Ruling.FINE, text, answers, least, answers)


def _errors(rules: AbortRules, seen: Seen) -> Iterator[Finding]:
    limit = rules.error_rate
    canary, other = seen.canary, seen.replaced
    if limit is None:
        return
    if canary.answers == 0:
        yield Finding("error_rate", Ruling.WAIT, "the canary has answered nothing", threshold=limit)
        return
    rate = canary.bad / canary.answers
    told = f"{canary.bad:,} of {canary.answers:,} answers of the canary failed or fell ({rate:.1%})"
    details = {"errors": canary.errors, "fallen": canary.fallen, "replaced_bad": other.bad,
               "replaced_answers": other.answers}  # fmt: skip
    ruling, text = Ruling.FINE, f"{told}; up to {limit:.1%} is allowed"
    if rate > limit:
        ruling, text = Ruling.WAIT, f"{told}, more than {limit:.1%}; so few may be chance"
        if is_above(canary.bad, canary.answers, limit):
            if other.answers and not is_worse(canary.bad, canary.answers, other.bad, other.answers, _WORSE):
                text = f"{told}, more than {limit:.1%}; so do {_share(other.bad, other.answers)} of what it replaces"
            else:
                ruling, text = Ruling.ABORT, f"{told}, more than {limit:.1%}"
    yield Finding("error_rate", ruling, text, rate, limit, canary.answers, details)


def _refusals(seen: Seen) -> Iterator[Finding]:
    """Requests that fit what is replaced and do not fit the canary: its signature has changed."""
    canary, other = seen.canary, seen.replaced
    asked, asked_other = canary.answers + canary.refused, other.answers + other.refused
    if not canary.refused or not asked_other:
        return
    rate, allowed = canary.refused / asked, other.refused / asked_other + _REFUSALS
    told = f"{canary.refused:,} of {asked:,} requests did not fit the canary ({rate:.1%})"
    beside = f"{_share(other.refused, asked_other)} did not fit what it replaces"
    ruling = Ruling.FINE
    if rate > allowed:
        ruling = Ruling.ABORT if is_worse(canary.refused, asked, other.refused, asked_other) else Ruling.WAIT
    yield Finding("refused", ruling, f"{told}; {beside}", rate, allowed, asked)


def _latency(rules: AbortRules, seen: Seen, enough: bool) -> Iterator[Finding]:
    canary, other = seen.canary.latency, seen.replaced.latency
    if not enough:
        return  # too few for any quantile, and the rule of requests waits already
    p99 = quantile_ms(canary, 1 - _SLOWEST_PERCENT)
    if p99 is None:
        return
    if rules.latency_p99_ms is not None:
        yield _slow("latency_p99_ms", canary, p99, rules.latency_p99_ms, f"at most {rules.latency_p99_ms:g} ms")
    if rules.latency_ratio is not None:
        theirs = quantile_ms(other, 1 - _SLOWEST_PERCENT)
        if theirs is None:
            text = "what the canary replaces has answered nothing to compare its latency with"
            yield Finding("latency_ratio", Ruling.WAIT, text, threshold=rules.latency_ratio)
            return
        # Within a bucket nobody knows: what is replaced gets the benefit of the doubt up to the end of its bucket.
        limit = max(_end_of_bucket(theirs) * rules.latency_ratio, _UNNOTICED_MS)
        said = f"at most {rules.latency_ratio:g} times the {theirs:.3g} ms of what it replaces"
        yield _slow("latency_ratio", canary, p99, limit, said)


def _slow(rule: str, latency: Sequence[int], p99: float, limit: float, said: str) -> Finding:
    total, slower = sum(latency), surely_slower(latency, limit)
    told = f"the canary's p99 is {p99:.3g} ms; {said} is allowed"
    ruling = Ruling.FINE
    if slower > total * _SLOWEST_PERCENT:
        ruling = Ruling.ABORT if is_above(slower, total, _SLOWEST_PERCENT) else Ruling.WAIT
    return Finding(rule, ruling, told, p99, limit, total, {"slower": slower})


def _predictions(rules: AbortRules, seen: Seen, enough: bool) -> Iterator[Finding]:
    limit = rules.prediction_psi
    if limit is None or not enough:
        return
    length = max(len(seen.canary.predictions), len(seen.replaced.predictions))
    mine, theirs = (_padded(each.predictions, length) for each in (seen.canary, seen.replaced))
    if not sum(mine) or not sum(theirs):
        whose = "the canary" if sum(theirs) else "what it replaces" if sum(mine) else "either version"
        text = f"there is no histogram of predictions of {whose} yet; of answers that are neither numbers nor classes "
        text += "there never is: then set prediction_psi to null"
        yield Finding("prediction_psi", Ruling.WAIT, text, threshold=limit)
        return
    index, chance = stability(mine, theirs)
    told = f"the predictions' stability index is {index:.3f} beside what is replaced; up to {limit:g} is allowed"
    ruling = Ruling.FINE
    if index > limit:
        ruling = Ruling.ABORT if chance < _PREDICTION_ALPHA else Ruling.WAIT
    details = {"p_value": chance, "canary": mine, "replaced": theirs}
    yield Finding("prediction_psi", ruling, told, index, limit, sum(mine), details)


def _skew(rules: AbortRules, seen: Seen) -> Iterator[Finding]:
    limit = rules.skew_rate
    if limit is None or not seen.has_features:
        return
    if seen.skew is None or seen.skew.rows == 0:
        text = "the skew of the canary's features was not measured since it began; the task measure_skew does that"
        yield Finding("skew_rate", Ruling.WAIT, text, threshold=limit)
        return
    rows, unexplained = seen.skew.rows, seen.skew.unexplained
    rate = unexplained / rows
    told = f"{unexplained:,} of {rows:,} feature values differ from their offline recomputation ({rate:.2%})"
    if seen.skew.worst:
        told += f", most of all {seen.skew.worst}"
    ruling = Ruling.FINE
    if rate > limit:
        ruling = Ruling.ABORT if is_above(unexplained, rows, limit) else Ruling.WAIT
    yield Finding("skew_rate", ruling, f"{told}; up to {limit:.2%} is allowed", rate, limit, rows)


def _guard(rules: AbortRules, seen: Seen) -> Iterator[Finding]:
    if rules.guard is None:
        return
    guard = seen.guard or Guard(None, "it was not asked")
    if guard.ok is None:
        yield Finding("guard", Ruling.WAIT, f"the guard query has no answer: {guard.problem}")
    elif guard.ok:
        yield Finding("guard", Ruling.FINE, "the guard query says ok", 1.0)
    else:
        yield Finding("guard", Ruling.ABORT, "the guard query says that it is not ok", 0.0)


# --- figures


def quantile_ms(latency: Sequence[int], share: float) -> float | None:
    """A quantile of a latency histogram, interpolated within its bucket; None of nothing."""
    total = sum(latency)
    if not total:
        return None
    wanted, below = share * total, 0
    edges = [0.0, *LATENCY_BOUNDS_MS, 2 * LATENCY_BOUNDS_MS[-1]]
    for (lower, upper), count in zip(pairwise(edges), latency, strict=True):
        if count and below + count >= wanted:
            return lower + (upper - lower) * max(0.0, wanted - below) / count
        below += count
    return edges[-1]


def surely_slower(latency: Sequence[int], limit_ms: float) -> int:
    """Answers in the buckets that lie above a limit altogether."""
    lower = (0.0, *LATENCY_BOUNDS_MS)
    return sum(count for edge, count in zip(lower, latency, strict=True) if edge >= limit_ms)


def _end_of_bucket(ms: float) -> float:
    return next((bound for bound in LATENCY_BOUNDS_MS if bound >= ms), ms)


def stability(counts: Sequence[int], reference: Sequence[int]) -> tuple[float, float]:
    """The population stability index without what chance adds to it, and how probable chance makes histograms that
    differ as much.

    Of samples of one distribution the index is on average the degrees of freedom times ``1/n + 1/m`` (Yurdakul and
    Naranjo 2020); few rows would look like drift without that being taken off. Where there are many classes of a few
    answers each, the index is far from the distribution that it has with many: Pearson's statistic is closer to it, so
    that is what chance is asked about.
    """
    import numpy as np

    from boathouse.quality.chi_square import chi_square
    from boathouse.quality.distances import population_stability_index

    mine, theirs = np.asarray(counts, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    there = (mine + theirs) > 0
    mine, theirs = mine[there], theirs[there]
    index = population_stability_index(mine, theirs)
    chance = chi_square(mine, theirs).p_value
    by_chance = (len(mine) - 1) * (1 / mine.sum() + 1 / theirs.sum())
    return max(0.0, float(index - by_chance)), chance


def _padded(counts: Sequence[int], length: int) -> list[int]:
    return [*counts, *[0] * (length - len(counts))]


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
