"""Every function of the list answers; with test_dialect_traps, each of them at least once."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from boathouse.session.sql.functions import FUNCTIONS, SPECIAL

Answer = Callable[..., Any]
NEAR = pytest.approx

ANSWERS: dict[str, Any] = {
    "abs(-2)": 2,
    "ceiling(1.2)": 2,
    "signum(-2)": -1.0,
    "cbrt(27)": NEAR(3),
    "expm1(0)": 0.0,
    "log2(8)": 3.0,
    "log1p(0)": 0.0,
    "pow(2, 3)": 8.0,
    "try_add(2147483647, 1)": None,
    "try_subtract(5, 3)": 2,
    "try_multiply(2, 3)": 6,
    "least(2, NULL, 1)": 1,
    "sin(0)": 0.0,
    "cos(0)": 1.0,
    "tan(0)": 0.0,
    "asin(0)": 0.0,
    "acos(1)": 0.0,
    "atan(0)": 0.0,
    "atan2(0, 1)": 0.0,
    "sinh(0)": 0.0,
    "cosh(0)": 1.0,
    "tanh(0)": 0.0,
    "degrees(pi())": NEAR(180),
    "radians(180)": NEAR(3.14159265),
    "ln(e())": NEAR(1),
    "hypot(3, 4)": 5.0,
    "rand() < 1": True,
    "random() < 1": True,
    "bit_count(7)": 3,
    "coalesce(NULL, 2, 3)": 2,
    "ifnull(NULL, 2)": 2,
    "nullif(1, 1)": None,
    "zeroifnull(NULL)": 0,
    "nullifzero(0)": None,
    "isnull(NULL)": True,
    "isnotnull(NULL)": False,
    "iff(true, 1, 2)": 1,
    "upper('a')": "A",
    "ucase('a')": "A",
    "lower('A')": "a",
    "lcase('A')": "a",
    "length('äb ')": 3,
    "len('ab')": 2,
    "char_length('ab')": 2,
    "character_length('ab')": 2,
    "octet_length('ä')": 2,
    "ltrim('  a ')": "a ",
    "rtrim(' a  ')": " a",
    "btrim(' a ')": "a",
    "repeat('ab', 2)": "abab",
    "space(2)": "  ",
    "translate('abc', 'ab', 'xy')": "xyc",
    "charindex('b', 'ab')": 2,
    "startswith('abc', 'a')": True,
    "endswith('abc', 'c')": True,
    "contains('abc', 'b')": True,
    "regexp_extract_all('a1b2', '([0-9])')": ["1", "2"],
    "regexp_extract_all('a1b2', '[a-z]([0-9])', 0)": ["a1", "b2"],
    "regexp('ab', 'b')": True,
    "rlike('ab', 'c')": False,
    "ascii('a')": 97,
    "chr(97)": "a",
    "char(97)": "a",
    "md5('a')": "0cc175b9c0f1b6a831c399e269772661",
    "sha1('a')": "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
    "sha('a')": "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
    "levenshtein('kitten', 'sitting')": 3,
    "length(uuid())": 36,
    "current_date() = curdate()": True,
    "current_date = current_date()": True,
    "current_timestamp() = getdate()": True,
    "current_timestamp = now()": True,
    "date_diff(DATE'2020-01-02', DATE'2020-01-01')": 1,
    "datediff(QUARTER, DATE'2020-01-01', DATE'2020-07-01')": 2,
    "datediff(YEAR, DATE'2020-02-29', DATE'2021-02-28')": 0,
    "timestampdiff(MONTH, DATE'2020-03-31', DATE'2020-02-29')": -1,
    "year(DATE'2020-03-04')": 2020,
    "month(DATE'2020-03-04')": 3,
    "day(DATE'2020-03-04')": 4,
    "dayofmonth(DATE'2020-03-04')": 4,
    "dayofyear(DATE'2020-02-01')": 32,
    "minute(TIMESTAMP'2020-01-01 01:02:03')": 2,
    "second(TIMESTAMP'2020-01-01 01:02:03.9')": 3,
    "try_to_date('x', 'yyyy')": None,
    "try_to_date('2020-01-02')": date(2020, 1, 2),
    "timestamp('2020-01-02')": datetime(2020, 1, 2, tzinfo=UTC),
    "date('2020-01-02')": date(2020, 1, 2),
    "make_timestamp(2020, 1, 2, 3, 4, 5)": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
    "to_unix_timestamp(TIMESTAMP'1970-01-01 00:00:05')": 5,
    "unix_seconds(TIMESTAMP'1970-01-01 00:00:05')": 5,
    "unix_micros(TIMESTAMP'1970-01-01 00:00:05')": 5_000_000,
    "unix_date(DATE'1970-01-03')": 2,
    "timestamp_seconds(5)": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
    "timestamp_micros(5000000)": datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC),
    "from_unixtime(0, 'yyyy')": "1970",
    "cardinality(array(1))": 1,
    "array_size(array(1))": 1,
    "array_min(array(2, 1))": 1,
    "array_append(array(1), 2)": [1, 2],
    "array_prepend(array(1), 2)": [2, 1],
    "reduce(array(1, 2), 0, (a, b) -> a + b)": 3,
    "try_element_at(array(1), 5)": None,
    "map_from_arrays(array('a'), array(1))['a']": 1,
    "map_values(map('a', 1))": [1],
    "session_user()": "root",
    "current_schema()": None,
    "current_database()": None,
}

OVER_PAIRS: dict[str, Any] = {
    "mean(a)": 2.0,
    "min(a)": 1,
    "max(a)": 3,
    "any_value(a) IS NULL": False,
    "min_by(b, a)": 2,
    "bool_and(a > 0)": True,
    "every(a > 1)": False,
    "some(a > 2)": True,
    "stddev_samp(a)": 1.0,
    "std(a)": 1.0,
    "stddev_pop(a)": NEAR(0.81649658),
    "variance(a)": 1.0,
    "var_samp(a)": 1.0,
    "var_pop(a)": NEAR(0.66666667),
    "kurtosis(a)": NEAR(-1.5),
    "corr(a, b)": NEAR(1),
    "covar_pop(a, b)": NEAR(1.33333333),
    "covar_samp(a, b)": NEAR(2),
    "regr_slope(b, a)": NEAR(2),
    "regr_intercept(b, a)": NEAR(0),
    "regr_r2(b, a)": NEAR(1),
    "approx_percentile(a, 0.5, 100)": 2,
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY a)": 2,
    "mode(b)": 2,
    "approx_count_distinct(a)": 3,
    "size(array_agg(a))": 3,
    "array_agg(a ORDER BY a DESC)": [3, 2, 1],
    "string_agg(CAST(a AS STRING), '-' ORDER BY a)": "1-2-3",
    "length(listagg(CAST(a AS STRING)))": 3,
    "first(a) IS NULL": False,
    "last_value(a) IS NULL": False,
    "first_value(a) IS NULL": False,
    "sum(DISTINCT a)": 6,
}

WINDOWED: dict[str, Any] = {
    "nth_value(a, 1) OVER (ORDER BY a)": [1, 1, 1],
    "rank() OVER (ORDER BY a)": [1, 2, 3],
    "dense_rank() OVER (ORDER BY a)": [1, 2, 3],
    "percent_rank() OVER (ORDER BY a)": [0.0, 0.5, 1.0],
    "cume_dist() OVER (ORDER BY a)": [NEAR(1 / 3), NEAR(2 / 3), 1.0],
    "ntile(3) OVER (ORDER BY a)": [1, 2, 3],
    "lead(a) OVER (ORDER BY a)": [2, 3, None],
    "sum(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)": [1, 3, 5],
    "sum(a) OVER w": [1, 3, 6],
    "collect_list(a) OVER (ORDER BY a)": [[1], [1, 2], [1, 2, 3]],
}


@pytest.mark.parametrize("expression", ANSWERS)
def test_a_function_answers(answer: Answer, expression: str) -> None:
    assert answer(f"SELECT {expression}") == ANSWERS[expression]


@pytest.mark.parametrize("expression", OVER_PAIRS)
def test_an_aggregate_answers(answer: Answer, expression: str) -> None:
    assert answer(f"SELECT {expression} FROM VALUES (1, 2), (2, 4), (3, 6) AS t(a, b)") == OVER_PAIRS[expression]


@pytest.mark.parametrize("expression", WINDOWED)
def test_a_window_function_answers(answer: Answer, expression: str) -> None:
    query = f"SELECT {expression} FROM VALUES (1), (2), (3) AS t(a) WINDOW w AS (ORDER BY a) ORDER BY a"
    assert answer(query) == WINDOWED[expression]


def test_grouping_tells_a_total_from_a_group(answer: Answer) -> None:
    assert answer("SELECT grouping(a) FROM VALUES (1) AS t(a) GROUP BY ROLLUP (a) ORDER BY 1") == [0, 1]


def test_exploding_with_outer_keeps_rows_without_elements(answer: Answer) -> None:
    query = "SELECT y FROM VALUES (array()), (array(1)) AS t(a) LATERAL VIEW explode_outer(a) e AS y ORDER BY y"
    assert answer(query) == [None, 1]


def test_raise_error_raises(answer: Answer) -> None:
    with pytest.raises(Exception, match="no good"):
        answer("SELECT raise_error('no good')")


def test_no_function_is_let_through_untested() -> None:
    tested = "".join(
        (Path(__file__).parent / name).read_text().lower()
        for name in ("test_functions.py", "test_dialect_traps.py", "test_files.py")
    )
    assert [name for name in [*FUNCTIONS, *SPECIAL] if not re.search(rf"\b{name}\(", tested)] == []
