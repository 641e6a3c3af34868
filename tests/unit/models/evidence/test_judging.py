"""A measurement and a rule give a judgement, and its words."""

from hypothesis import given
from hypothesis import strategies as st

from boathouse.models.evidence import Measurement, Rule, Verdict, judge


def test_a_strict_bound_is_not_enough_by_itself() -> None:
    nothing_better = Measurement("g", "m", 0.0, 100)

    assert judge(nothing_better, Rule("g", "m", minimum=-0.0)).reason == "m 0, at least 0"
    strict = judge(nothing_better, Rule("g", "m", minimum=0.0, is_strict=True))
    assert (strict.verdict, strict.reason, strict.blocks) == (Verdict.FAILED, "m 0 is not above 0", True)


def test_a_count_that_fails_says_of_what() -> None:
    found = Measurement("documentation", "missing_parts", 1.0, 5, details={"which": "owner (nothing is said)"})

    judged = judge(found, Rule("documentation", "missing_parts", maximum=0))

    assert judged.reason == "missing_parts 1 is above 0: owner (nothing is said)"


@given(
    value=st.floats(-5, 5) | st.none(),
    rows=st.integers(0, 4),
    minimum=st.floats(-5, 5) | st.none(),
    maximum=st.floats(-5, 5) | st.none(),
    is_strict=st.booleans(),
)
def test_nothing_passes_but_a_number_on_enough_rows_within_its_bounds(
    value: float | None, rows: int, minimum: float | None, maximum: float | None, is_strict: bool
) -> None:
    rule = Rule("g", "m", minimum, maximum, is_strict=is_strict, minimum_rows=2)

    verdict = judge(Measurement("g", "m", value, rows), rule).verdict

    if value is None or rows < 2:
        assert verdict is Verdict.INCONCLUSIVE
        return
    above = minimum is None or (value > minimum if is_strict else value >= minimum)
    below = maximum is None or (value < maximum if is_strict else value <= maximum)
    assert verdict is (Verdict.PASSED if above and below else Verdict.FAILED)
