"""Functions of text.

Where the two dialects differ in silence: DuckDB's ``concat`` skips nulls, its ``left`` counts a negative length from
the end, lengths and positions are ``BIGINT``, and padding with nothing is an error. Regular expressions are
:mod:`regexes`' matter.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import as_text, is_own_text
from boathouse.session.sql.dialect import native, native_scalar
from boathouse.session.sql.functions.charsets import BYTES, encoded
from boathouse.session.sql.functions.registry import Function, literal_text, scalar
from boathouse.session.sql.likeness import like


def joined(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """``a || b || c``, of texts, of arrays, or of bytes."""
    if not arguments:
        return exp.Literal.string("")
    parts = [part for each in arguments for part in _parts(each)]
    node = _in_our_spelling("", " || ", "", parts)
    node.set(_JOINED, True)
    return node


_JOINED = "is_joined"


def _parts(node: exp.Expr) -> list[exp.Expr]:
    """A chain of ``||`` is one list of parts, so that each of them is looked at once."""
    return node.expressions[: len(node.expressions) // 2] if node.args.get(_JOINED) else [node]


def _in_our_spelling(start: str, between: str, end: str, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Numbers with an exponent, instants and bytes become texts otherwise in the engine, so they are cast before they
    are put together. That is decided where the engine knows the types: arrays stay arrays, and bytes among bytes bytes.
    """
    count = len(arguments)
    plain, spelled = (
        start + between.join(f"({{{i}}})" for i in range(first, first + count)) + end for first in (0, count)
    )
    checks = [
        f"typeof({{{i}}}) IN ('DOUBLE', 'FLOAT', 'TIMESTAMP WITH TIME ZONE', 'BLOB')"
        for i, argument in enumerate(arguments)
        if not is_own_text(argument)
    ]
    is_spelled = " OR ".join(checks) or "false"
    template = f"(CASE WHEN {is_spelled} THEN __rule_spelled({spelled}, {plain}) ELSE {plain} END)"
    return native_scalar(template, *arguments, *(as_text(each.copy()) for each in arguments))


