"""Bundles: a project described in ``databricks.yml``, what should exist for it, and bringing that about.

The client's side (reading a bundle) imports nothing heavy; ``Deployments``, the server's side, is loaded when it is
asked for.
"""

from typing import TYPE_CHECKING, Any

from boathouse.bundles.configuration import Bundle, Reading, read_bundle
from boathouse.bundles.desired import DesiredResource, DesiredState, Place, ResourceId
from boathouse.bundles.files import find_root
from boathouse.bundles.findings import Finding, InvalidBundle, Severity
from boathouse.bundles.user import CurrentUser

if TYPE_CHECKING:
    from boathouse.bundles.deployments import Deployments

__all__ = [
    "Bundle",
    "CurrentUser",
    "Deployments",
    "DesiredResource",
    "DesiredState",
    "Finding",
    "InvalidBundle",
    "Place",
    "Reading",
    "ResourceId",
    "Severity",
    "find_root",
    "read_bundle",
]


def __getattr__(name: str) -> Any:
    if name == "Deployments":
        from boathouse.bundles.deployments import Deployments

        return Deployments
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
