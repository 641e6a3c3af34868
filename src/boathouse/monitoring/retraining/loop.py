"""The loop of every model that has one: look, decide, carry out; and the verbs of people."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.retraining import brakes
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.book import PolicyBook
from boathouse.monitoring.retraining.candidates import Candidates
from boathouse.monitoring.retraining.carrying_out import CarryingOut
from boathouse.monitoring.retraining.carrying_out import Parts as CarryingParts
from boathouse.monitoring.retraining.deciding import Deciding, Occasion, by_hand
from boathouse.monitoring.retraining.looking import Seen, When, look
from boathouse.monitoring.retraining.nouns import BrakeSaid, Decision, LoopState, Revision, Signal
from boathouse.monitoring.retraining.policy import Timekeeping
from boathouse.monitoring.retraining.telling import KIND, SERVICE, tell_frozen
from boathouse.monitoring.retraining.trainings import TrainingRuns
from boathouse.monitoring.retraining.triggers.contract import World

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
"""How often tables and ages are looked at; events are heard in every round."""
MOST_TRIES = 5
LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop works with."""

    database: Database
    catalog: Catalog
    trainings: TrainingRuns
    candidates: Candidates
    world: World
    clock: Clock


@dataclass(frozen=True, slots=True)
class LoopShown:
    """One model's loop, as people see it."""

    held: Revision
    known: LoopState
    brakes: Sequence[BrakeSaid]
    """What they say now."""
    under_way: Decision | None


