"""Writes the list of functions into docs/reference/sql.md, from the code. Run it after a function has come or gone."""

import re
import sys
import textwrap
from pathlib import Path

from boathouse.session.sql.functions import FUNCTIONS, REFUSED, SPECIAL

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "sql.md"
BEGIN, END = "<!-- functions: begin -->", "<!-- functions: end -->"


def functions_part() -> str:
    """The families of functions with their signatures, and those that are refused on purpose."""
    families: dict[str, list[str]] = {}
    for function in FUNCTIONS.values():
        families.setdefault(function.family, []).append(function.signature)
    families["With a place or a syntax of their own"] = list(SPECIAL.values())
    parts = [
        f"### {family}\n\n" + _wrapped(", ".join(f"`{signature}`" for signature in signatures) + ".")
        for family, signatures in families.items()
    ]
    rows = "\n".join(f"| `{name}` | {reason} |" for name, reason in sorted(REFUSED.items()))
    parts.append(f"### Refused on purpose\n\n| Function | Why, or what instead |\n|---|---|\n{rows}")
    return "\n\n".join(parts)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False))


def with_functions(page: str) -> str:
    """The page with the part as the code has it now."""
    part = f"{BEGIN}\n\n{functions_part()}\n\n{END}"
    return re.sub(f"{BEGIN}.*{END}", lambda _: part, page, flags=re.DOTALL)


def main() -> int:
    """Write the page; with ``--check``, only say whether it is as the code has it."""
    page = PAGE.read_text()
    wanted = with_functions(page)
    if "--check" in sys.argv:
        return int(page != wanted)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
