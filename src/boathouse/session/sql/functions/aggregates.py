"""Functions of many rows.

Where the two dialects differ in silence: ``collect_list`` leaves out nulls and is empty, not null, without rows;
``max_by`` keeps a null value; ``percentile_approx`` returns a value that occurs.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Function, aggregate, window


def _count(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return _count_distinct(arguments[0].expressions)
    if len(arguments) > 1:
        return native(f"count(CASE WHEN {_any_null(len(arguments))} THEN NULL ELSE 1 END)", *arguments)
    return native("count({0})", *arguments)


def _count_distinct(values: Sequence[exp.Expr]) -> exp.Expr:
    if len(values) == 1:
        return native("count(DISTINCT {0})", *values)
    row = ", ".join(f"{{{i}}}" for i in range(len(values)))
    return native(f"count(DISTINCT CASE WHEN {_any_null(len(values))} THEN NULL ELSE ({row}) END)", *values)


def _any_null(count: int) -> str:
    return " OR ".join(f"({{{i}}}) IS NULL" for i in range(count))


def _count_if(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Without rows DuckDB's own is null, and a sum of 128 bits with them."""
    is_distinct = isinstance(arguments[0], exp.Distinct)
    return native("count_if({0})" if is_distinct else "count(CASE WHEN {0} THEN 1 END)", *arguments)


def _skewness(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Of the rows as they are; DuckDB would estimate that of a larger set they were drawn from."""
    return native(
        "CASE WHEN count({0}) > 2 AND var_pop({0}) > 0 THEN skewness({0}) * (count({0}) - 2) "
        "/ sqrt(CAST(count({0}) AS DOUBLE) * (count({0}) - 1)) "
        "WHEN count({0}) > 0 AND var_pop({0}) > 0 THEN 0.0 WHEN count({0}) > 0 THEN CAST('NaN' AS DOUBLE) END",
        *arguments,
    )


def _try_sum(arguments: Sequence[exp.Expr]) -> exp.Expr:
    in_range = "sum({0}) BETWEEN -9223372036854775808 AND 9223372036854775807"
    return native(f"CASE WHEN typeof(sum({{0}})) <> 'HUGEINT' OR {in_range} THEN sum({{0}}) END", *arguments)


FUNCTIONS: list[Function] = [
    *aggregate("count(expr, ...)", _count),
    *aggregate("sum(expr)", "sum({0})"),
    *aggregate("avg/mean(expr)", "avg({0})"),
    *aggregate("min(expr)", "min({0})"),
    *aggregate("max(expr)", "max({0})"),
    *aggregate("count_if(condition)", _count_if),
    *aggregate("any_value(expr)", "any_value({0})"),
    *aggregate("max_by(value, by)", "arg_max_null({0}, {1})"),
    *aggregate("min_by(value, by)", "arg_min_null({0}, {1})"),
    *aggregate("bool_and/every(condition)", "bool_and({0})"),
    *aggregate("bool_or/some(condition)", "bool_or({0})"),
    *aggregate("stddev/stddev_samp/std(expr)", "stddev_samp({0})"),
    *aggregate("stddev_pop(expr)", "stddev_pop({0})"),
    *aggregate("variance/var_samp(expr)", "var_samp({0})"),
    *aggregate("var_pop(expr)", "var_pop({0})"),
    *aggregate("kurtosis(expr)", "kurtosis_pop({0})"),
    *aggregate("skewness(expr)", _skewness),
    *aggregate("try_sum(expr)", _try_sum),
    *aggregate("try_avg(expr)", "avg({0})"),
    *aggregate("bit_and(expr)", "bit_and({0})"),
    *aggregate("bit_or(expr)", "bit_or({0})"),
    *aggregate("bit_xor(expr)", "bit_xor({0})"),
    *aggregate("corr(a, b)", "corr({0}, {1})"),
    *aggregate("covar_pop(a, b)", "covar_pop({0}, {1})"),
    *aggregate("covar_samp(a, b)", "covar_samp({0}, {1})"),
    *aggregate("regr_slope(y, x)", "regr_slope({0}, {1})"),
    *aggregate("regr_intercept(y, x)", "regr_intercept({0}, {1})"),
    *aggregate("regr_r2(y, x)", "regr_r2({0}, {1})"),
    *aggregate("regr_count(y, x)", "regr_count({0}, {1})"),
    *aggregate("regr_avgx(y, x)", "regr_avgx({0}, {1})"),
    *aggregate("regr_avgy(y, x)", "regr_avgy({0}, {1})"),
    *aggregate("regr_sxx(y, x)", "regr_sxx({0}, {1})"),
    *aggregate("regr_sxy(y, x)", "regr_sxy({0}, {1})"),
    *aggregate("regr_syy(y, x)", "regr_syy({0}, {1})"),
    *aggregate("percentile(expr, share)", "quantile_cont({0}, {1})"),
    *aggregate("percentile_approx/approx_percentile(expr, share[, accuracy])",
               {2: "quantile_disc({0}, {1})", 3: "quantile_disc({0}, {1})"}),
    *aggregate("percentile_cont(share)", "quantile_cont({0})"),
    *aggregate("percentile_disc(share)", "quantile_disc({0})"),
    *aggregate("median(expr)", "median({0})"),
    *aggregate("mode(expr)", "mode({0})"),
    *aggregate("approx_count_distinct(expr)", "approx_count_distinct({0})"),
    *aggregate("collect_list/array_agg(expr)", "list({0})"),
    *aggregate("collect_set(expr)", "list(DISTINCT {0})"),
    *aggregate("string_agg/listagg(expr[, delimiter])", {1: "string_agg({0}, '')", 2: "string_agg({0}, {1})"}),
    *aggregate("grouping(column)", "CAST(grouping({0}) AS TINYINT)"),
    *aggregate("grouping_id(column, ...)", "CAST(grouping({*}) AS BIGINT)"),
    *aggregate("first(expr)", "first({0})"),
    *aggregate("last(expr)", "last({0})"),
    *aggregate("first_value(expr)", "first_value({0})"),
    *aggregate("last_value(expr)", "last_value({0})"),
    *window("nth_value(expr, n)", "nth_value({0}, {1})"),
    *window("row_number()", "row_number()"),
    *window("rank()", "rank()"),
    *window("dense_rank()", "dense_rank()"),
    *window("percent_rank()", "percent_rank()"),
    *window("cume_dist()", "cume_dist()"),
    *window("ntile(n)", "ntile({0})"),
    *window("lag(expr[, offset][, default])",
            {1: "lag({0})", 2: "lag({0}, {1})", 3: "lag({0}, {1}, {2})"}),
    *window("lead(expr[, offset][, default])",
            {1: "lead({0})", 2: "lead({0}, {1})", 3: "lead({0}, {1}, {2})"}),
]  # fmt: skip
