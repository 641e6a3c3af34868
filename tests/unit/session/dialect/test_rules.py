"""Rules of Databricks SQL as short Python definitions, compared with what a query answers for random values."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from math import trunc
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput

Answer = Callable[..., Any]
INTS = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.sampled_from("abcä,. 1é日"), max_size=12)
thoroughly = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@thoroughly
@given(INTS, INTS)
@example(-7, 2)
@example(7, -2)
def test_whole_division_cuts_and_the_remainder_has_the_sign_of_the_dividend(answer: Answer, a: int, b: int) -> None:
    assume(b != 0)
    whole = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    assert answer("SELECT :a DIV :b", a=a, b=b) == whole
    assert answer("SELECT :a % :b", a=a, b=b) == a - whole * b
    assert answer("SELECT :a / :b", a=a, b=b) == a / b


@thoroughly
@given(INTS, INTS)
def test_a_positive_remainder_has_no_sign(answer: Answer, a: int, b: int) -> None:
    assume(b > 0)
    assert answer("SELECT pmod(:a, :b)", a=a, b=b) == a % b


@thoroughly
@given(st.floats(-(2.0**40), 2.0**40))
@example(1.9)
@example(-1.9)
@example(2147483647.5)
def test_a_cast_to_an_integer_cuts_or_is_refused(answer: Answer, x: float) -> None:
    if -(2**31) <= trunc(x) < 2**31:
        assert answer("SELECT CAST(:x AS INT)", x=x) == trunc(x)
    else:
        assert answer("SELECT try_cast(:x AS INT)", x=x) is None
        with pytest.raises(InvalidInput, match="overflow"):
            answer("SELECT CAST(:x AS INT)", x=x)


@thoroughly
@given(st.integers(-(10**9), 10**9), st.sampled_from([10, 100, 1000, 10_000]))
@example(1005, 1000)
@example(2675, 1000)
@example(-1005, 1000)
def test_halves_of_a_double_are_rounded_as_they_are_written(answer: Answer, whole: int, divisor: int) -> None:
    x = whole / divisor
    wanted = Decimal(repr(x)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert answer("SELECT round(:x, 2)", x=x) == float(wanted)


@thoroughly
@given(st.floats(allow_subnormal=False))
@example(1e7)
@example(9999999.999)
@example(0.001)
@example(0.00099999)
@example(-0.0)
@example(1.0e-5)
@example(123456789.125)
def test_a_double_becomes_text_as_java_writes_it(answer: Answer, x: float) -> None:
    assert answer("SELECT CAST(:x AS STRING)", x=x) == _java(x)


def _java(x: float) -> str:
    if x != x:
        return "NaN"
    if x in (float("inf"), float("-inf")):
        return "Infinity" if x > 0 else "-Infinity"
    if x == 0 or 1e-3 <= abs(x) < 1e7:
        return repr(x)
    sign, digits, exponent = Decimal(repr(x)).as_tuple()
    shown = "".join(map(str, digits)).rstrip("0") or "0"
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{shown[0]}.{shown[1:] or '0'}E{power}"


@thoroughly
@given(TEXTS, st.integers(-15, 15), st.integers(-3, 15))
@example("abc", -5, 4)
def test_a_substring_counts_characters_also_from_the_end(answer: Answer, text: str, start: int, length: int) -> None:
    first = start - 1 if start > 0 else len(text) + start if start < 0 else 0
    last = first + length
    wanted = text[max(first, 0) : max(last, 0)] if last > first else ""
    assert answer("SELECT substring(:t, :s, :n)", t=text, s=start, n=length) == wanted


@thoroughly
@given(TEXTS, st.integers(-2, 5))
@example("a,b,c", 2)
def test_split_with_a_limit_keeps_the_rest_together(answer: Answer, text: str, limit: int) -> None:
    wanted = [text] if limit == 1 else re.split("[,.]", text, maxsplit=max(limit - 1, 0) if limit > 0 else 0)
    assert answer("SELECT split(:t, '[,.]', :n)", t=text, n=limit) == wanted


@thoroughly
@given(TEXTS, st.integers(-4, 4))
def test_the_part_before_a_delimiter_is_counted_from_either_end(answer: Answer, text: str, count: int) -> None:
    parts = text.split(",")
    wanted = ",".join(parts[:count] if count > 0 else parts[max(len(parts) + count, 0) :] if count < 0 else [])
    assert answer("SELECT substring_index(:t, ',', :n)", t=text, n=count) == wanted


@thoroughly
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-500, 500))
@example(date(2020, 1, 31), 1)
@example(date(2020, 2, 29), 12)
def test_a_month_later_is_the_same_day_or_the_last(answer: Answer, day: date, months: int) -> None:
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    wanted = date(year, month, min(day.day, monthrange(year, month)[1]))
    assert answer("SELECT add_months(:d, :n)", d=day, n=months) == wanted


@thoroughly
@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_parts_of_a_date(answer: Answer, day: date) -> None:
    sunday_first = day.isoweekday() % 7 + 1
    wanted = [day.year, day.month, day.day, sunday_first, day.isocalendar().week, day.timetuple().tm_yday]
    parts = "year(:d), month(:d), day(:d), dayofweek(:d), weekofyear(:d), dayofyear(:d)"
    assert answer(f"SELECT array({parts})", d=day) == wanted


@thoroughly
@given(st.lists(st.integers(-9, 9), max_size=6), st.integers(-8, 8))
def test_an_index_counts_from_0_in_brackets_and_from_1_in_element_at(
    answer: Answer, values: list[int], index: int
) -> None:
    array = f"filter(array({', '.join(map(str, [*values, 0]))}), (x, i) -> i < {len(values)})"
    inside = 0 <= index < len(values)
    assert answer(f"SELECT get({array}, {index})") == (values[index] if inside else None)
    if inside:
        assert answer(f"SELECT {array}[{index}]") == values[index]
        assert answer(f"SELECT element_at({array}, {index + 1})") == values[index]
    else:
        with pytest.raises(InvalidInput, match="out of bounds"):
            answer(f"SELECT {array}[{index}]")


@thoroughly
@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=6))
def test_sorting_by_a_comparison_is_stable_and_total(answer: Answer, values: list[int | None]) -> None:
    array = f"array({', '.join('NULL' if each is None else str(each) for each in values)}, 0)"
    wanted = sorted([each if each is not None else 9 for each in [*values, 0]], key=lambda each: -each)
    assert answer(f"SELECT array_sort(transform({array}, x -> coalesce(x, 9)), (a, b) -> b - a)") == wanted


@thoroughly
@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=5))
def test_exists_and_forall_know_three_values(answer: Answer, values: list[bool | None]) -> None:
    items = ", ".join("NULL" if each is None else str(each).lower() for each in values)
    array = f"array_compact(array({items or 'NULL'}))" if not values else f"array({items}, CAST(NULL AS BOOLEAN))"
    known = [*values, None] if values else []
    some = True if True in known else None if None in known else False
    every = False if False in known else None if None in known else True
    if values:
        assert answer(f"SELECT exists({array}, x -> x)") is some
        assert answer(f"SELECT forall({array}, x -> x)") is every


def test_rules_within_rules_are_answered_however_deep(answer: Answer) -> None:
    for depth in (1, 8):
        nested = "x"
        for _ in range(depth):
            nested = f"CAST(CAST({nested} + 1 AS STRING) AS INT) % 1000"
        assert answer(f"SELECT {nested} FROM VALUES (CAST(7 AS INT)) AS t(x)") == 7 + depth
        assert answer(f"SELECT max({nested}) + count(*) FROM VALUES (CAST(7 AS INT)) AS t(x) GROUP BY {nested}") == (
            8 + depth
        )
