"""Writes docs/reference/cli.md from the commands themselves. A test compares the two."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from boathouse.cli.main import COMMANDS, EXIT_CODES, cli

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"

HEAD = """# Command line

Every command finds its Boathouse by `BOATHOUSE_URL` and `BOATHOUSE_TOKEN`, else by the nearest home folder.
An error is one sentence on standard error, what to do next, and an exit code:

| Exit code | Meaning |
|---|---|
| 0 | done |
{codes}
| 1 | anything else |

This page is made by `scripts/cli_reference.py`.
"""


def main() -> None:
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE.name} is out of date: python scripts/cli_reference.py")
    PAGE.write_text(page())


def page() -> str:
    by_code: dict[int, list[str]] = {}
    for category, code in EXIT_CODES.items():
        by_code.setdefault(code, []).append((category.__doc__ or "").split("\n")[0].rstrip("."))
    codes = "\n".join(f"| {code} | {'; '.join(texts)} |" for code, texts in sorted(by_code.items()))
    sections = [HEAD.format(codes=codes)]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        sections += [section(names, each) for names, each in walk(f"boathouse {name}", command)]
    return "\n".join(sections)


def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child_name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), child_name)
            if child is not None:
                yield from walk(f"{name} {child_name}", child)


def section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name, terminal_width=110, max_content_width=110)
    level = "##" if name.count(" ") == 1 else "###"
    return f"{level} `{name}`\n\n```\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    main()
