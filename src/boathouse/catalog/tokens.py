"""Tokens: random secrets of which only the hash is kept."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import PrincipalNotFound
from boathouse.catalog.freshness import Fresh
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.repository import Connection, generations
from boathouse.catalog.repository import identities as rows
from boathouse.catalog.repository.identities import Identity, TokenRow
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.context import TaskContext, current_request
from boathouse.foundation.errors import Denied, InvalidInput, NotFound, Unauthenticated
from boathouse.foundation.ids import new_id, new_token
from boathouse.foundation.principals import Principal, PrincipalKind
from boathouse.metastore import Database

KEPT_AFTER_EXPIRY = timedelta(days=7)
"""How long an expired token is kept, so that its owner hears "expired" and not "unknown"."""

LONGEST_LIFETIME = timedelta(days=3650)

ISSUED = "tokens"
"""The counter that goes up with every new token; those who keep a list of the valid ones look at it."""

_MOST_REMEMBERED = 10_000
"""Every task has its own token; those of finished tasks must not fill the memory."""

_ASK_FOR_ANOTHER = "Make a new one with: boathouse tokens create"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its secret, which nobody can read again."""

    token_id: str
    secret: str
    expires_at: int | None
    created_at: int = 0
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be shown of a token."""

    token_id: str
    principal: str
    principal_id: int
    comment: str | None
    created_at: int
    created_by: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Identified:
    """Who showed a token, and the task it was issued for."""

    principal: Principal
    token_id: str
    task: TaskContext | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class ValidToken:
    """Whom a token stands for, and until when."""

    principal: Principal
    """With all groups that count."""
    expires_at: int | None


class TokenNotFound(NotFound):
    """No such token, or it is somebody else's."""


