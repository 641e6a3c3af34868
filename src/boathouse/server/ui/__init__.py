"""The web page: pages over the same verbs that REST and the command line call, as the signed-in principal."""

from boathouse.server.ui.mount import PagesRoute, UserInterface

__all__ = ["PagesRoute", "UserInterface"]
