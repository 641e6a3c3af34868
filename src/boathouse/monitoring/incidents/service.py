"""The verbs on incidents: open, tell, assign, close; and their playbooks: start, approve, go on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.monitoring.alerts import firings as fired
from boathouse.monitoring.alerts.nouns import Alert, Firing
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.incidents import repository as rows
from boathouse.monitoring.incidents.acting import PlaybookJobs
from boathouse.monitoring.incidents.changes import Break, what_changed
from boathouse.monitoring.incidents.nouns import (
    Allowed,
    Change,
    Entry,
    EntryKind,
    Incident,
    KeptPlaybook,
    Step,
    StepState,
)
from boathouse.monitoring.incidents.playbooks import Playbooks

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVICE = "incidents"
LOOK_BACK_MS = 7 * 24 * 3600 * 1000
"""How far back is looked for what had changed."""
_LONGEST_TEXT = 10_000
_LONGEST_REVIEW = 200_000
_STOPPED = frozenset({"FAILED", "TIMEDOUT", "CANCELED", "INTERNAL_ERROR", "UPSTREAM_FAILED", "UPSTREAM_CANCELED"})
"""States of a run with which a playbook can go on."""


class IncidentNotFound(NotFound):
    """There is no such incident, as far as the principal may know."""


@dataclass(frozen=True, slots=True)
class NewIncident:
    """An incident that somebody opens by hand."""

    title: str
    subject: str
    severity: Severity = Severity.WARNING
    owner: str | None = None
    playbook: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything there is to tell of an incident."""

    incident: Incident
    entries: tuple[Entry, ...]
    steps: tuple[Step, ...]
    firings: tuple[Firing, ...]
    run_state: str | None = None

    @property
    def review(self) -> str | None:
        """What somebody has written last; None while nobody has."""
        written = [each for each in self.entries if each.kind is EntryKind.REVIEW]
        return str(written[-1].data.get("review")) if written else None


