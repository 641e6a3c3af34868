"""``boathouse ui``: a link that opens the web page, signed in."""

import click

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.foundation.rest import Connection, RestClient

ONCE = "It signs you in once, within ten minutes; boathouse ui prints a fresh one."


@click.command()
@click.option("--open", "opens", is_flag=True, help="Open it in the browser of this machine.")
def ui(opens: bool) -> None:
    """Print a link to the web page that signs you in, once, within ten minutes."""
    address = sign_in_link(Connection.from_surroundings())
    click.echo(address)
    if opens:
        click.launch(address)


def sign_in_link(connection: Connection) -> str:
    """A fresh link for whoever the connection's token stands for."""
    made = RestClient(connection).post("/api/boathouse/v1/sign-in-links")
    return f"{connection.url}{made['path']}"


def tell_of_link(home: Home, url: str) -> None:
    """Print a link for the owner of the home; a server that makes none just now is not held up by that."""
    token = home.token()
    if not token:
        return
    try:
        click.echo(f"Web page: {sign_in_link(Connection(url, token))}\n{ONCE}")
    except BoathouseError:
        click.echo(f"Web page: {url}/ui/")
