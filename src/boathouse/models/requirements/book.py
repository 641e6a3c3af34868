"""The verbs on requirements: deploy, withdraw, and look up what holds or held."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.foundation.shapes import DoesNotFit, Problem
from boathouse.metastore import Database
from boathouse.models.requirements import repository as rows
from boathouse.models.requirements.asked import asked_since
from boathouse.models.requirements.nouns import NoRequirements, Revision, Source
from boathouse.models.requirements.requirements import Requirements

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

KIND = SecurableKind.REGISTERED_MODEL
LONGEST_DOCUMENT = 500_000
"""Characters of requirements; a list of slices that somebody made by a program is shorter still."""
LONGEST_CARD = 200_000
_LOOKED_BACK = 20
"""Revisions; what is older than that many is not what somebody has signed lately."""
Checks = Callable[[Requirements], Sequence[Problem]]
"""What is wrong with requirements besides their shape; gates know."""
Listener = Callable[[Principal, Revision], None]


class RequirementsBook:
    """What each model has to meet, and had to.

    Example:
        book.put(principal, ModelName.parse("prod.flights.delay"), requirements)
        book.deployed("prod.flights.delay").requirements.risk_tier
    """

    def __init__(
        self,
        catalog: "Catalog",
        database: Database,
        clock: Clock,
        repository: rows.RequirementsRepository,
        check: Checks,
    ) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock
        self._repository = repository
        self._check = check
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call this after each :meth:`put`, also one that changed nothing, so that what failed once is made good."""
        self._listeners.append(listener)

    # --- what holds, for whoever has asked for the right already

    def deployed(self, model: str) -> Revision | None:
        """The revision that holds now; None: nobody has said anything of this model."""
        return self._repository.deployed(model)

    def every_deployed(self) -> Sequence[Revision]:
        """What holds now, of all models."""
        return self._repository.every_deployed()

    def production_aliases(self) -> Mapping[str, str]:
        """The models whose requirements give the production alias a name of their own, and that name."""
        return self._repository.production_aliases()

    def revision(self, model: str, number: int) -> Revision | None:
        """One revision by its number."""
        return self._repository.revision(model, number)

    def asked_since(self, model: str) -> int:
        """When what versions have to meet was changed the last time, in milliseconds since 1970-01-01 UTC."""
        return asked_since(self._repository.history(model, _LOOKED_BACK))

    # --- verbs

    def get(self, principal: Principal, model: ModelName) -> Revision:
        """What a model has to meet.

        Raises:
            NoRequirements: Nothing is deployed.
            Denied: The principal lacks EXECUTE on the model.
        """
        self._require(principal, Privilege.EXECUTE, model)
        return self._found(self._repository.deployed(str(model)), f"{model} has no requirements.")

    def at(self, principal: Principal, model: ModelName, instant: datetime) -> Revision:
        """What a model had to meet at an instant.

        Raises:
            NoRequirements: Nothing held then.
        """
        self._require(principal, Privilege.EXECUTE, model)
        shown = instant.isoformat(timespec="seconds")
        found = self._repository.at(str(model), epoch_ms(instant))
        return self._found(found, f"{model} had no requirements at {shown}.")

    def history(self, principal: Principal, model: ModelName, limit: int = 100) -> Sequence[Revision]:
        """All that a model ever had to meet, newest first."""
        self._require(principal, Privilege.EXECUTE, model)
        return self._repository.history(str(model), limit)

    def put(
        self,
        principal: Principal,
        model: ModelName,
        requirements: Requirements,
        *,
        card_text: str | None = None,
        source: Source | None = None,
    ) -> Revision:
        """Say what a model has to meet from now on. What is said already makes no new revision.

        Raises:
            DoesNotFit: They name a gate, a setting or a group that is not there; all at once.
            Denied: The principal lacks MANAGE on the model.
        """
        with self._catalog.audit.verb(principal, "models", "putModelRequirements", KIND, str(model)) as event:
            self._require(principal, Privilege.MANAGE, model)
            self.require_valid(str(model), requirements, card_text)
            now = epoch_ms(self._clock.now())
            with self._database.write() as connection:
                rows.alone_with(connection, str(model))
                held = rows.deployed(connection, str(model))
                if held is None or not _says(held, requirements, card_text):
                    where = source or Source()
                    held = rows.add(connection, str(model), requirements, card_text, where, principal.name, now)
                event.params["revision"] = str(held.revision)
                event.commit_with(connection)
        for listener in self._listeners:
            listener(principal, held)
        return held

    def withdraw(self, principal: Principal, model: ModelName) -> None:
        """End what a model has to meet; the history stays.

        Raises:
            NoRequirements: Nothing is deployed.
            Denied: The principal lacks MANAGE on the model.
        """
        with self._catalog.audit.verb(principal, "models", "withdrawModelRequirements", KIND, str(model)) as event:
            self._require(principal, Privilege.MANAGE, model)
            with self._database.write() as connection:
                rows.alone_with(connection, str(model))
                held = self._found(rows.deployed(connection, str(model)), f"{model} has no requirements.")
                event.params["revision"] = str(held.revision)
                rows.end(connection, str(model), epoch_ms(self._clock.now()), principal.name)
                event.commit_with(connection)

    def require_valid(self, model: str, requirements: Requirements, card_text: str | None = None) -> None:
        """
        Raises:
            DoesNotFit: They name a gate, a setting or a group that is not there; all at once.
            InvalidInput: It is too long.
        """
        if len(json.dumps(rows.document_of(requirements))) > LONGEST_DOCUMENT:
            raise InvalidInput(f"What {model} has to meet takes more than {LONGEST_DOCUMENT:,} characters.")
        if card_text is not None and len(card_text) > LONGEST_CARD:
            raise InvalidInput(f"The card of {model} has more than {LONGEST_CARD:,} characters.")
        if problems := self._check(requirements):
            raise DoesNotFit(f"What {model} has to meet", problems)

    def require_manage(self, principal: Principal, model: ModelName) -> None:
        """
        Raises:
            Denied: The principal may not say what this model has to meet.
        """
        self._require(principal, Privilege.MANAGE, model)

    def _require(self, principal: Principal, privilege: Privilege, model: ModelName) -> None:
        self._catalog.grants.require(principal, privilege, KIND, str(model))

    def _found(self, revision: Revision | None, otherwise: str) -> Revision:
        if revision is None:
            raise NoRequirements(otherwise, hint="Write them in boathouse.yml and deploy: boathouse bundle deploy")
        return revision


def _says(held: Revision, requirements: Requirements, card_text: str | None) -> bool:
    return held.card_text == card_text and rows.document_of(held.requirements) == rows.document_of(requirements)
