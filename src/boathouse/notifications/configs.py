"""What a destination can be, in the shapes of Databricks' notification destinations; ``apprise`` is ours."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, Unused, fit
from boathouse.notifications.addresses import is_address

SECRET_FIELDS = frozenset({"url", "password", "integration_key", "signing_secret"})
"""Told to nobody, administrators included; an answer says ``url_set: true``."""


class EmailConfig(Shape):
    addresses: list[str] = Field(min_length=1, max_length=50)


class GenericWebhookConfig(Shape):
    """Any HTTP server; requests are signed."""

    url: str
    username: str | None = None
    password: str | None = None
    signing_secret: str | None = None
    """Ours: ``whsec_`` and base64; one is made when none is given."""
    url_set: Unused = None
    username_set: Unused = None
    password_set: Unused = None


class SlackConfig(Shape):
    url: str
    url_set: Unused = None
    channel_id: Unused = None
    channel_id_set: Unused = None
    oauth_token: Unused = None
    oauth_token_set: Unused = None


class MicrosoftTeamsConfig(Shape):
    url: str
    url_set: Unused = None
    app_id: Unused = None
    app_id_set: Unused = None
    auth_secret: Unused = None
    auth_secret_set: Unused = None
    channel_url: Unused = None
    channel_url_set: Unused = None
    tenant_id: Unused = None
    tenant_id_set: Unused = None


class PagerdutyConfig(Shape):
    integration_key: str
    integration_key_set: Unused = None


class AppriseConfig(Shape):
    """Ours: a URL of the Apprise library, which knows more than a hundred services."""

    url: str


class DestinationConfig(Shape):
    """Exactly one of these."""

    email: EmailConfig | None = None
    generic_webhook: GenericWebhookConfig | None = None
    slack: SlackConfig | None = None
    microsoft_teams: MicrosoftTeamsConfig | None = None
    pagerduty: PagerdutyConfig | None = None
    apprise: AppriseConfig | None = None


KINDS = {
    "email": "EMAIL",
    "generic_webhook": "WEBHOOK",
    "slack": "SLACK",
    "microsoft_teams": "MICROSOFT_TEAMS",
    "pagerduty": "PAGERDUTY",
    "apprise": "APPRISE",
}
"""The ``destination_type`` of each field."""


def read_config(data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of a destination and its settings.

    Raises:
        InvalidInput: They do not fit, or describe no or several destinations.
    """
    config = fit(DestinationConfig, dict(data), what="The destination's config")
    said = [name for name in KINDS if getattr(config, name) is not None]
    if len(said) != 1:
        raise InvalidInput(
            f"A destination is exactly one thing; there is {' and '.join(said) or 'none'}.",
            hint=f"Give it one of {', '.join(KINDS)}.",
        )
    details = getattr(config, said[0]).model_dump(exclude_none=True)
    if wrong := [each for each in details.get("addresses", ()) if not is_address(each)]:
        raise InvalidInput(f"{wrong[0]!r} is no e-mail address.")
    if said[0] == "apprise":
        _check_apprise(details["url"])
    elif "url" in details:
        _check_url(details["url"])
    if said[0] == "generic_webhook":
        details.setdefault("signing_secret", new_signing_secret())
        signing_key(details["signing_secret"])
    return said[0], details


def shown(kind: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as an answer may tell them."""
    told = {name: value for name, value in details.items() if name not in SECRET_FIELDS}
    return {kind: {**told, **{f"{name}_set": True for name in details if name in SECRET_FIELDS}}}


def new_signing_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def signing_key(text: str) -> bytes:
    """The key in a signing secret.

    Raises:
        InvalidInput: It is none.
    """
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if len(key) < 16:
        raise InvalidInput("A signing_secret is whsec_ and at least 16 bytes in base64.", hint="Leave it out.")
    return key


def _check_url(url: str) -> None:
    has_blanks = any(character.isspace() or not character.isprintable() for character in url)
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are not closed, a port that is none
        is_address = False
    if not is_address or has_blanks:
        raise InvalidInput("A destination's url is an https:// or http:// address.")


def _check_apprise(url: str) -> None:
    from apprise import Apprise

    if not Apprise().add(url):
        raise InvalidInput("Apprise does not know this url.", hint="Its documentation lists the services it reaches.")
