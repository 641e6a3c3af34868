"""Links that sign their maker in once: a code with a short life, of which only the hash is kept."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from boathouse.catalog.audit import Audit
from boathouse.catalog.identities import Identities
from boathouse.catalog.repository import sign_in_links as rows
from boathouse.catalog.tokens import refuse_tasks
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Unauthenticated
from boathouse.foundation.ids import new_token
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

LIFETIME = timedelta(minutes=10)
_KEPT = timedelta(days=1)
"""How long a code is kept after its end, so that who opens it again hears what became of it."""
_ASK_FOR_ANOTHER = "Make a fresh one with: boathouse ui"


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A new code; nobody can read it again."""

    code: str
    expires_at: int


class SignInLinks:
    """Makes codes for those who are known already, and takes each of them once."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, identities: Identities) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._identities = identities

    def make(self, principal: Principal) -> SignInLink:
        """A code that signs its maker in, once and soon.

        Raises:
            Denied: A task asks.
        """
        with self._audit.verb(principal, "identities", "createSignInLink") as event:
            refuse_tasks()
            now = epoch_ms(self._clock.now())
            code = new_token("bhl")
            expires_at = now + round(LIFETIME.total_seconds() * 1000)
            with self._database.write() as connection:
                rows.forget(connection, before=now - round(_KEPT.total_seconds() * 1000))
                rows.insert(connection, _hash(code), principal.name, created_at=now, expires_at=expires_at)
                event.commit_with(connection)
            return SignInLink(code, expires_at)

    def redeem(self, code: str) -> Principal:
        """Whom a code signs in; it never does again.

        Raises:
            Unauthenticated: It was used, has expired, or was never made.
            Denied: Its maker has been deactivated.
        """
        now = epoch_ms(self._clock.now())
        with self._database.write() as connection:
            taken = rows.take(connection, _hash(code), now)
            found = rows.find(connection, _hash(code))
        if found is None:
            raise Unauthenticated("This sign-in link is not known here.", hint=_ASK_FOR_ANOTHER)
        if not taken:
            what = "has been used already" if found.used_at is not None else "has expired"
            raise Unauthenticated(f"This sign-in link {what}; each works once, for ten minutes.", hint=_ASK_FOR_ANOTHER)
        return self._identities.principal(found.principal)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
