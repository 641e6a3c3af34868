"""The book of approvals: who signs, refuses, waives a gate, and takes that back."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events.repository import write
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Denied, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.models.approval.checking import (
    NothingToSign,
    require_may_sign,
    require_person,
    require_something_said,
    require_something_to_say,
    require_well_said,
)
from boathouse.models.approval.counting import count_signatures
from boathouse.models.approval.nouns import Approval, Say
from boathouse.models.approval.repository import ApprovalRepository, ApprovalRequest
from boathouse.models.approval.signatures import Signatures, Surroundings, Word
from boathouse.models.nouns import NewVersion

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

log = logging.getLogger(__name__)

KIND = SecurableKind.REGISTERED_MODEL
_VERBS = {
    Say.APPROVED: "approveModelVersion",
    Say.REFUSED: "refuseModelVersion",
    Say.WAIVED: "waiveModelGate",
    Say.WITHDRAWN: "withdrawModelApproval",
}
_EVENTS = {
    Say.APPROVED: EventType.APPROVAL_GIVEN,
    Say.REFUSED: EventType.APPROVAL_REFUSED,
    Say.WAIVED: EventType.APPROVAL_GIVEN,
    Say.WITHDRAWN: EventType.APPROVAL_REFUSED,
}


class Approvals:
    """The verbs on signatures. Each is authorised by the policy that is deployed, audited, and an event."""

    def __init__(
        self,
        catalog: "Catalog",
        database: Database,
        clock: Clock,
        repository: ApprovalRepository,
        around: Surroundings,
    ) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock
        self._repository = repository
        self._around = around
        self._changes = 0

    @property
    def changes(self) -> int:
        """Goes up whenever something was said here; for whoever waits for signatures."""
        return self._changes

    # --- saying

    def approve(self, principal: Principal, name: ModelName, version: int, *, reason: str | None = None) -> Signatures:
        """Sign a version: its latest evidence has been looked at, and it may go to production.

        Raises:
            MayNotSign: The policy lets somebody else sign.
            NothingToSign: It has not been evaluated.
        """
        return self.say(principal, name, version, Word(Say.APPROVED, reason))

    def refuse(self, principal: Principal, name: ModelName, version: int, *, reason: str) -> Signatures:
        """Say no, which holds until the same person takes it back."""
        return self.say(principal, name, version, Word(Say.REFUSED, reason))

    def waive(
        self, principal: Principal, name: ModelName, version: int, *, gate: str, reason: str, until: datetime
    ) -> Signatures:
        """Let one gate not count for this version until an instant.

        Raises:
            InvalidInput: There is no such gate in the policy, no reason, or no end that is near enough.
            MayNotSign: The tier lets no gate be waived, or the policy lets somebody else sign.
        """
        return self.say(principal, name, version, Word(Say.WAIVED, reason, gate, until))

    def withdraw(
        self, principal: Principal, name: ModelName, version: int, *, gate: str | None = None, reason: str | None = None
    ) -> Signatures:
        """Take back what one has said of a version; with ``gate``, only one's waiver of it.

        Raises:
            NotFound: The principal has said nothing that holds.
        """
        return self.say(principal, name, version, Word(Say.WITHDRAWN, reason, gate))

    def say(self, principal: Principal, name: ModelName, version: int, word: Word) -> Signatures:
        """Write down what somebody says; all the verbs above come to this."""
        model = str(name)
        params = {"version": version, "reason": word.reason, "gate": word.gate, "through": word.through}
        with self._catalog.audit.verb(principal, "models", _VERBS[word.say], KIND, model, _given(params)) as opened:
            standing = self._standing(principal, name, version)
            require_well_said(self._around.policy(model), standing, word, self._clock.now())
            if word.say is Say.WITHDRAWN:
                require_something_said(principal, standing, word)
            else:
                require_person(word)
                require_may_sign(principal, standing, may_manage=self._may_manage(principal, standing))
            require_something_to_say(standing, word)
            approval = self._approval(principal, standing, word)
            with self._database.write() as connection:
                number = self._repository.add(connection, approval)
                event = _event(replace(approval, approval_id=number))
                write(connection, [event], approval.said_at)
                opened.commit_with(connection)
        return self._shown(self._standing(principal, name, version))

    # --- asking

    def ask(self, principal: Principal, name: ModelName, version: int, *, run_id: int | None = None) -> Signatures:
        """Ask for the signatures that are missing; a run that has asked goes on by itself when they are there.

        Asking twice for the same is asking once.

        Raises:
            Denied: The principal may not manage the model.
        """
        params = _given({"version": version, "run_id": run_id})
        with self._catalog.audit.verb(principal, "models", "askModelApproval", KIND, str(name), params) as opened:
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(name))
            standing = self._standing(principal, name, version)
            if not standing.tally.is_complete:
                now = self._now()
                request = ApprovalRequest(
                    0, str(name), version, standing.evaluation_id, principal.name, now, run_id=run_id
                )
                with self._database.write() as connection:
                    if self._repository.ask(connection, request) is not None:
                        write(connection, [_asked(standing, principal, run_id)], now)
                    opened.commit_with(connection)
        return self._shown(standing)

    # --- reading

    def standing(self, principal: Principal, name: ModelName, version: int) -> Signatures:
        """How the signatures of a version stand under the policy that is deployed."""
        return self._standing(principal, name, version)

    def require_may_sign(self, principal: Principal, name: ModelName, version: int) -> None:
        """
        Raises:
            MayNotSign: The policy lets somebody else sign.
        """
        standing = self._standing(principal, name, version)
        require_may_sign(principal, standing, may_manage=self._may_manage(principal, standing))

    def said(self, principal: Principal, name: ModelName, version: int | None = None) -> list[Approval]:
        """All that was said of a model's versions, or of one, oldest first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(name))
        return self._repository.of(str(name), version)

    def of(self, model: str, version: int) -> list[Approval]:
        """All that was said of a version, for whoever has asked for the right already."""
        return self._repository.of(model, version)

    def pending(self, principal: Principal) -> list[Signatures]:
        """The versions that wait for a signature of this principal."""
        found: list[Signatures] = []
        for model, version in dict.fromkeys((each.model, each.version) for each in self._repository.open_requests()):
            if not self._catalog.grants.allows(principal, Privilege.EXECUTE, KIND, model):
                continue
            try:
                standing = self._standing(principal, ModelName.parse(model), version)
                require_may_sign(principal, standing, may_manage=self._may_manage(principal, standing))
            except (NotFound, Denied):
                continue
            signed = {each.principal for each in standing.tally.approved}
            if standing.tally.missing and not standing.tally.refused and principal.name not in signed:
                found.append(standing)
        return found

    def version_made(self, connection: Connection, made: NewVersion) -> None:
        """Remember who has made a version, in the transaction that makes it known."""
        self._repository.add_author(connection, made.model, made.version, made.principal, made.run_id)

    def authors(self, model: str, version: int) -> frozenset[str]:
        """Who has made a version, or the run that it comes from."""
        known = self._repository.author(model, version)
        if known is None:
            return frozenset()
        principal, run_id = known
        of_run = self._around.author_of_run(run_id) if run_id else None
        return frozenset({principal, of_run} - {None})  # pyright: ignore[reportReturnType]

    # --- within

    def _now(self) -> int:
        return epoch_ms(self._clock.now())

    def _standing(self, principal: Principal, name: ModelName, version: int) -> Signatures:
        model = str(name)
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, model)
        if version not in (known := self._around.versions(model)):
            numbers = ", ".join(str(each) for each in sorted(known)[-10:]) or "none yet"
            raise NotFound(f"{model} has no version {version}.", hint=f"It has: {numbers}.")
        policy = self._around.policy(model)
        if policy is None:
            raise NothingToSign(
                f"{model} has no requirements, so nobody has to sign its versions.",
                hint="Write them in boathouse.yml and deploy: boathouse bundle deploy",
            )
        evaluation_id = self._around.evaluation(model, version)
        said = self._repository.of(model, version)
        tally = count_signatures(
            said,
            policy.approval,
            evaluation_id=evaluation_id,
            now=self._now(),
            asked_since=self._around.asked_since(model),
        )
        return Signatures(model, version, tally, policy.approval, self.authors(model, version), evaluation_id)

    def _shown(self, standing: Signatures) -> Signatures:
        self._changes += 1
        try:
            self._around.show(standing.model, standing.version, standing.tally)
        except BoathouseError:  # what was said is written down; the tag is set again with the next word
            log.exception("The tag of version %d of %s could not be set", standing.version, standing.model)
        return standing

    def _may_manage(self, principal: Principal, standing: Signatures) -> bool:
        return self._catalog.grants.allows(principal, Privilege.MANAGE, KIND, standing.model)

    def _approval(self, principal: Principal, standing: Signatures, word: Word) -> Approval:
        return Approval(
            0,
            standing.model,
            standing.version,
            word.say,
            principal.name,
            word.reason,
            self._now(),
            valid_until=epoch_ms(word.until) if word.until else None,
            gate=word.gate,
            evaluation_id=standing.evaluation_id,
            through=word.through,
            is_author=principal.name in standing.authors,
            groups=tuple(sorted(principal.groups)),
        )


def _given(params: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in params.items() if value is not None}


def _event(approval: Approval) -> NewEvent:
    data = {
        "version": approval.version,
        "say": approval.say.value,
        "approval_id": approval.approval_id,
        "reason": approval.reason,
        "gate": approval.gate,
        "valid_until": approval.valid_until,
        "evaluation_id": approval.evaluation_id,
        "through": approval.through,
    }
    return NewEvent(_EVENTS[approval.say], approval.model, approval.principal, data)


def _asked(standing: Signatures, principal: Principal, run_id: int | None) -> NewEvent:
    data = {
        "version": standing.version,
        "missing": standing.tally.missing,
        "groups": list(standing.rules.groups),
        "evaluation_id": standing.evaluation_id,
        "run_id": run_id,
    }
    return NewEvent(EventType.APPROVAL_ASKED, standing.model, principal.name, data)
