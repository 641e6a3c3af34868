"""The server's own authority, under the name of whoever asked."""

from dataclasses import replace

from boathouse.foundation.principals import ADMINS, Principal


def with_authority(principal: Principal) -> Principal:
    """The principal with the rights of an administrator.

    For what the server does as a consequence of something the principal was allowed to do: once MLflow has made a
    model, the catalog registers it whatever has changed since the check; the log still names who asked.
    """
    return replace(principal, groups=principal.groups | {ADMINS})