class Incidents:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, playbooks: Playbooks, jobs: PlaybookJobs, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._playbooks = playbooks
        self._jobs = jobs
        self._clock = clock

    # --- opening

    def open(self, principal: Principal, new: NewIncident) -> Incident:
        """Open one by hand.

        Raises:
            InvalidInput: It has no title.
            NotFound: There is no such playbook or owner, or no such table or model that the principal may know of.
        """
        with self._audited(principal, "openIncident", new.subject):
            title = _text(new.title, "a title")
            is_table = self._is_table(principal, new.subject)
            owner = self._catalog.identities.get(new.owner).name if new.owner else principal.name
            playbook = self._playbooks.named(new.playbook) if new.playbook else None
            now = self._now()
            wanted = Incident(0, title, new.subject, is_table, new.severity, owner, None, now, principal.name)
            with self._database.write() as connection:
                made = self._made(connection, principal, wanted, playbook)
            return self._with_changes(principal, made)

    def open_from(self, alert: Alert, firings: Sequence[Firing]) -> Incident | None:
        """What an alert asks for when it fires: a new incident, or one line more in one that is open about the same
        thing. None when somebody else has opened it meanwhile."""
        rule = alert.rule.incident
        assert rule is not None
        first = firings[0]
        subject = first.series.get("subject") or alert.rule.subject
        problem, playbook = None, None
        try:
            playbook = self._playbooks.named(rule.playbook) if rule.playbook else None
        except NotFound as error:
            problem = error.message
        now = self._now()
        acting = self._catalog.identities.as_owner(alert.principal)
        with self._database.write() as connection:
            waiting = {each.firing_id for each in fired.open_of(connection, [alert.alert_id]) if each.incident is None}
            mine = [each for each in firings if each.firing_id in waiting]
            if not mine:
                return None
            known = rows.every(connection, is_open=True, subject=subject, limit=1)
            if known:
                made = known[0]
            else:
                wanted = Incident(
                    0, _title(alert, mine), subject, alert.rule.events is None, alert.rule.severity, alert.owner,
                    alert.name, now, alert.principal, (first.began, first.window_end),
                )  # fmt: skip
                made = self._made(connection, acting, wanted, playbook)
            for each in mine:
                of = f"{each.series.text}: " if each.series.text else ""
                text = f"{alert.name} fires: {of}{each.why}"
                rows.note(connection, made.number, each.fired_at, EntryKind.ALERT, text, alert.principal,
                          {"firing": each.firing_id, "metric": alert.rule.metric, "value": each.value,
                           "threshold": each.threshold})  # fmt: skip
            fired.set_incident(connection, [each.firing_id for each in mine], made.number)
            if problem is not None:
                rows.note(connection, made.number, now, EntryKind.PLAYBOOK, problem, alert.principal)
        if known:
            return made
        made = self._with_changes(acting, made)
        if rule.start and playbook is not None:
            self._start_by_itself(acting, made)
        return made

    def _made(
        self, connection: "Connection", principal: Principal, wanted: Incident, playbook: KeptPlaybook | None
    ) -> Incident:
        made = rows.add(connection, wanted)
        now = made.opened_at
        by = f"by the alert {made.alert}" if made.alert else f"by {principal}"
        rows.note(connection, made.number, now, EntryKind.OPENED, f"Opened {by}: {made.title}", principal.name)
        if playbook is not None:
            rows.change(connection, made.number, playbook=playbook.name, playbook_revision=playbook.revision)
            rows.prepare(connection, made.number, playbook.playbook.steps)
        self._tell(connection, principal, EventType.INCIDENT_OPENED, made)
        found = rows.find(connection, made.number)
        assert found is not None
        return found

    def _start_by_itself(self, acting: Principal, incident: Incident) -> None:
        try:
            self.start(acting, incident.number)
        except BoathouseError as error:
            with self._database.write() as connection:
                text = f"The playbook did not start by itself: {error}"
                rows.note(connection, incident.number, self._now(), EntryKind.PLAYBOOK, text, acting.name)

    # --- telling

    def note(self, principal: Principal, number: int, text: str) -> None:
        """Add a line to the timeline.

        Raises:
            InvalidInput: It is empty, or too long.
        """
        with self._audited(principal, "noteIncident", number):
            self._required(principal, number)
            with self._database.write() as connection:
                rows.note(connection, number, self._now(), EntryKind.NOTE, _text(text, "a text"), principal.name)

    def assign(self, principal: Principal, number: int, owner: str) -> Incident:
        """Let somebody else, a user or a group, answer for it."""
        with self._audited(principal, "assignIncident", number, owner=owner):
            self._managed(principal, number)
            name = self._catalog.identities.get(owner).name
            with self._database.write() as connection:
                rows.change(connection, number, owner=name)
                rows.note(connection, number, self._now(), EntryKind.ASSIGNED, f"{name} answers for it", principal.name)
            return self._required(principal, number)

    def write_review(self, principal: Principal, number: int, review: str) -> None:
        """Keep the post-incident review, in Markdown; each text that was written stays in the timeline's data.

        Raises:
            InvalidInput: It is empty, or too long.
        """
        with self._audited(principal, "writeReview", number):
            self._managed(principal, number)
            text = _text(review, "what the review says", _LONGEST_REVIEW)
            with self._database.write() as connection:
                line = f"{principal} wrote the review"
                rows.note(connection, number, self._now(), EntryKind.REVIEW, line, principal.name, {"review": text})

    def changes_about(self, principal: Principal, subject: str, *, since: int, until: int) -> list[Change]:
        """What changed upstream of something in a stretch of time, the most likely to matter at its end first; as far
        as the principal may know."""
        with self._audited(principal, "getChanges", subject):
            return what_changed(
                self._catalog, principal, Break(subject, self._is_table(principal, subject), until, since, until)
            )

    def changed_before(self, principal: Principal, number: int) -> list[Change]:
        """What had changed before it began, looked for again with the rights of the principal."""
        with self._audited(principal, "getIncidentChanges", number):
            return self._changes(principal, self._required(principal, number))

    def close(self, principal: Principal, number: int, resolution: str) -> Incident:
        """Say that it is over, and what it was.

        Raises:
            Conflict: It is closed already.
        """
        with self._audited(principal, "closeIncident", number):
            self._managed(principal, number)
            text, now = _text(resolution, "what it was"), self._now()
            with self._database.write() as connection:
                found = rows.lock(connection, number)
                if found is None or not found.is_open:
                    raise Conflict(f"The incident {number} is closed.")
                rows.change(connection, number, closed_at=now, closed_by=principal.name, resolution=text)
                rows.note(connection, number, now, EntryKind.CLOSED, f"Closed: {text}", principal.name)
                self._tell(connection, principal, EventType.INCIDENT_CLOSED, found, resolution=text)
            return self._required(principal, number)

    # --- the playbook

    def start(self, principal: Principal, number: int, playbook: str | None = None) -> Incident:
        """Start the playbook of an incident, or another one; once.

        Raises:
            InvalidInput: None is prepared, and none is named.
            Conflict: It has been started.
            Denied: The principal may not run the playbook's job.
        """
        with self._audited(principal, "startPlaybook", number, playbook=playbook):
            found = self._managed(principal, number)
            if found.run_id is not None:
                raise Conflict(
                    f"The playbook of incident {number} was started: run {found.run_id}.",
                    hint=f"boathouse incident resume {number}",
                )
            name = playbook or found.playbook
            if name is None:
                raise InvalidInput(f"The incident {number} has no playbook.", hint="Name one: --playbook NAME")
            kept, job_id = self._require_start(principal, name)
            with self._database.write() as connection:
                locked = rows.lock(connection, number)
                if locked is None or locked.run_id is not None:
                    raise Conflict(f"The playbook of incident {number} was started meanwhile.")
                if kept.name != found.playbook or kept.revision != found.playbook_revision:
                    rows.prepare(connection, number, kept.playbook.steps)
                    rows.change(connection, number, playbook=kept.name, playbook_revision=kept.revision)
            run_id = self._jobs.run(principal, job_id, number, f"playbook:{number}")
            with self._database.write() as connection:
                rows.change(connection, number, run_id=run_id)
                text = f"The playbook {kept.name} began: run {run_id}"
                rows.note(connection, number, self._now(), EntryKind.PLAYBOOK, text, principal.name, {"run_id": run_id})
            return self._required(principal, number)

    def approve(self, principal: Principal, number: int, position: int, reason: str) -> Step:
        """Agree to a step; the playbook goes on by itself if it waits for that.

        Raises:
            Denied: The principal is in none of the groups that are asked.
        """
        with self._audited(principal, "approveStep", number, position=position):
            self._required(principal, number)
            text, now = _text(reason, "a reason"), self._now()
            with self._database.write() as connection:
                rows.lock(connection, number)
                step = self._step(connection, number, position)
                if step.step.approval is None:
                    raise InvalidInput(f"Step {position} of incident {number} needs nobody's approval.")
                groups = step.step.approval.groups
                if not _may_approve(principal, groups):
                    raise Denied(f"{principal} may not approve step {position}: a member of {' or '.join(groups)} may.")
                if step.approved_by is None:
                    rows.change_step(connection, step, approved_by=principal.name, approved_at=now)
                    line = f"{principal} approved step {position}, {step.step.text}: {text}"
                    rows.note(connection, number, now, EntryKind.APPROVAL, line, principal.name)
                return self._step(connection, number, position)

    def resume(self, principal: Principal, number: int) -> Incident:
        """Go on with a playbook that has stopped: what is done stays done.

        Raises:
            Conflict: It was not started, or is under way.
        """
        with self._audited(principal, "resumePlaybook", number):
            found = self._managed(principal, number)
            if found.run_id is None:
                raise Conflict(f"The playbook of incident {number} was not started.", hint="boathouse incident start")
            if not self._jobs.go_on(found.run_id):
                raise Conflict(f"Run {found.run_id} of the playbook is under way.")
            with self._database.write() as connection:
                text = f"{principal} let the playbook go on"
                rows.note(connection, number, self._now(), EntryKind.PLAYBOOK, text, principal.name)
            return found

    def go_on_approved(self) -> int:
        """Let the playbooks go on that wait for a step that is approved; gives their number."""
        with self._database.read() as connection:
            waiting = rows.approved_steps(connection)
        done = 0
        for step, run_id in waiting:
            if self._jobs.go_on(run_id):
                with self._database.write() as connection:
                    rows.change_step(connection, step, state=StepState.WAITING.value)
                done += 1
        return done

    # --- looking

    def allowed(self, principal: Principal, number: int) -> Allowed:
        """What the principal may do about it as it stands; to offer that, and nothing else."""
        with self._audited(principal, "getIncident", number):
            found = self._required(principal, number)
            with self._database.read() as connection:
                steps = rows.steps(connection, number)
            may_decide = self._may(self._managed, principal, number)
            is_ready = may_decide and found.is_open and found.run_id is None and found.playbook is not None
            state = self._jobs.state(found.run_id) if found.run_id is not None else None
            return Allowed(
                decide=may_decide,
                start=is_ready and self._may(self._require_start, principal, str(found.playbook)),
                resume=may_decide and state in _STOPPED,
                approve=frozenset(each.position for each in steps if _awaits(each, principal)),
            )

    def get(self, principal: Principal, number: int) -> Story:
        """Everything there is to tell.

        Raises:
            IncidentNotFound: There is none of that number, as far as the principal may know.
        """
        with self._audited(principal, "getIncident", number):
            found = self._required(principal, number)
            with self._database.read() as connection:
                told, steps = rows.entries(connection, number), rows.steps(connection, number)
                firings = fired.of_incident(connection, number)
            state = self._jobs.state(found.run_id) if found.run_id is not None else None
            return Story(found, tuple(told), tuple(steps), tuple(firings), state)

    def list(
        self, principal: Principal, *, is_open: bool | None = None, subject: str | None = None, limit: int = 100
    ) -> "list[Incident]":
        """Those that the principal may see, newest first."""
        with self._audited(principal, "listIncidents", None):
            with self._database.read() as connection:
                found = rows.every(connection, is_open=is_open, subject=subject, limit=limit)
            return [each for each in found if self._may_see(principal, each)]

    # --- within

    def _with_changes(self, principal: Principal, incident: Incident) -> Incident:
        """Fill the timeline with what had changed before. That fails for nobody: an incident without it is one too."""
        try:
            found = self._changes(principal, incident)
        except BoathouseError as error:
            with self._database.write() as connection:
                text = f"What had changed before could not be looked for: {error}"
                rows.note(connection, incident.number, self._now(), EntryKind.NOTE, text, principal.name)
            return incident
        with self._database.write() as connection:
            rows.replace_changes(connection, incident.number, found)
        return incident

    def _changes(self, principal: Principal, incident: Incident) -> "list[Change]":
        # Of data that is replayed the window lies long ago, and what changed it does not: then the alert is the break.
        at = incident.opened_at
        if incident.window is not None and at - LOOK_BACK_MS < incident.window[0] < at:
            at = incident.window[0]
        broken = Break(incident.subject, incident.is_table, at, at - LOOK_BACK_MS, incident.opened_at)
        return what_changed(self._catalog, principal, broken)

    def _tell(
        self, connection: "Connection", principal: Principal, type: EventType, incident: Incident, **more: Any
    ) -> None:
        data: Mapping[str, Any] = {
            "incident": incident.number, "title": incident.title, "alert": incident.alert, "owner": incident.owner,
            "severity": incident.severity.value, "kind": "table" if incident.is_table else "events", **more,
        }  # fmt: skip
        events.write(connection, [NewEvent(type, incident.subject, principal.name, data)], self._now())

    def _is_table(self, principal: Principal, subject: str) -> bool:
        if subject.count(".") != 2 or self._is_model(principal, subject):
            return False
        self._catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, subject)
        return True

    def _is_model(self, principal: Principal, subject: str) -> bool:
        try:
            return self._catalog.grants.allows(principal, Privilege.EXECUTE, SecurableKind.REGISTERED_MODEL, subject)
        except NotFound:
            return False

    def _may_see(self, principal: Principal, incident: Incident) -> bool:
        mine = {principal.name, *principal.groups}
        if principal.is_admin or incident.owner in mine or incident.opened_by == principal.name:
            return True
        try:
            return incident.is_table and self._catalog.grants.allows(
                principal, Privilege.SELECT, SecurableKind.TABLE, incident.subject
            )
        except BoathouseError:  # the table is gone
            return False

    def _required(self, principal: Principal, number: int) -> Incident:
        with self._database.read() as connection:
            found = rows.find(connection, number)
        if found is None or not self._may_see(principal, found):
            raise IncidentNotFound(f"There is no incident {number}.", hint="List them: boathouse incident list")
        return found

    def _managed(self, principal: Principal, number: int) -> Incident:
        """Its owner, who opened it, the owner of the table, administrators."""
        found = self._required(principal, number)
        mine = {principal.name, *principal.groups}
        if principal.is_admin or found.owner in mine or found.opened_by == principal.name:
            return found
        if found.is_table and self._catalog.grants.owner(SecurableKind.TABLE, found.subject) in mine:
            return found
        raise Denied(f"{principal} may not decide about incident {number}: {found.owner} answers for it.")

    def _require_start(self, principal: Principal, playbook: str) -> tuple[KeptPlaybook, int]:
        """
        Raises:
            Denied: The principal may not run the playbook's job.
        """
        kept = self._playbooks.named(playbook)
        assert kept.job_id is not None
        self._jobs.require_may_run(principal, kept.job_id)
        return kept, kept.job_id

    def _may(self, verb: Callable[..., object], *args: object) -> bool:
        try:
            verb(*args)
        except (Denied, NotFound):
            return False
        return True

    def _step(self, connection: "Connection", number: int, position: int) -> Step:
        found = rows.step(connection, number, position)
        if found is None:
            raise NotFound(f"The playbook of incident {number} has no step {position}.")
        return found

    def _audited(self, principal: Principal, action: str, name: object, **params: Any) -> Any:
        return self._catalog.audit.verb(principal, SERVICE, action, None, str(name), params)

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _title(alert: Alert, firings: Sequence[Firing]) -> str:
    more = f" and {len(firings) - 1} more" if len(firings) > 1 else ""
    of = f" of {firings[0].series.text}" if firings[0].series.text and alert.rule.metric else ""
    what = alert.rule.metric or ("no new data" if alert.rule.missing else firings[0].why)
    return f"{alert.rule.description or f'{what}{of}{more}'}"[:300]


def _may_approve(principal: Principal, groups: Sequence[str]) -> bool:
    return principal.is_admin or bool(principal.groups & set(groups))


def _awaits(step: Step, principal: Principal) -> bool:
    """Whether a step is still to be done and waits for the approval of somebody like the principal."""
    asked = step.step.approval
    if asked is None or step.approved_by is not None or step.state is StepState.DONE:
        return False
    return _may_approve(principal, asked.groups)


def _text(text: str, what: str, most: int = _LONGEST_TEXT) -> str:
    text = text.strip()
    if not 1 <= len(text) <= most:
        raise InvalidInput(f"Say {what}, in at most {most:,} characters.")
    return text
