"""The verbs on endpoints: what shall be served, by which policy, and what that meant at any time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boathouse.catalog import Catalog, Privilege, Securable, SecurableKind
from boathouse.catalog.events import EventType, NewEvent
from boathouse.catalog.events import repository as events
from boathouse.catalog.repository import generations
from boathouse.foundation.clock import Clock, epoch_ms, from_epoch_ms
from boathouse.foundation.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.serving.endpoints import repository as rows
from boathouse.serving.endpoints.access import ENDPOINT, Access, EndpointNotFound
from boathouse.serving.endpoints.given import RateLimitGiven, endpoint_name, requests_per_second
from boathouse.serving.endpoints.nouns import CaptureTarget, Endpoint, EndpointConfig, ReadyState, Standing, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.progress import Progress, Situation, Workers, progress_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LONGEST_TEXT = 10_000
_MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint that somebody wants."""

    name: str
    wanted: Wanted
    description: str | None = None
    tags: Mapping[str, str] | None = None
    policy: EndpointPolicy | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """An endpoint as it was at an instant."""

    name: str
    endpoint_id: str
    config: EndpointConfig
    policy: EndpointPolicy
    standing: Standing | None
    """None: nobody had looked yet what the configuration meant."""


class Endpoints:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._clock = clock
        self.access = Access(catalog)

    # --- changing

    def create(self, principal: Principal, new: NewEndpoint) -> Endpoint:
        """Keep a new endpoint; the principal owns it. What it serves need not be there yet.

        Raises:
            AlreadyExists: The name is taken.
            Denied: The principal may not make endpoints, or not serve a model that exists.
        """
        name = endpoint_name(new.name)
        with self.access.verb(principal, "createServingEndpoint", name):
            self.access.require_create(principal)
            self._require_wanted(principal, new.wanted)
            now = self._now()
            config = _config(1, new.wanted, now, principal.name)

            def keep(connection: "Connection", made: Securable) -> None:
                endpoint = Endpoint(
                    endpoint_id=made.id,
                    name=name,
                    config=config,
                    creator=principal.name,
                    created_at=now,
                    changed_at=now,
                    description=checked_text(new.description),
                    tags=checked_tags(new.tags or {}),
                    origin=new.origin,
                )
                rows.insert_endpoint(connection, endpoint)
                if new.policy is not None:
                    rows.put_policy(connection, endpoint.endpoint_id, new.policy, now, principal.name)
                self._changed(connection, principal, name, {"config_version": 1})

            try:
                self._catalog.securables.register(principal, ENDPOINT, name, comment=new.description, also=keep)
            except AlreadyExists as error:
                raise AlreadyExists(f"There is an endpoint {name} already.") from error
            return self._found(name)

    def update_config(
        self,
        principal: Principal,
        name: str,
        wanted: Wanted,
        *,
        seen: EndpointConfig | None = None,
        reason: str | None = None,
    ) -> Endpoint:
        """Serve something else. What is served already makes no new version.

        Args:
            seen: Only as long as this one is in force.
            reason: Why, where somebody has said so; it is kept with the configuration, its event and its audit record.

        Raises:
            Denied: The principal may not manage the endpoint, or not serve a model that exists.
            Conflict: Another configuration is in force than the one that was seen.
        """
        because = {"reason": reason} if reason else {}
        with self.access.verb(principal, "updateServingEndpointConfig", name, **because) as event:
            self.access.require(principal, Privilege.MANAGE, name)
            self._require_wanted(principal, wanted)
            with self._database.write() as connection:
                endpoint = self._held(connection, name)
                if seen is not None and endpoint.config != seen:
                    raise Conflict(f"The endpoint {name} was changed meanwhile.")
                if _wanted(endpoint.config) != wanted:
                    config = _config(endpoint.config.version + 1, wanted, self._now(), principal.name, reason)
                    rows.add_config(connection, endpoint.endpoint_id, config)
                    self._changed(connection, principal, name, {"config_version": config.version, **because})
                event.commit_with(connection)
            return self._found(name)

    def describe(self, principal: Principal, name: str, description: str | None) -> Endpoint:
        """Change what is said about an endpoint."""
        with self.access.verb(principal, "describeServingEndpoint", name) as event:
            self.access.require(principal, Privilege.MANAGE, name)
            with self._database.write() as connection:
                held = self._held(connection, name)
                rows.change(connection, held.endpoint_id, self._now(), description=checked_text(description))
                event.commit_with(connection)
            return self._found(name)

    def set_tags(
        self, principal: Principal, name: str, tags: Mapping[str, str], *, remove: Sequence[str] = ()
    ) -> Endpoint:
        """Add or change tags, and take others away; those not named stay."""
        with self.access.verb(
            principal, "patchServingEndpointTags", name, tags=dict(tags), remove=list(remove)
        ) as event:
            self.access.require(principal, Privilege.MANAGE, name)
            with self._database.write() as connection:
                held = self._held(connection, name)
                kept = {key: value for key, value in held.tags.items() if key not in remove}
                rows.change(connection, held.endpoint_id, self._now(), tags=checked_tags({**kept, **tags}))
                event.commit_with(connection)
            return self._found(name)

    def put_policy(self, principal: Principal, name: str, policy: EndpointPolicy | None) -> Endpoint:
        """Say how the endpoint changes, what it does when something fails, what it may use. None: the defaults hold.

        What holds already makes no new revision.
        """
        with self.access.verb(principal, "putServingEndpointPolicy", name) as event:
            self.access.require(principal, Privilege.MANAGE, name)
            with self._database.write() as connection:
                held, now = self._held(connection, name), self._now()
                current = rows.policy(connection, held.endpoint_id, held.policy_revision)
                told = {"policy_revision": held.policy_revision}
                if policy is None and held.policy_revision is not None:
                    rows.withdraw_policy(connection, held.endpoint_id, now)
                    self._changed(connection, principal, name, {"policy_revision": None})
                elif policy is not None and (held.policy_revision is None or not _same(policy, current)):
                    told["policy_revision"] = rows.put_policy(connection, held.endpoint_id, policy, now, principal.name)
                    self._changed(connection, principal, name, told)
                event.commit_with(connection)
            return self._found(name)

    def set_origin(self, principal: Principal, name: str, origin: str | None) -> None:
        """Remember who deploys it."""
        self.access.require(principal, Privilege.MANAGE, name)
        with self._database.write() as connection:
            held = self._held(connection, name)
            rows.change(connection, held.endpoint_id, held.changed_at, origin=origin)

    def delete(self, principal: Principal, name: str) -> None:
        """Serve no more. What it was stays on record, and so do its inference tables."""
        with self.access.verb(principal, "deleteServingEndpoint", name):
            self.access.require(principal, Privilege.MANAGE, name)
            found = self._found(name)

            def close(connection: "Connection") -> None:
                now = self._now()
                rows.mark_deleted(connection, found.endpoint_id, now, principal.name)
                told = NewEvent(EventType.ENDPOINT_DELETED, name, principal.name, {"endpoint_id": found.endpoint_id})
                events.write(connection, [told], now)
                generations.bump(connection, rows.COUNTER_NAME)

            self._catalog.securables.forget(principal, ENDPOINT, name, also=close)

    # --- looking

    def get(self, principal: Principal, name: str) -> Endpoint:
        """
        Raises:
            EndpointNotFound: There is none of that name, as far as the principal may know.
        """
        with self.access.verb(principal, "getServingEndpoint", name):
            self.access.require(principal, Privilege.BROWSE, name)
            return self._found(name)

    def by_id(self, principal: Principal, endpoint_id: str) -> Endpoint:
        """As :meth:`get`, by id; its name is understood too."""
        with self._database.read() as connection:
            found = rows.find_by_id(connection, endpoint_id) or rows.find(connection, endpoint_id)
        if found is None:
            raise EndpointNotFound(f"There is no endpoint {endpoint_id[:80]}.")
        return self.get(principal, found.name)

    def list(self, principal: Principal) -> "list[Endpoint]":
        """The endpoints that the principal may see, by name."""
        with self.access.verb(principal, "listServingEndpoints", None):
            with self._database.read() as connection:
                found = rows.every(connection)
            visible = self.access.visible(principal, [each.name for each in found])
            return [each for each in found if each.name in visible]

    def policy(self, principal: Principal, name: str) -> EndpointPolicy:
        """The policy in force."""
        found = self.get(principal, name)
        with self._database.read() as connection:
            return rows.policy(connection, found.endpoint_id, found.policy_revision)

    def standing(self, principal: Principal, name: str) -> Standing | None:
        """What the endpoint stands for now; None before anybody has looked."""
        found = self.get(principal, name)
        with self._database.read() as connection:
            return rows.standing(connection, found.endpoint_id)

    def standing_of(self, endpoint: Endpoint) -> Standing | None:
        """As :meth:`standing`, of an endpoint that somebody was shown."""
        with self._database.read() as connection:
            return rows.standing(connection, endpoint.endpoint_id)

    def situation(self, endpoint: Endpoint, workers: Workers, *, is_data_plane_here: bool) -> Situation:
        """How an endpoint that somebody was shown is at the moment.

        Args:
            is_data_plane_here: Whether workers are to come where there are none.
        """
        standing = self.standing_of(endpoint)
        progress = progress_of(endpoint, standing, workers, is_data_plane_here=is_data_plane_here)
        return Situation(standing, progress, self._answering(endpoint, progress))

    def situations(
        self, endpoints: "Sequence[Endpoint]", workers: Workers, *, is_data_plane_here: bool
    ) -> "list[Situation]":
        """As :meth:`situation`, of many that somebody was shown."""
        with self._database.read() as connection:
            standings = rows.newest_standings(connection, [each.endpoint_id for each in endpoints])
        found: list[Situation] = []
        for each in endpoints:
            standing = standings.get(each.endpoint_id)
            progress = progress_of(each, standing, workers, is_data_plane_here=is_data_plane_here)
            found.append(Situation(standing, progress, self._answering(each, progress)))
        return found

    def _answering(self, endpoint: Endpoint, progress: Progress) -> EndpointConfig:
        if progress.answering_version == endpoint.config.version:
            return endpoint.config
        with self._database.read() as connection:
            found = rows.config(connection, endpoint.endpoint_id, progress.answering_version)
        return found or endpoint.config

    def standings_text(self, principal: Principal, name: str, entity: str) -> str:
        """When an entity came to answer, in lines for people, oldest first."""
        lines: list[str] = []
        for each in reversed(self.history(principal, name)):
            versions = ", ".join(str(found.version) for found in each.entities if found.name == entity)
            told = f"version {versions} answers" if versions and each.state is ReadyState.READY else "not there"
            at = from_epoch_ms(each.since).isoformat(timespec="milliseconds")
            lines.append(f"{at} configuration {each.config_version}: {told}{f': {each.why}' if each.why else ''}")
        return "\n".join(lines)

    def may_capture(self, principal: Principal) -> Callable[[CaptureTarget], bool]:
        """Whether the principal may make an inference table at a place."""

        def may(target: CaptureTarget) -> bool:
            schema = f"{target.catalog}.{target.schema}"
            return self._catalog.grants.allows(principal, Privilege.CREATE_TABLE, SecurableKind.SCHEMA, schema)

        return may

    def history(self, principal: Principal, name: str, limit: int = 100) -> "list[Standing]":
        """What an endpoint stood for, newest first."""
        found = self.get(principal, name)
        with self._database.read() as connection:
            return rows.standings(connection, found.endpoint_id, limit)

    def configs(self, principal: Principal, name: str) -> "list[EndpointConfig]":
        """All configurations that an endpoint has been given, newest first."""
        found = self.get(principal, name)
        with self._database.read() as connection:
            return sorted(rows.configs(connection, found.endpoint_id), key=lambda each: -each.version)

    def at(self, principal: Principal, name: str, instant: int | None = None) -> Moment:
        """What answered under a name at an instant, or answers now. Of deleted ones administrators may ask.

        Raises:
            EndpointNotFound: There was none then, as far as the principal may know.
        """
        instant = self._now() if instant is None else instant
        with self.access.verb(principal, "getServingEndpoint", name, at=instant):
            with self._database.read() as connection:
                endpoint_id = rows.id_at(connection, name, instant)
                now = rows.find(connection, name)
                missing = EndpointNotFound(f"There was no endpoint {name} at that time.")
                if endpoint_id is None:
                    raise missing
                if now is not None and now.endpoint_id == endpoint_id:
                    self.access.require(principal, Privilege.BROWSE, name)
                elif not principal.is_admin:
                    raise missing
                config = rows.config_at(connection, endpoint_id, instant)
                if config is None:
                    raise missing
                revision = rows.policy_revision_at(connection, endpoint_id, instant)
                policy = rows.policy(connection, endpoint_id, revision)
                return Moment(name, endpoint_id, config, policy, rows.standing(connection, endpoint_id, at=instant))

    # --- within

    def _require_wanted(self, principal: Principal, wanted: Wanted) -> None:
        for entity in wanted.entities:
            self.access.require_entity(principal, entity)
        if wanted.capture is not None and wanted.capture.is_enabled:
            self._require_capture(principal, wanted.capture)

    def _require_capture(self, principal: Principal, target: CaptureTarget) -> None:
        """The inference table is made with the rights of who owns the endpoint."""
        schema = f"{target.catalog}.{target.schema}"
        try:
            self._catalog.grants.require(principal, Privilege.CREATE_TABLE, SecurableKind.SCHEMA, schema)
        except NotFound as error:
            raise InvalidInput(
                f"The inference table cannot lie in {schema}: {error.message}",
                hint="Name another place in auto_capture_config, or turn it off: enabled: false.",
            ) from error

    def _changed(self, connection: "Connection", principal: Principal, name: str, data: Mapping[str, object]) -> None:
        events.write(connection, [NewEvent(EventType.ENDPOINT_CHANGED, name, principal.name, data)], self._now())
        generations.bump(connection, rows.COUNTER_NAME)

    def _held(self, connection: "Connection", name: str) -> Endpoint:
        found = rows.find(connection, name)
        if found is None:
            raise Conflict(f"The endpoint {name} was deleted meanwhile.")
        return found

    def _found(self, name: str) -> Endpoint:
        with self._database.read() as connection:
            found = rows.find(connection, name)
        if found is None:
            raise EndpointNotFound(f"There is no endpoint {name}.")
        return found

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def checked_text(text: str | None) -> str | None:
    """
    Raises:
        InvalidInput: It is too long.
    """
    if text is not None and len(text) > _LONGEST_TEXT:
        raise InvalidInput(f"A description has at most {_LONGEST_TEXT:,} characters.")
    return text or None


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """
    Raises:
        InvalidInput: There are too many, or one is too long.
    """
    if len(tags) > _MOST_TAGS:
        raise InvalidInput(f"An endpoint has at most {_MOST_TAGS} tags.")
    for key, value in tags.items():
        if not key.strip() or len(key) > 255 or len(value) > 1_000:
            raise InvalidInput(f"The tag {key[:40]!r} is not valid: 1 to 255 characters, its value at most 1,000.")
    return dict(tags)


def _config(version: int, wanted: Wanted, now: int, by: str, reason: str | None = None) -> EndpointConfig:
    return EndpointConfig(version, wanted.entities, wanted.routes, wanted.capture, now, by, reason)


def _wanted(config: EndpointConfig) -> Wanted:
    return Wanted(config.entities, config.routes, config.capture)


def _same(one: EndpointPolicy, two: EndpointPolicy) -> bool:
    return rows.policy_document(one) == rows.policy_document(two)


def with_rate_limits(policy: EndpointPolicy | None, limits: Sequence[RateLimitGiven]) -> EndpointPolicy:
    """A policy with the strictest of the limits that clients of the Databricks API set."""
    policy = policy or EndpointPolicy()
    changed = policy.limits.model_copy(update={"requests_per_second": requests_per_second(limits)})
    return policy.model_copy(update={"limits": changed})
