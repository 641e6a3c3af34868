"""Functions of text.

Where the two dialects differ in silence: DuckDB's ``concat`` skips nulls, its ``regexp_extract`` takes the whole match
by default and its ``regexp_replace`` stops after the first; its ``left`` counts a negative length from the end.
"""

import re
from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Function, literal_text, scalar


def _joined(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return native("(" + " || ".join(f"({{{i}}})" for i in range(len(arguments))) + ")", *arguments)


def _replace_pattern(arguments: Sequence[exp.Expr]) -> exp.Expr:
    text, pattern, replacement = arguments
    spelled = literal_text(replacement, function_name="regexp_replace", what="replacement")
    if "\\" in spelled:
        raise InvalidInput("A backslash in the replacement of regexp_replace is not supported.")
    groups = re.sub(r"\$(\d)", r"\\\1", spelled)
    return native("regexp_replace({0}, {1}, {2}, 'g')", text, pattern, exp.Literal.string(groups))


def _sha2(arguments: Sequence[exp.Expr]) -> exp.Expr:
    text, bits = arguments
    if not (isinstance(bits, exp.Literal) and str(bits.this) in ("0", "256")):
        raise InvalidInput("sha2 is supported with 256 bits.", hint="Write sha2(text, 256).")
    return native("sha256({0})", text)


FUNCTIONS: list[Function] = [
    *scalar("upper/ucase(str)", "upper({0})"),
    *scalar("lower/lcase(str)", "lower({0})"),
    *scalar("length/len/char_length/character_length(str)", "length({0})"),
    *scalar("octet_length(str)", "strlen({0})"),
    *scalar("ltrim(str)", "ltrim({0})"),
    *scalar("rtrim(str)", "rtrim({0})"),
    *scalar("btrim(str)", "trim({0})"),
    *scalar("concat(expr, ...)", _joined),
    *scalar("concat_ws(sep, ...)", dict.fromkeys(range(1, 101), "concat_ws({*})")),
    *scalar("left(str, len)", "left({0}, CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"),
    *scalar("right(str, len)", "right({0}, CASE WHEN ({1}) < 0 THEN 0 ELSE {1} END)"),
    *scalar("lpad(str, len[, pad])", {2: "lpad({0}, {1}, ' ')", 3: "lpad({0}, {1}, {2})"}),
    *scalar("rpad(str, len[, pad])", {2: "rpad({0}, {1}, ' ')", 3: "rpad({0}, {1}, {2})"}),
    *scalar("repeat(str, n)", "repeat({0}, {1})"),
    *scalar("space(n)", "repeat(' ', {0})"),
    *scalar("reverse(str)", "reverse({0})"),
    *scalar("replace(str, search[, replacement])", {2: "replace({0}, {1}, '')", 3: "replace({0}, {1}, {2})"}),
    *scalar("translate(str, from, to)", "translate({0}, {1}, {2})"),
    *scalar("instr(str, substr)", "strpos({0}, {1})"),
    *scalar("locate/charindex(substr, str)", "strpos({1}, {0})"),
    *scalar("startswith(str, prefix)", "starts_with({0}, {1})"),
    *scalar("endswith(str, suffix)", "ends_with({0}, {1})"),
    *scalar("contains(str, substr)", "contains({0}, {1})"),
    *scalar("split(str, regex)", "string_split_regex({0}, {1})"),
    *scalar("split_part(str, delimiter, part)", "split_part({0}, {1}, {2})"),
    *scalar("regexp_extract(str, regex[, group])",
            {2: "regexp_extract({0}, {1}, 1)", 3: "regexp_extract({0}, {1}, {2})"}),
    *scalar("regexp_extract_all(str, regex[, group])",
            {2: "regexp_extract_all({0}, {1}, 1)", 3: "regexp_extract_all({0}, {1}, {2})"}),
    *scalar("regexp_replace(str, regex, replacement)", _replace_pattern),
    *scalar("regexp_like/regexp/rlike(str, regex)", "regexp_matches({0}, {1})"),
    *scalar("initcap(str)",
            "array_to_string(list_transform(string_split(lower({0}), ' '), "
            "lambda word_: upper(left(word_, 1)) || substr(word_, 2)), ' ')"),
    *scalar("ascii(str)", "ascii({0})"),
    *scalar("chr/char(code)", "chr({0})"),
    *scalar("md5(str)", "md5({0})"),
    *scalar("sha1/sha(str)", "sha1({0})"),
    *scalar("sha2(str, bits)", _sha2),
    *scalar("hex(expr)", "to_hex({0})"),
    *scalar("base64(str)", "base64(encode({0}))"),
    *scalar("levenshtein(a, b)", "levenshtein({0}, {1})"),
    *scalar("get_json_object(str, path)", "json_extract_string({0}, {1})"),
    *scalar("uuid()", "CAST(uuid() AS VARCHAR)"),
]  # fmt: skip
