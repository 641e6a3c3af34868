"""``boathouse why``: what somebody may do with a thing, and what that rests on."""

from urllib.parse import quote

import click

from boathouse.cli.principals import connected, output_option, show_table


@click.command()
@click.argument("name")
@click.option("--kind", default="table", show_default=True, help="Of NAME: catalog, schema, volume, function, job, ...")
@click.option("--principal", metavar="WHO", help="A user, a group or a service principal; by default yourself.")
@click.option("--privilege", help="Only this one: SELECT, MODIFY, ...")
@output_option
def why(name: str, kind: str, principal: str | None, privilege: str | None, output: str) -> None:
    """Show what somebody may do with NAME, and why: the owner, the grants and groups it rests on, or what is missing.

    Whoever may manage NAME sees it of others, and everybody of themselves.
    """
    path = f"/api/boathouse/v1/reasons/{quote(kind, safe='')}/{quote(name)}"
    told = connected().get(path, principal=principal)["privileges"]
    if privilege is not None:
        wanted = privilege.upper().replace(" ", "_")
        told = [each for each in told if each["privilege"] == wanted]
        if not told:
            raise click.BadParameter(f"{privilege} does not concern a {kind}", param_hint="--privilege")
    shown = [
        {
            "privilege": each["privilege"].replace("_", " "),
            "may": "yes" if each["allowed"] else "no",
            "because": each["because"].replace("\n", "; "),
        }
        for each in sorted(told, key=lambda each: not each["allowed"])
    ]
    show_table(told if output == "json" else shown, ["privilege", "may", "because"], output)