class Tokens:
    """Issues, recognises and revokes tokens."""

    def __init__(self, database: Database, clock: Clock, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._known: Fresh[dict[bytes, Identified]] = Fresh(database, "identities", dict)

    def issue(
        self,
        acting: Principal,
        name: str,
        *,
        lifetime_seconds: float | None,
        comment: str | None,
        task: TaskContext | None,
    ) -> IssuedToken:
        params = {"for": name, "lifetime_seconds": lifetime_seconds, "task_run_id": task.task_run_id if task else None}
        with self._audit.verb(acting, "identities", "createToken", params=params) as event:
            refuse_tasks()
            now = epoch_ms(self._clock.now())
            expires_at = None if lifetime_seconds is None else now + _checked_lifetime_ms(lifetime_seconds)
            secret, token_id = new_token(), new_id()
            with self._database.write() as connection:
                holder = self._holder(connection, acting, name)
                rows.forget_tokens_expired_before(connection, now - _milliseconds(KEPT_AFTER_EXPIRY))
                values = {
                    "token_id": token_id,
                    "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
                    "principal_id": holder.id,
                    "comment": comment,
                    "task": task.to_json() if task else None,
                    "created_at": now,
                    "created_by": acting.name,
                    "expires_at": expires_at,
                }
                rows.insert_token(connection, values)
                generations.bump(connection, ISSUED)
                event.commit_with(connection)
            return IssuedToken(token_id, secret, expires_at, now, comment)

    def valid(self) -> Mapping[str, ValidToken]:
        """Every token that works now, by the SHA-256 of its secret in hex, for those who recognise them without us."""
        with self._database.read() as connection:
            found = rows.valid_tokens(connection, epoch_ms(self._clock.now()))
            groups = {id: frozenset(rows.groups_above(connection, id).values()) for id in {each[1] for each in found}}
        return {
            hash: ValidToken(Principal(name, groups=groups[id]), expires_at) for hash, id, name, expires_at in found
        }

    def revoke_of_tasks(self) -> int:
        """End the tokens of all tasks, whose processes are of another time; gives their number."""
        with self._database.write() as connection:
            revoked = rows.revoke_tokens_of_tasks(connection, at=epoch_ms(self._clock.now()))
            generation = self.changed(connection)
        self.renew(generation)
        return revoked

    def forget_expired(self) -> int:
        """Remove tokens of which nobody needs to hear any more that they have expired."""
        with self._database.write() as connection:
            before = epoch_ms(self._clock.now()) - _milliseconds(KEPT_AFTER_EXPIRY)
            return rows.forget_tokens_expired_before(connection, before)

    def authenticate(self, secret: str) -> Identified:
        digest = hashlib.sha256(secret.encode()).digest()
        known = self._known.current()
        identified = known.get(digest)
        if identified is None:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            identified = known[digest] = self._look_up(digest)
        if identified.expires_at is not None and identified.expires_at <= epoch_ms(self._clock.now()):
            when = from_epoch_ms(identified.expires_at).isoformat(timespec="seconds")
            raise Unauthenticated(f"This token of {identified.principal} expired at {when}.", hint=_ASK_FOR_ANOTHER)
        return identified

    def revoke(self, acting: Principal, token_id: str) -> None:
        with self._audit.verb(acting, "identities", "deleteToken", params={"token_id": token_id}) as event:
            with self._database.write() as connection:
                found = rows.find_token_by_id(connection, token_id)
                if found is None or found.revoked_at is not None or not _may_handle(acting, found):
                    raise TokenNotFound(
                        f"There is no token {token_id} of yours.", hint="List them with: boathouse tokens list"
                    )
                rows.revoke_token(connection, token_id, at=epoch_ms(self._clock.now()))
                generation = self.changed(connection)
                event.commit_with(connection)
            self.renew(generation)

    def list(self, acting: Principal, name: str | None, *, everyone: bool) -> Sequence[TokenInfo]:
        """Tokens that still work, newest first."""
        with self._audit.verb(acting, "identities", "listTokens", params={"for": name}):
            now = epoch_ms(self._clock.now())
            with self._database.read() as connection:
                holder = None if everyone else self._holder(connection, acting, name or acting.name)
                if everyone and not acting.is_admin:
                    raise Denied(f"{acting} may not see the tokens of others: only administrators may.")
                found = rows.tokens_of(connection, holder.id if holder else None)
            return [_info(row) for row in found if row.revoked_at is None and not _is_over(row.expires_at, now)]

    def changed(self, connection: Connection) -> int:
        """Count a change of tokens, memberships or principals, in its own transaction."""
        return self._known.bump(connection)

    def renew(self, generation: int) -> None:
        self._known.renew(generation)

    def _holder(self, connection: Connection, acting: Principal, name: str) -> Identity:
        found = rows.find(connection, identity_key(name))
        if not acting.is_admin and (found is None or found.name != acting.name):
            raise Denied(
                f"{acting} may not handle tokens of {name}: only administrators may.",
                hint="Everybody may make tokens for themselves.",
            )
        if found is None:
            raise PrincipalNotFound(name, known=[each.name for each in rows.every(connection)])
        if found.kind is PrincipalKind.GROUP:
            raise InvalidInput(f"{found.name} is a group; tokens are for users and service principals.")
        return found

    def _look_up(self, digest: bytes) -> Identified:
        with self._database.read() as connection:
            found = rows.find_token(connection, digest.hex())
            if found is None:
                raise Unauthenticated("This token is not known here.", hint=_ASK_FOR_ANOTHER)
            if found.revoked_at is not None:
                raise Unauthenticated(f"This token of {found.principal.name} was revoked.", hint=_ASK_FOR_ANOTHER)
            if not found.principal.active:
                raise Unauthenticated(f"{found.principal.name} has been deactivated.")
            groups = frozenset(rows.groups_above(connection, found.principal.id).values())
        task = TaskContext.from_json(found.task) if found.task else None
        principal = Principal(found.principal.name, found.principal.kind, groups)
        return Identified(principal, found.token_id, task, found.expires_at)


def _may_handle(acting: Principal, token: TokenRow) -> bool:
    return acting.is_admin or acting.name == token.principal.name


def refuse_tasks() -> None:
    """A task's own token ends with the task; one that it made would go on with everything its principal may do."""
    task = current_request().task
    if task is not None:
        raise Denied(
            f"The task {task.task_key} of run {task.run_id} may not make tokens.",
            hint="Make the token outside of jobs, or let the job run as who shall do the work.",
        )


def _checked_lifetime_ms(seconds: float) -> int:
    if not 0 < seconds <= LONGEST_LIFETIME.total_seconds():
        raise InvalidInput(
            f"A token cannot live for {seconds:g} s.",
            hint=f"Choose more than 0 s and at most {LONGEST_LIFETIME.days} days, or no lifetime at all.",
        )
    return max(1, round(seconds * 1000))


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _is_over(expires_at: int | None, now: int) -> bool:
    return expires_at is not None and expires_at <= now


def _info(row: TokenRow) -> TokenInfo:
    return TokenInfo(
        row.token_id, row.principal.name, row.principal.id, row.comment, row.created_at, row.created_by, row.expires_at
    )
