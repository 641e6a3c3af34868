"""What the first start leaves behind: an admin for the operating-system user, and a token only that user can read."""

import getpass
import os

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM


def operating_system_user() -> str:
    """The login name; ``admin`` where the machine does not tell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "admin"


def ensure_admin(home: Home, catalog: Catalog) -> None:
    """Make the first admin and the token file; a token file that was lost is made anew."""
    user = operating_system_user()
    secret = catalog.bootstrap(user)
    if secret is None and not home.token_file.exists():
        secret = catalog.identities.issue_token(SYSTEM, user, lifetime_seconds=None, comment="token file").secret
    if secret is not None:
        write_secret(home, secret)


def write_secret(home: Home, secret: str) -> None:
    """Write the token file so that it is never readable by others, not even for a moment."""
    draft = home.token_file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
    draft.replace(home.token_file)
