"""Whose archives this home takes: its own, and those whose keys an administrator has compared and added."""

from typing import TYPE_CHECKING

from boathouse.catalog import METASTORE_NAME, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.archives import repository as rows
from boathouse.models.archives.keys import HomeKey, fingerprint_of, key_text, read_key_text
from boathouse.models.archives.nouns import Signer, UnknownSigner

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

OWN = "this home"
_KIND = SecurableKind.METASTORE


class Trust:
    """The list of signers."""

    def __init__(self, catalog: "Catalog", database: Database, clock: Clock, key: HomeKey) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock
        self._key = key

    def own_key(self) -> str:
        """This home's public key on one line; everybody may know it."""
        return key_text(self._key.public_key)

    def signers(self) -> list[Signer]:
        """All whose archives are taken, this home first."""
        own = Signer(fingerprint_of(self._key.public_key), self._key.public_key, OWN, "", 0, is_own=True)
        return [own, *(each for each in rows.signers(self._database) if each.fingerprint != own.fingerprint)]

    def find(self, public_key: bytes) -> Signer | None:
        """The trusted signer with this key."""
        return next((each for each in self.signers() if each.public_key == public_key), None)

    def require(self, public_key: bytes) -> Signer:
        """
        Raises:
            UnknownSigner: Nobody has said that this key is to be trusted.
        """
        found = self.find(public_key)
        if found is None:
            fingerprint = fingerprint_of(public_key)
            raise UnknownSigner(
                f"The archive is signed by {fingerprint}, which this home does not trust.",
                hint="Compare it with what boathouse model trust show says there; then an administrator adds it here: "
                "boathouse model trust add KEY --name NAME",
            )
        return found

    def add(self, principal: Principal, text: str, name: str | None = None) -> Signer:
        """Trust a key from now on.

        Raises:
            Denied: The principal is no administrator.
            InvalidInput: The text is no public key, or there is no name.
            AlreadyExists: The key is trusted already, or another one has the name.
        """
        with self._catalog.audit.verb(principal, "models", "trustSigner", _KIND, METASTORE_NAME) as opened:
            _require_admin(principal)
            key, said = read_key_text(text)
            fingerprint, called = fingerprint_of(key), (name or said).strip()
            opened.params.update(fingerprint=fingerprint, name=called)
            if not called or len(called) > 255:
                raise InvalidInput("The key needs a name of at most 255 letters.", hint="Give it with --name.")
            known = next(
                (each for each in self.signers() if fingerprint == each.fingerprint or called == each.name), None
            )
            if known is not None:
                raise AlreadyExists(f"{known.fingerprint} is trusted as {known.name!r} already.")
            signer = Signer(fingerprint, key, called, principal.name, epoch_ms(self._clock.now()))
            with self._database.write() as connection:
                rows.add_signer(connection, signer)
                opened.commit_with(connection)
            return signer

    def remove(self, principal: Principal, which: str) -> Signer:
        """Take no more archives of a key, named by its name or fingerprint; what came in stays.

        Raises:
            Denied: The principal is no administrator.
            NotFound: There is no such signer.
        """
        with self._catalog.audit.verb(
            principal, "models", "distrustSigner", _KIND, METASTORE_NAME, {"which": which}
        ) as opened:
            _require_admin(principal)
            known = rows.signers(self._database)
            found = next((each for each in known if which in (each.name, each.fingerprint)), None)
            if found is None:
                names = [each.name for each in known]
                raise NotFound(f"There is no trusted signer {which!r}.", hint=did_you_mean(which, names))
            with self._database.write() as connection:
                rows.remove_signer(connection, found.fingerprint)
                opened.commit_with(connection)
            return found


def _require_admin(principal: Principal) -> None:
    if not principal.is_admin:
        raise Denied("Only administrators decide whose archives are taken.", hint="Ask one of them.")
