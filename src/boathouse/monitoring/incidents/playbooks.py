"""The verbs on playbooks. Its steps are done with the rights of who has put it, whoever starts it."""

from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Denied, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.principals import Principal
from boathouse.monitoring.alerts.rules import alert_name
from boathouse.monitoring.incidents import repository as rows
from boathouse.monitoring.incidents.acting import Actions, PlaybookJobs
from boathouse.monitoring.incidents.nouns import KeptPlaybook
from boathouse.monitoring.incidents.playbook import Playbook, playbook_document
from boathouse.notifications.addresses import is_address
from boathouse.notifications.destinations import require_known

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVICE = "playbooks"


class PlaybookNotFound(NotFound):
    """There is no such playbook."""


class Playbooks:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, actions: Actions, jobs: PlaybookJobs, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._actions = actions
        self._jobs = jobs
        self._clock = clock

    def put(self, principal: Principal, name: str, playbook: Playbook, *, origin: str | None = None) -> KeptPlaybook:
        """Let a playbook hold under a name from now on. What holds already makes no new revision.

        Raises:
            InvalidInput: It names groups, destinations or jobs that there are not.
            Denied: Somebody else has put it, or the principal may not do one of its steps.
        """
        name = alert_name(name)
        with self._audited(principal, "putPlaybook", name):
            self._check(principal, playbook)
            now = self._now()
            with self._database.write() as connection:
                found = rows.find_playbook(connection, name)
                if found is not None:
                    self._require_manage(principal, found)
                self._require_known(connection, playbook)
                is_same = (
                    found is not None
                    and playbook_document(found.playbook) == playbook_document(playbook)
                    and found.principal == principal.name
                )
                if found is None or not is_same:
                    found = rows.put_playbook(connection, name, playbook, at=now, by=principal.name, origin=origin)
            return self._with_job(found)

    def withdraw(self, principal: Principal, name: str) -> None:
        """Forget it; incidents keep the steps that were prepared for them."""
        with self._audited(principal, "withdrawPlaybook", name):
            found = self._required(name)
            self._require_manage(principal, found)
            with self._database.write() as connection:
                rows.withdraw_playbook(connection, name, self._now())
            if found.job_id is not None:
                self._jobs.remove(found.job_id)

    def get(self, principal: Principal, name: str, *, at: int | None = None) -> KeptPlaybook:
        """The playbook that a name means, or meant at an instant; everybody may know what would be done."""
        with self._audited(principal, "getPlaybook", name), self._database.read() as connection:
            found = rows.find_playbook(connection, name, at=at)
        if found is None:
            raise self._not_found(name)
        return found

    def list(self, principal: Principal) -> "list[KeptPlaybook]":
        """All in force, by name."""
        with self._audited(principal, "listPlaybooks", None), self._database.read() as connection:
            return rows.every_playbook(connection)

    def require_manage(self, principal: Principal, name: str) -> None:
        """
        Raises:
            Denied: Somebody else has put it.
        """
        self._require_manage(principal, self._required(name))

    def named(self, name: str) -> KeptPlaybook:
        """For other parts of this room: the playbook in force, with its job."""
        return self._with_job(self._required(name))

    # --- within

    def _with_job(self, found: KeptPlaybook) -> KeptPlaybook:
        """Make its job, or bring it up to date; whoever comes after a crash does it again."""
        titles = [each.text for each in found.playbook.steps]
        job_id = self._jobs.ensure(found.name, found.principal, titles, found.job_id)
        if job_id != found.job_id:
            with self._database.write() as connection:
                rows.set_playbook_job(connection, found.name, job_id)
        return self._required(found.name)

    def _check(self, principal: Principal, playbook: Playbook) -> None:
        for position, step in enumerate(playbook.steps, start=1):
            for group in step.approval.groups if step.approval is not None else ():
                self._catalog.identities.get(group)
            if (problem := self._actions.problems(principal, step)) is not None:
                raise InvalidInput(f"Step {position}, {step.text}: {problem}")

    def _require_known(self, connection: "Connection", playbook: Playbook) -> None:
        for step in playbook.steps:
            if step.page is not None:
                require_known(connection, [each for each in step.page.tell if not is_address(each)])

    def _require_manage(self, principal: Principal, found: KeptPlaybook) -> None:
        if not principal.is_admin and found.principal != principal.name:
            raise Denied(f"{principal} may not change the playbook {found.name}: {found.principal} has put it.")

    def _required(self, name: str) -> KeptPlaybook:
        with self._database.read() as connection:
            found = rows.find_playbook(connection, name)
        if found is None:
            raise self._not_found(name)
        return found

    def _not_found(self, name: str) -> PlaybookNotFound:
        with self._database.read() as connection:
            known = [each.name for each in rows.every_playbook(connection)]
        return PlaybookNotFound(
            f"There is no playbook {name[:200]!r}.", hint=did_you_mean(name, known) or "List: boathouse playbook list"
        )

    def _audited(self, principal: Principal, action: str, name: str | None) -> Any:
        return self._catalog.audit.verb(principal, SERVICE, action, None, name)

    def _now(self) -> int:
        return epoch_ms(self._clock.now())