def _with_separator(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 1:
        return native("CASE WHEN ({0}) IS NOT NULL THEN '' END", arguments[0])
    return _in_our_spelling("concat_ws(", ", ", ")", arguments)


def _sha2(arguments: Sequence[exp.Expr]) -> exp.Expr:
    text, bits = arguments
    if not (isinstance(bits, exp.Literal) and str(bits.this) in ("0", "256")):
        raise InvalidInput("sha2 is supported with 256 bits.", hint="Write sha2(text, 256).")
    return native(f"sha256({BYTES})", text)


def _like(word: str):
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        escape = "\\"
        if len(arguments) == 3:
            escape = literal_text(arguments[2], function_name=word.lower(), what="escape character")
        return like(word, arguments[0], arguments[1], escape)

    return build


def _mask(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """One pass over the characters; a null leaves its kind of character as it is."""
    kinds = ("\\p{{Lu}}", "\\p{{Ll}}", "\\p{{Nd}}")
    defaults = ("'X'", "'x'", "'n'", "NULL")
    given = [f"{{{i}}}" if i < len(arguments) else default for i, default in enumerate(defaults, start=1)]
    tests = " ".join(
        f"WHEN regexp_full_match(c_, '{kind}') THEN coalesce({text}, c_)"
        for kind, text in zip(kinds, given, strict=False)
    )
    each = f"CASE {tests} ELSE coalesce({given[3]}, c_) END"
    return native(
        f"array_to_string(list_transform(regexp_extract_all({{0}}, '(?s).', 0), lambda c_: {each}), '')", *arguments
    )


_CODES = "translate(upper({0}), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230127022455012623017202')"
_WITHOUT_HW = f"left({_CODES}, 1) || replace(substr(regexp_replace({_CODES}, '[^0-7]', '0', 'g'), 2), '7', '')"


def _soundex() -> str:
    """Neighbours with one code count once, also across H and W; what is no letter keeps them apart."""
    once = f"({_WITHOUT_HW})"
    for digit in range(7):
        once = f"regexp_replace({once}, '{digit}+', '{digit}', 'g')"
    rest = f"replace(substr({once}, 2), '0', '')"
    return (
        "CASE WHEN regexp_matches({0}, '^[A-Za-z]') "
        f"THEN rpad(left(upper(left({{0}}, 1)) || {rest}, 4), 4, '0') ELSE {{0}} END"
    )


_UPPER = "upper(replace({0}, 'ß', 'SS'))"
_LEFT = "left({0}, CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"


def _padded(verb: str) -> dict[int, str]:
    length = "CASE WHEN ({1}) < 0 THEN 0 ELSE CAST({1} AS INTEGER) END"
    return {
        2: f"{verb}({{0}}, {length}, ' ')",
        3: f"CASE WHEN ({{2}}) = '' THEN {_LEFT} ELSE {verb}({{0}}, {length}, {{2}}) END",
    }


_PARTS = "string_split({0}, {1})"
_INDEX = (
    "CASE WHEN ({2}) = 0 OR ({1}) = '' THEN '' "
    f"WHEN ({{2}}) > 0 THEN array_to_string({_PARTS}[1:{{2}}], {{1}}) "
    f"ELSE array_to_string({_PARTS}[greatest(len({_PARTS}) + ({{2}}) + 1, 1):], {{1}}) END"
)
_LOCATED = (
    "CAST(CASE WHEN ({2}) < 1 THEN 0 WHEN strpos(substring({1}, CAST({2} AS BIGINT)), {0}) = 0 THEN 0 "
    "ELSE strpos(substring({1}, CAST({2} AS BIGINT)), {0}) + ({2}) - 1 END AS INTEGER)"
)
_OVERLAID = "(left({0}, CASE WHEN ({2}) > 1 THEN ({2}) - 1 ELSE 0 END) || ({1}) || substring({0}, greatest(({2}) + "
FUNCTIONS: list[Function] = [
    *scalar("upper/ucase(str)", _UPPER),
    *scalar("lower/lcase(str)", "lower({0})"),
    *scalar("length/len/char_length/character_length(expr)",
            "CAST(CASE WHEN typeof({0}) = 'BLOB' THEN octet_length(TRY_CAST({0} AS BLOB)) "
            "ELSE length(CAST({0} AS VARCHAR)) END AS INTEGER)"),
    *scalar("octet_length(expr)", f"CAST(octet_length({BYTES}) AS INTEGER)"),
    *scalar("bit_length(expr)", f"CAST(8 * octet_length({BYTES}) AS INTEGER)"),
    *scalar("ltrim(chars_or_str[, str])", {1: "ltrim({0})", 2: "ltrim({1}, {0})"}),
    *scalar("rtrim(chars_or_str[, str])", {1: "rtrim({0})", 2: "rtrim({1}, {0})"}),
    *scalar("btrim(str[, chars])", {1: "trim({0})", 2: "trim({0}, {1})"}),
    *scalar("concat(...)", joined),
    *scalar("concat_ws(sep, ...)", _with_separator),
    *scalar("left(str, len)", _LEFT),
    *scalar("right(str, len)", "right({0}, CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"),
    *scalar("lpad(str, len[, pad])", _padded("lpad")),
    *scalar("rpad(str, len[, pad])", _padded("rpad")),
    *scalar("repeat(str, n)", "repeat({0}, {1})"),
    *scalar("space(n)", "repeat(' ', {0})"),
    *scalar("reverse(str_or_array)", "__rule_reverse({0})"),
    *scalar("replace(str, search[, replacement])", {2: "replace({0}, {1}, '')", 3: "replace({0}, {1}, {2})"}),
    *scalar("translate(str, from, to)", "translate({0}, {1}, {2})"),
    *scalar("instr(str, substr)", "CAST(strpos({0}, {1}) AS INTEGER)"),
    *scalar("locate/charindex(substr, str[, position])", {2: "CAST(strpos({1}, {0}) AS INTEGER)", 3: _LOCATED}),
    *scalar("startswith(str, prefix)", "starts_with({0}, {1})"),
    *scalar("endswith(str, suffix)", "ends_with({0}, {1})"),
    *scalar("contains(str, substr)", "contains({0}, {1})"),
    *scalar("split_part(str, delimiter, part)",
            "split_part({0}, {1}, CASE WHEN ({2}) = 0 THEN error('The index 0 is invalid: parts count from 1.') "
            "ELSE {2} END)"),
    *scalar("substring_index(str, delimiter, count)", _INDEX),
    *scalar("find_in_set(str, list)",
            "CAST(CASE WHEN contains({0}, ',') THEN 0 WHEN ({0}) IS NOT NULL AND ({1}) IS NOT NULL "
            "THEN coalesce(list_position(string_split({1}, ','), {0}), 0) END AS INTEGER)"),
    *scalar("initcap(str)",
            "array_to_string(list_transform(string_split(lower({0}), ' '), "
            "lambda word_: upper(left(word_, 1)) || substr(word_, 2)), ' ')"),
    *scalar("ascii(str)", "CAST(ascii({0}) AS INTEGER)"),
    *scalar("chr/char(code)", "CASE WHEN ({0}) < 0 THEN '' ELSE chr(CAST(({0}) % 256 AS INTEGER)) END"),
    *scalar("md5(expr)", f"md5({BYTES})"),
    *scalar("sha1/sha(expr)", f"sha1({BYTES})"),
    *scalar("sha2(expr, bits)", _sha2),
    *scalar("hex(expr)", "to_hex({0})"),
    *scalar("unhex(str)",
            "CASE WHEN regexp_full_match({0}, '[0-9A-Fa-f]*') "
            "THEN unhex(CASE WHEN length({0}) % 2 = 1 THEN '0' || ({0}) ELSE {0} END) END"),
    *scalar("bin(expr)", "bin(CAST(trunc({0}) AS BIGINT))"),
    *scalar("base64(expr)", f"base64({BYTES})"),
    *scalar("unbase64(str)", "from_base64({0})"),
    *scalar("encode(str, charset)", encoded),
    *scalar("url_encode(str)",
            "replace(replace(replace(url_encode({0}), '%20', '+'), '~', '%7E'), '%2A', '*')"),
    *scalar("url_decode(str)", "url_decode(replace({0}, '+', ' '))"),
    *scalar("levenshtein(a, b[, limit])", {
        2: "CAST(levenshtein({0}, {1}) AS INTEGER)",
        3: "CAST(CASE WHEN levenshtein({0}, {1}) <= ({2}) THEN levenshtein({0}, {1}) ELSE -1 END AS INTEGER)"}),
    *scalar("soundex(str)", _soundex()),
    *scalar("overlay(str, replacement, position[, length])", {
        3: f"{_OVERLAID}length({{1}}), 1)))",
        4: f"{_OVERLAID}CASE WHEN ({{3}}) < 0 THEN length({{1}}) ELSE {{3}} END, 1)))"}),
    *scalar("like(str, pattern[, escape])", _like("LIKE")),
    *scalar("ilike(str, pattern[, escape])", _like("ILIKE")),
    *scalar("mask(str[, upper][, lower][, digit][, other])", _mask),
    *scalar("uuid()", "CAST(uuid() AS VARCHAR)"),
]  # fmt: skip
