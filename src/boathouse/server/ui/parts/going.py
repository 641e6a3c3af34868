"""Going to another page from a handler."""

from nicegui import ui

from boathouse.server.ui.addresses import BASE


def go_to(address: str) -> None:
    """Open an address of ours. NiceGUI puts the path that it is mounted at before it, which ours have already."""
    ui.navigate.to(address.removeprefix(BASE))
