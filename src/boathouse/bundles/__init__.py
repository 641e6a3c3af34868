"""Bundles: a project described in ``databricks.yml``, what should exist for it, and bringing that about.

This front door is the client's side. The server's side, which needs the other rooms, is in
:mod:`boathouse.bundles.deployments`.
"""

from boathouse.bundles.configuration import Bundle, Reading, read_bundle
from boathouse.bundles.desired import DesiredResource, DesiredState, Place, ResourceId
from boathouse.bundles.files import find_root
from boathouse.bundles.findings import Finding, InvalidBundle, Severity
from boathouse.bundles.user import CurrentUser

__all__ = [
    "Bundle",
    "CurrentUser",
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
