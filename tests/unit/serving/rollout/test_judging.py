"""A canary that is fine goes on, one that is not ends, and of what nobody has measured nothing follows."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.serving.endpoints.policy import AbortRules, Canary
from boathouse.serving.rollout.counting import Tally
from boathouse.serving.rollout.judging import Guard, Seen, Skew, judge, quantile_ms, stability
from boathouse.serving.rollout.nouns import Ruling
from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS

POLICY = Canary(bake="60s", minimum_requests=100)
PREDICTIONS = (200, 180, 160, 140, 120, 100, 80, 60, 40, 20)


def latency(ms: float, count: int) -> tuple[int, ...]:
    at = sum(bound < ms for bound in LATENCY_BOUNDS_MS)
    return tuple(count if place == at else 0 for place in range(len(LATENCY_BOUNDS_MS) + 1))


def tally(answers: int = 1100, **changed: Any) -> Tally:
    shape = tuple(round(each * answers / 1100) for each in PREDICTIONS)
    return replace(Tally(answers, latency=latency(2, answers), predictions=shape), **changed)


def seen(canary: Tally | None = None, replaced: Tally | None = None, **changed: Any) -> Seen:
    return replace(Seen(canary or tally(), replaced or tally(20_000), 61.0), **changed)


def ruling(looked_at: Seen, **rules: Any) -> tuple[Ruling, list[str]]:
    policy = POLICY.model_copy(update={"abort": AbortRules(**rules)})
    verdict = judge(policy, looked_at)
    return verdict.ruling, [each.rule for each in verdict.findings if each.ruling is verdict.ruling]


def test_a_canary_that_is_fine_goes_on() -> None:
    assert ruling(seen())[0] is Ruling.FINE


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        (seen(seconds=59.0), "bake"),
        (seen(tally(99)), "minimum_requests"),
        (seen(Tally()), "minimum_requests"),
        (seen(tally(200, errors=6)), "error_rate"),
        (seen(replaced=Tally()), "latency_ratio"),
        (seen(tally(predictions=())), "prediction_psi"),
        (seen(has_features=True), "skew_rate"),
        (seen(has_features=True, skew=Skew(0, 0)), "skew_rate"),
    ],
)
def test_what_is_not_known_well_enough_waits(what: Seen, rule: str) -> None:
    found, rules = ruling(what)
    assert found is Ruling.WAIT
    assert rule in rules


@given(answers=st.integers(0, 99), seconds=st.floats(0, 1e9))
def test_too_few_answers_are_never_good(answers: int, seconds: float) -> None:
    assert ruling(seen(tally(answers), seconds=seconds))[0] is not Ruling.FINE


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        (seen(tally(10, errors=10), seconds=1.0), "error_rate"),
        (seen(tally(200, fallen=30)), "error_rate"),
        (seen(tally(latency=latency(20, 1100))), "latency_ratio"),
        (seen(tally(predictions=PREDICTIONS[::-1])), "prediction_psi"),
        (seen(has_features=True, skew=Skew(1000, 100, "age")), "skew_rate"),
        (seen(tally(refused=400)), "refused"),
    ],
)
def test_what_is_bad_beyond_chance_aborts(what: Seen, rule: str) -> None:
    assert ruling(what) == (Ruling.ABORT, [rule])


def test_one_failure_of_twenty_is_no_reason_to_abort() -> None:
    assert ruling(seen(tally(20, errors=1)))[0] is Ruling.WAIT


def test_trouble_that_both_versions_have_is_not_the_canarys() -> None:
    for errors in (200, 240):
        both = seen(tally(1000, errors=errors), tally(10_000, errors=2000))
        assert ruling(both) == (Ruling.WAIT, ["error_rate"])
    assert ruling(seen(tally(1000, errors=400), tally(10_000, errors=2000))) == (Ruling.ABORT, ["error_rate"])


def test_a_few_bad_requests_in_a_row_are_not_the_canarys() -> None:
    """One of thousands of looks at two versions that are alike sees this; there are thousands of looks."""
    few = seen(tally(80, refused=20), tally(1_900, refused=170))
    assert [each.ruling for each in judge(POLICY, few).findings if each.rule == "refused"] == [Ruling.WAIT]


def test_requests_that_fit_neither_version_are_the_callers() -> None:
    assert ruling(seen(tally(refused=400), tally(20_000, refused=7000)))[0] is Ruling.FINE


def test_a_limit_in_milliseconds_is_held_to() -> None:
    assert ruling(seen(tally(latency=latency(4, 1100))), latency_p99_ms=5.0)[0] is Ruling.FINE
    assert ruling(seen(tally(latency=latency(4, 1100))))[0] is Ruling.FINE
    assert ruling(seen(tally(latency=latency(4, 1100))), latency_p99_ms=5.0)[0] is Ruling.FINE
    assert ruling(seen(tally(latency=latency(4, 1100))), latency_p99_ms=1.0) == (Ruling.ABORT, ["latency_p99_ms"])


def test_rules_that_are_off_are_not_asked() -> None:
    bad = seen(tally(1100, errors=1100, latency=latency(900, 1100), predictions=()), has_features=True)
    off = dict.fromkeys(["error_rate", "latency_ratio", "prediction_psi", "skew_rate"])
    assert ruling(bad, **off)[0] is Ruling.FINE


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        (Guard(True), Ruling.FINE),
        (Guard(False), Ruling.ABORT),
        (Guard(None, "no row"), Ruling.WAIT),
        (None, Ruling.WAIT),
    ],
)
def test_the_guard_of_the_business_is_asked(guard: Guard | None, expected: Ruling) -> None:
    assert ruling(seen(guard=guard), guard="SELECT true AS ok")[0] is expected


def test_small_samples_of_the_same_predictions_do_not_drift() -> None:
    chance, shares = np.random.default_rng(3), np.asarray(PREDICTIONS) / sum(PREDICTIONS)

    def drawn(rows: int) -> list[int]:
        return chance.multinomial(rows, shares).tolist()

    found = [stability(drawn(100), drawn(5000))[0] for _ in range(300)]
    assert np.mean(found) < 0.05, "without the correction it would be about 0.09"
    assert np.mean([each > 0.2 for each in found]) < 0.01


def test_many_classes_of_a_few_answers_each_abort_hardly_ever_however_often_one_looks() -> None:
    chance = np.random.default_rng(5)
    aborted = 0
    for _ in range(150):
        mine, theirs = np.zeros(24, np.int64), np.zeros(24, np.int64)
        for _ in range(20):
            mine += chance.multinomial(100, np.full(24, 1 / 24))
            theirs += chance.multinomial(100, np.full(24, 1 / 24))
            told = seen(tally(predictions=tuple(mine.tolist())), tally(predictions=tuple(theirs.tolist())))
            if ruling(told, prediction_psi=0.01)[0] is Ruling.ABORT:
                aborted += 1
                break
    assert aborted == 0


def test_a_quantile_lies_in_its_bucket() -> None:
    assert quantile_ms((0,) * 17, 0.99) is None
    assert 1 < (quantile_ms(latency(2, 100), 0.99) or 0) <= 2.5
    assert quantile_ms(latency(1e9, 3), 0.5) > LATENCY_BOUNDS_MS[-1]  # pyright: ignore[reportOptionalOperand]
