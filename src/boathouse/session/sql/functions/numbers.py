"""Functions of numbers, and those that choose between values.

Where the two dialects differ in silence: ``log(x)`` is the natural logarithm in Databricks and the decimal one in
DuckDB, and the logarithm of zero is null, not minus infinity.
"""

from boathouse.session.sql.functions.registry import Function, scalar

_POSITIVE = "CASE WHEN ({0}) > 0 THEN {0} END"
_NOT_ZERO = "CASE WHEN ({1}) = 0 THEN error('Division by zero.') ELSE {1} END"

FUNCTIONS: list[Function] = [
    *scalar("abs(expr)", "abs({0})"),
    *scalar("ceil/ceiling(expr)", "CAST(ceil({0}) AS BIGINT)"),
    *scalar("floor(expr)", "CAST(floor({0}) AS BIGINT)"),
    *scalar("round(expr[, scale])", {1: "round({0})", 2: "round({0}, {1})"}),
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
    *scalar("pmod(a, b)", f"(((({{0}}) % ({_NOT_ZERO})) + ({{1}})) % ({{1}}))"),
    *scalar("try_divide(a, b)", "(({0}) / CASE WHEN ({1}) = 0 THEN NULL ELSE {1} END)"),
    *scalar("try_add(a, b)", "TRY(({0}) + ({1}))"),
    *scalar("try_subtract(a, b)", "TRY(({0}) - ({1}))"),
    *scalar("try_multiply(a, b)", "TRY(({0}) * ({1}))"),
    *scalar("greatest(a, b, ...)", "greatest({*})"),
    *scalar("least(a, b, ...)", "least({*})"),
    *scalar("isnan(expr)", "coalesce(isnan({0}), false)"),
    *scalar("nanvl(a, b)", "CASE WHEN isnan({0}) THEN {1} ELSE {0} END"),
    *scalar("sin(expr)", "sin({0})"),
    *scalar("cos(expr)", "cos({0})"),
    *scalar("tan(expr)", "tan({0})"),
    *scalar("asin(expr)", "asin({0})"),
    *scalar("acos(expr)", "acos({0})"),
    *scalar("atan(expr)", "atan({0})"),
    *scalar("atan2(y, x)", "atan2({0}, {1})"),
    *scalar("sinh(expr)", "sinh({0})"),
    *scalar("cosh(expr)", "cosh({0})"),
    *scalar("tanh(expr)", "tanh({0})"),
    *scalar("degrees(expr)", "degrees({0})"),
    *scalar("radians(expr)", "radians({0})"),
    *scalar("pi()", "pi()"),
    *scalar("e()", "exp(1)"),
    *scalar("hypot(a, b)", "sqrt(({0}) * ({0}) + ({1}) * ({1}))"),
    *scalar("factorial(n)", "CAST(factorial(CAST({0} AS INTEGER)) AS BIGINT)"),
    *scalar("rand/random()", "random()"),
    *scalar("bit_count(expr)", "CAST(bit_count({0}) AS INTEGER)"),
    *scalar("coalesce(expr, ...)", "coalesce({*})"),
    *scalar("nvl/ifnull(a, b)", "coalesce({0}, {1})"),
    *scalar("nvl2(a, b, c)", "CASE WHEN ({0}) IS NOT NULL THEN {1} ELSE {2} END"),
    *scalar("nullif(a, b)", "nullif({0}, {1})"),
    *scalar("zeroifnull(expr)", "coalesce({0}, 0)"),
    *scalar("nullifzero(expr)", "nullif({0}, 0)"),
    *scalar("isnull(expr)", "(({0}) IS NULL)"),
    *scalar("isnotnull(expr)", "(({0}) IS NOT NULL)"),
    *scalar("iff(condition, a, b)", "CASE WHEN {0} THEN {1} ELSE {2} END"),
    *scalar("equal_null(a, b)", "(({0}) IS NOT DISTINCT FROM ({1}))"),
    *scalar("raise_error(message)", "error({0})"),
]  # fmt: skip
