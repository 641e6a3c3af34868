"""Rules whose result depends on the type of what they are given, which only the engine knows when it binds a query.

The dialect of the session writes calls of these by name. A macro is replaced by its body before anything runs, so a
rule costs what its body costs. The prefix is reserved: the text of a user cannot call them.
"""

import re

import duckdb

PREFIX = "__rule_"

_SCIENTIFIC = r"'^([0-9])(?:\.([0-9]+))?e([+-][0-9]+)$'"
_DOUBLE_TEXT = f"""CASE
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN CAST(x AS VARCHAR)
    ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || CASE
        WHEN contains(CAST(abs(x) AS VARCHAR), 'e') THEN
            regexp_extract(CAST(abs(x) AS VARCHAR), {_SCIENTIFIC}, 1) || '.'
            || coalesce(nullif(regexp_extract(CAST(abs(x) AS VARCHAR), {_SCIENTIFIC}, 2), ''), '0') || 'E'
            || CAST(CAST(regexp_extract(CAST(abs(x) AS VARCHAR), {_SCIENTIFIC}, 3) AS INTEGER) AS VARCHAR)
        WHEN abs(x) >= 10000000 THEN
            left(CAST(abs(x) AS VARCHAR), 1) || '.'
            || coalesce(nullif(rtrim(substr(replace(CAST(abs(x) AS VARCHAR), '.', ''), 2), '0'), ''), '0') || 'E'
            || CAST(length(split_part(CAST(abs(x) AS VARCHAR), '.', 1)) - 1 AS VARCHAR)
        ELSE
            left(ltrim(CAST(abs(x) AS VARCHAR), '0.'), 1) || '.'
            || coalesce(nullif(substr(ltrim(CAST(abs(x) AS VARCHAR), '0.'), 2), ''), '0') || 'E-4'
    END END"""

_DAYS = "list_transform(generate_series(0, abs(b - a)), lambda n_: a + CAST(sign(b - a) * n_ AS INTEGER))"
_WHOLE = "cast_to_type(generate_series(CAST(a AS BIGINT), CAST(b AS BIGINT), CASE WHEN a <= b THEN 1 ELSE -1 END), [a])"

_MACROS = {
    # The text of a number with an exponent, as Java spells it: 1.0E7, 1.0E-4.
    "double_text": [f"(x) AS {_DOUBLE_TEXT}"],
    # Two dates are an interval apart, as two instants are; a number of days would be DuckDB's answer.
    "minus": ["(a DATE, b DATE) AS to_days(CAST(a - b AS INTEGER))", "(a, b) AS a - b"],
    # What joins texts may be spelled by us; what joins arrays or bytes is left as it is.
    "spelled": ["(ours, plain VARCHAR) AS ours", "(ours, plain) AS plain"],
    "reverse": ["(a VARCHAR) AS reverse(a)", "(a) AS list_reverse(a)"],
    "sequence": [f"(a DATE, b DATE) AS {_DAYS}", f"(a, b) AS {_WHOLE}"],
}

_CALLS = re.compile(PREFIX + "(" + "|".join(_MACROS) + ")")


def lay_rules(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Make the rules known that a text calls. All of them would cost each query some milliseconds."""
    for name in dict.fromkeys(_CALLS.findall(sql)):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {PREFIX}{name}{', '.join(_MACROS[name])}")
