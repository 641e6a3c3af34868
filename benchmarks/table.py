"""Sections of RESULTS.md."""

from collections.abc import Sequence


def section(title: str, header: Sequence[str], rows: Sequence[Sequence[object]], note: str = "") -> str:
    """A Markdown section with one table."""
    lines = [f"## {title}", "", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    if note:
        lines += ["", note]
    return "\n".join(lines) + "\n"
