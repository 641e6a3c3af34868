"""Functions of numbers.

Where the two dialects differ in silence: ``log(x)`` is the natural logarithm in Databricks and the decimal one in
DuckDB, the logarithm of zero is null, not minus infinity, and a half of a ``DOUBLE`` is rounded as it is written, not
as it is stored.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Build, Function, scalar
from boathouse.session.sql.intervals import is_interval
from boathouse.session.sql.problems import Unsupported

_POSITIVE = "CASE WHEN ({0}) > 0 THEN {0} END"
_NOT_ZERO = "CASE WHEN ({1}) = 0 THEN error('Division by zero. Use try_mod to get NULL instead.') ELSE {1} END"
_MAYBE_ZERO = "CASE WHEN ({1}) = 0 THEN NULL ELSE {1} END"

_MOVED = "abs(TRY_CAST({0} AS DOUBLE)) * pow(10, {1})"
_IS_NEAR_HALF = f"typeof({{0}}) IN ('DOUBLE', 'FLOAT') AND abs({_MOVED} - floor({_MOVED}) - 0.5) < 0.000001"


def _rounded(verb: str) -> str:
    """1.005 is stored as a little less; as text it is what people mean. Only such halves take the longer way."""
    as_written = f"{verb}(TRY_CAST(CAST({{0}} AS VARCHAR) AS DECIMAL(38, 17)), {{1}})"
    return (
        f"CASE WHEN {_IS_NEAR_HALF} THEN cast_to_type({as_written}, {verb}({{0}}, {{1}})) ELSE {verb}({{0}}, {{1}}) END"
    )


ROUND_TO = _rounded("round")
"""Rounds ``{0}`` to ``{1}`` places, halves away from zero."""

_BUCKET = (
    "CASE WHEN ({3}) <= 0 OR ({1}) = ({2}) THEN NULL "
    "WHEN ({1}) < ({2}) THEN CASE WHEN ({0}) < ({1}) THEN 0 WHEN ({0}) >= ({2}) THEN CAST({3} AS BIGINT) + 1 "
    "ELSE CAST(floor((({0}) - ({1})) * ({3}) / (({2}) - ({1}))) AS BIGINT) + 1 END "
    "WHEN ({0}) > ({1}) THEN 0 WHEN ({0}) <= ({2}) THEN CAST({3} AS BIGINT) + 1 "
    "ELSE CAST(floor((({1}) - ({0})) * ({3}) / (({1}) - ({2}))) AS BIGINT) + 1 END"
)


def _attempt(operator: str) -> Build:
    """Also a date plus an interval stays a date, as with the operator itself."""

    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        result = f"({{0}}) {operator} ({{1}})"
        if is_interval(arguments[1]):
            result = f"cast_to_type({result}, {{0}})"
        return native(f"TRY({result})", *arguments)

    return build


def _random(template: str) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        if arguments:
            raise Unsupported(
                "A seed of random numbers", hint="Spark's sequence cannot be repeated here. Leave it out."
            )
        return native(template)

    return build


FUNCTIONS: list[Function] = [
    *scalar("abs(expr)", "abs({0})"),
    *scalar("negative(expr)", "(-({0}))"),
    *scalar("positive(expr)", "(+({0}))"),
    *scalar("ceil/ceiling(expr)", "CAST(ceil({0}) AS BIGINT)"),
    *scalar("floor(expr)", "CAST(floor({0}) AS BIGINT)"),
    *scalar("round(expr[, scale])", {1: "round({0})", 2: ROUND_TO}),
    *scalar("bround(expr[, scale])", {1: "round_even({0}, 0)", 2: _rounded("round_even")}),
    *scalar("rint(expr)", "CAST(round_even(CAST({0} AS DOUBLE), 0) AS DOUBLE)"),
    *scalar("sign/signum(expr)", "CAST(sign({0}) AS DOUBLE)"),
    *scalar("sqrt(expr)", "sqrt({0})"),
    *scalar("cbrt(expr)", "cbrt({0})"),
    *scalar("exp(expr)", "exp({0})"),
    *scalar("expm1(expr)", "(exp({0}) - 1)"),
    *scalar("ln(expr)", f"ln({_POSITIVE})"),
    *scalar("log(base_or_expr[, expr])",
            {1: f"ln({_POSITIVE})", 2: "log(CASE WHEN ({0}) > 0 THEN {0} END, CASE WHEN ({1}) > 0 THEN {1} END)"}),
    *scalar("log2(expr)", f"log2({_POSITIVE})"),
    *scalar("log10(expr)", f"log10({_POSITIVE})"),
    *scalar("log1p(expr)", "ln(CASE WHEN ({0}) > -1 THEN ({0}) + 1 END)"),
    *scalar("power/pow(base, exponent)", "CAST(pow({0}, {1}) AS DOUBLE)"),
    *scalar("mod(a, b)", f"(({{0}}) % ({_NOT_ZERO}))"),
    *scalar("try_mod(a, b)", f"(({{0}}) % ({_MAYBE_ZERO}))"),
    *scalar("pmod(a, b)", f"CASE WHEN (({{0}}) % ({_NOT_ZERO})) < 0 "
            "THEN ((({0}) % ({1})) + ({1})) % ({1}) ELSE ({0}) % ({1}) END"),
    *scalar("try_divide(a, b)", f"(({{0}}) / {_MAYBE_ZERO})"),
    *scalar("try_add(a, b)", _attempt("+")),
    *scalar("try_subtract(a, b)", _attempt("-")),
    *scalar("try_multiply(a, b)", "TRY(({0}) * ({1}))"),
    *scalar("greatest(a, b, ...)", "greatest({*})"),
    *scalar("least(a, b, ...)", "least({*})"),
    *scalar("isnan(expr)", "coalesce(isnan({0}), false)"),
    *scalar("nanvl(a, b)", "CASE WHEN isnan({0}) THEN {1} ELSE {0} END"),
    *scalar("sin(expr)", "sin({0})"),
    *scalar("cos(expr)", "cos({0})"),
    *scalar("tan(expr)", "tan({0})"),
    *scalar("cot(expr)", "(1 / tan({0}))"),
    *scalar("sec(expr)", "(1 / cos({0}))"),
    *scalar("csc(expr)", "(1 / sin({0}))"),
    *scalar("asin(expr)", "asin(CASE WHEN abs({0}) > 1 THEN CAST('NaN' AS DOUBLE) ELSE {0} END)"),
    *scalar("acos(expr)", "acos(CASE WHEN abs({0}) > 1 THEN CAST('NaN' AS DOUBLE) ELSE {0} END)"),
    *scalar("atan(expr)", "atan({0})"),
    *scalar("atan2(y, x)", "atan2({0}, {1})"),
    *scalar("sinh(expr)", "sinh({0})"),
    *scalar("cosh(expr)", "cosh({0})"),
    *scalar("tanh(expr)", "tanh({0})"),
    *scalar("asinh(expr)", "asinh({0})"),
    *scalar("acosh(expr)", "acosh({0})"),
    *scalar("atanh(expr)", "atanh({0})"),
    *scalar("degrees(expr)", "degrees({0})"),
    *scalar("radians(expr)", "radians({0})"),
    *scalar("pi()", "pi()"),
    *scalar("e()", "exp(1)"),
    *scalar("hypot(a, b)", "sqrt(({0}) * ({0}) + ({1}) * ({1}))"),
    *scalar("factorial(n)",
            "CAST(factorial(CAST(CASE WHEN ({0}) BETWEEN 0 AND 20 THEN {0} END AS INTEGER)) AS BIGINT)"),
    *scalar("width_bucket(value, low, high, buckets)", _BUCKET),
    *scalar("rand/random([seed])", _random("random()")),
    *scalar("randn([seed])", _random("(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))")),
    *scalar("bit_count(expr)", "CAST(bit_count(CAST({0} AS BIGINT)) AS INTEGER)"),
    *scalar("bit_get/getbit(expr, position)", "CAST((({0}) >> CAST({1} AS INTEGER)) & 1 AS TINYINT)"),
    *scalar("shiftleft(expr, n)", "(({0}) << ({1}))"),
    *scalar("shiftright(expr, n)", "(({0}) >> ({1}))"),
    *scalar("zeroifnull(expr)", "coalesce({0}, 0)"),
    *scalar("nullifzero(expr)", "nullif({0}, 0)"),
]  # fmt: skip
