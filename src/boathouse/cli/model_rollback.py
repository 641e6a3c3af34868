"""``boathouse model rollback`` and its drill."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.models import PATH
from boathouse.cli.principals import connected, output_option

TO = click.option("--to", type=click.IntRange(1), metavar="VERSION", help="A version that was in production before.")
WITHIN = click.option("--within", type=click.FloatRange(0.5, 120), default=5.0, show_default=True, help="Seconds.")


@click.command()
@click.argument("name")
@TO
@click.option("--reason", required=True, help="Why, for the history.")
@WITHIN
@output_option
def rollback(name: str, to: int | None, reason: str, within: float, output: str) -> None:
    """Bring NAME back to the last champion that still loads and answers."""
    body: dict[str, Any] = {"reason": reason, "within_seconds": within, **({"to": to} if to else {})}
    done = connected().post(f"{PATH}/{quote(name)}/rollback", body)
    if output == "json":
        print_json(done)
        return
    click.echo(
        f"{done['alias']} of {name} is version {done['to_version']} now; it was version {done['from_version']}. "
        f"That took {done['took_ms'] / 1000:.1f} s."
    )


@click.command("rollback-drill")
@click.argument("name")
@TO
@WITHIN
@output_option
@click.pass_context
def drill(context: click.Context, name: str, to: int | None, within: float, output: str) -> None:
    """Exercise a rollback of NAME without moving anything, and write down how it went."""
    body: dict[str, Any] = {"within_seconds": within, **({"to": to} if to else {})}
    done = connected().post(f"{PATH}/{quote(name)}/rollback-drill", body)
    if output == "json":
        print_json(done)
    elif done["succeeded"]:
        click.echo(
            f"{name} would go back from version {done['from_version']} to version {done['to_version']} "
            f"in {done['took_ms'] / 1000:.1f} s. Nothing was moved."
        )
    else:
        click.echo(f"A rollback of {name} would not succeed. {done['problem']}")
    if not done["succeeded"]:
        context.exit(1)


@click.command()
@click.argument("name")
@output_option
def rollbacks(name: str, output: str) -> None:
    """Show when NAME was rolled back, and when that was last exercised."""
    found = connected().get(f"{PATH}/{quote(name)}/rollbacks")["rollbacks"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (
            instant(each["began_at"]),
            "drill" if each["is_drill"] else "rollback",
            f"{each['from_version'] or '-'} → {each['to_version'] or '-'}",
            f"{each['took_ms'] / 1000:.1f} s",
            each["principal"],
            each["problem"] or each["reason"] or "",
        )
        for each in found
    ]
    print_rows(
        ("When", "What", "Move", "Took", "Who", "Why"), rows, empty=f"{name} was never rolled back, nor drilled."
    )