class Retraining:
    """The verbs, and the loop's rounds.

    Example:
        retraining.book.put(principal, ModelName.parse("prod.flights.delay"), policy)
        retraining.decide(principal, ModelName.parse("prod.flights.delay"), as_of=instant)
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts.database
        self._catalog = parts.catalog
        self.book = PolicyBook(parts.database, parts.catalog, parts.trainings, parts.clock)
        self._deciding = Deciding(parts.database, parts.catalog, parts.trainings)
        carrying = CarryingParts(parts.database, parts.catalog, parts.trainings, parts.candidates, parts.clock)
        self._carrying = CarryingOut(carrying)
        self._poll_at = 0.0

    # --- rounds

    def round(self) -> int:
        """Look at every loop, and go on with what was decided; gives how much came of it."""
        if not self._parts.candidates.are_known:
            return 0
        with self._database.read() as connection:
            held = rows.policies(connection)
        polls = time.monotonic() >= self._poll_at
        if polls:
            self._poll_at = time.monotonic() + POLL_SECONDS
        made = 0
        for each in held:
            try:
                made += len(self._look(each, When(self._now(), polls=polls)) or ())
            except BoathouseError as error:
                log.warning("The retraining of %s cannot be looked at: %s", each.model, error)
            except Exception:  # one model's trouble is not the others'
                log.exception("The retraining of %s cannot be looked at", each.model)
        return made + self._carrying.go_on()

    def go_on(self) -> int:
        """Carry out what was decided, as far as that goes now."""
        return self._carrying.go_on()

    # --- verbs

    def decide(
        self, principal: Principal, model: ModelName, *, as_of: datetime | None = None, reason: str | None = None
    ) -> list[Decision]:
        """Look at all triggers at this moment and decide on what asks; with a reason, one asks oneself.

        Args:
            as_of: The present, in a past that is replayed: schedules, windows and brakes are counted by it.

        Raises:
            NoRetraining: Nobody has said how the model is trained again.
            Denied: The principal may not manage the model.
        """
        reason = _checked(reason, is_needed=False)
        params = {"as_of": as_of.isoformat() if as_of else None, "reason": reason}
        with self._catalog.audit.verb(principal, SERVICE, "askRetraining", KIND, str(model), params):
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, str(model))
            self._require_models()
            held = self.book.get(principal, model)
            when = When(self._now(), epoch_ms(as_of) if as_of else None, is_pressed=True)
            for _ in range(MOST_TRIES):
                found = self._look(held, when, asked_by=principal, reason=reason)
                if found is not None:
                    return found
            raise Conflict(f"The loop of {model} is being looked at by others all the time.", hint="Try again.")

    def freeze(self, principal: Principal, model: ModelName, reason: str) -> LoopState:
        """Start nothing any more, whatever asks; what runs goes on."""
        reason = _checked(reason, is_needed=True) or ""
        with self._catalog.audit.verb(principal, SERVICE, "freezeRetraining", KIND, str(model), {"reason": reason}):
            return self._change_frozen(principal, model, reason)

    def unfreeze(self, principal: Principal, model: ModelName, reason: str | None = None) -> LoopState:
        """Let the loop go on; what came to nothing before counts no more.

        Raises:
            Conflict: It is not frozen.
        """
        reason = _checked(reason, is_needed=False)
        with self._catalog.audit.verb(principal, SERVICE, "unfreezeRetraining", KIND, str(model), {"reason": reason}):
            return self._change_frozen(principal, model, None)

    def show(self, principal: Principal, model: ModelName) -> LoopShown:
        """What is said, remembered, and what the brakes say now."""
        held = self.book.get(principal, model)
        with self._database.read() as connection:
            known = rows.state(connection, held.model)
            instant = self._now()
            if held.policy.clock is Timekeeping.DATA and known.data_now is not None:
                instant = known.data_now
            standing = self._deciding.standing(connection, held, known, instant)
            active = rows.under_way(connection, held.model)
        return LoopShown(held, known, brakes.ask_all(held.policy.brakes, standing), active)

    def all(self, principal: Principal) -> list[Revision]:
        """The loops that the principal may see."""
        with self._database.read() as connection:
            found = rows.policies(connection)
        return [each for each in found if self._catalog.grants.allows(principal, Privilege.EXECUTE, KIND, each.model)]

    def decisions(
        self, principal: Principal, model: ModelName, *, limit: int = 50, before: int | None = None
    ) -> list[Decision]:
        """What was decided, newest first; of a model that nobody trains again by itself any more, too."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(model))
        with self._database.read() as connection:
            return rows.decisions(connection, str(model), limit, before)

    def decision(self, principal: Principal, model: ModelName, decision_id: int) -> Decision:
        """
        Raises:
            NotFound: There is no such decision about the model.
        """
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(model))
        with self._database.read() as connection:
            found = rows.decision(connection, decision_id)
        if found is None or found.model != str(model):
            raise NotFound(f"There is no decision {decision_id} about {model}.")
        return found

    # --- within

    def _look(
        self, held: Revision, when: When, *, asked_by: Principal | None = None, reason: str | None = None
    ) -> list[Decision] | None:
        principal = self._catalog.identities.principal(held.principal)
        with self._database.read() as connection:
            known = rows.state(connection, held.model)
            last_started = rows.last_started(connection, held.model)
        if known.version == 0 and known.position == 0:
            with self._database.write() as connection:
                rows.begin_state(connection, held.model, self._catalog.events.latest())
                known = rows.state(connection, held.model)
        world, events = self._parts.world, self._catalog.events
        seen = look(held, known, principal, world, events, when, last_started=last_started)
        if asked_by is not None and reason is not None:
            seen = _with(seen, by_hand(asked_by.name, reason, when))

        def has_champion() -> bool:
            return self._parts.candidates.champion(held.model) is not None

        who = asked_by.name if asked_by is not None else held.principal
        return self._deciding.decide(Occasion(held, who, has_champion), known, seen, when)

    def _change_frozen(self, principal: Principal, model: ModelName, reason: str | None) -> LoopState:
        name, now = str(model), self._now()
        self._catalog.grants.require(principal, Privilege.MANAGE, KIND, name)
        self.book.get(principal, model)
        for _ in range(MOST_TRIES):
            with self._database.write() as connection:
                rows.begin_state(connection, name, self._catalog.events.latest())
                known = rows.state(connection, name)
                if reason is None and not known.is_frozen:
                    raise Conflict(f"The retraining of {model} is not frozen.")
                if reason is not None:
                    changed = replace(known, frozen_at=now, frozen_by=principal.name, frozen_why=reason)
                else:
                    counted = rows.newest_decision(connection, name)
                    changed = replace(known, frozen_at=None, frozen_by=None, frozen_why=None, counted_from=counted)
                if rows.keep_state(connection, changed):
                    if reason is not None:
                        tell_frozen(connection, name, principal.name, reason, now)
                    return changed
        raise Conflict(f"The loop of {model} is being looked at by others all the time.", hint="Try again.")

    def _require_models(self) -> None:
        if not self._parts.candidates.are_known:
            raise Conflict("MLflow is still starting, so nothing is known of versions.", hint="Try again in a moment.")

    def _now(self) -> int:
        return epoch_ms(self._parts.clock.now())


def _with(seen: Seen, signal: Signal) -> Seen:
    return replace(seen, signals=(*seen.signals, signal))


def _checked(reason: str | None, *, is_needed: bool) -> str | None:
    found = (reason or "").strip()
    if not found and is_needed:
        raise InvalidInput("A reason is needed: whoever reads the history wants to know why.")
    if len(found) > LONGEST_REASON:
        raise InvalidInput(f"A reason has at most {LONGEST_REASON:,} characters.")
    return found or None
