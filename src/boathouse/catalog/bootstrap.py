"""What the first start puts into an empty catalog."""

from boathouse.catalog.grants import Grants
from boathouse.catalog.identities import Identities
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import identities as identity_rows
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.securables import (
    INFORMATION_SCHEMA,
    METASTORE_NAME,
    SYSTEM_CATALOG,
    Securable,
    SecurableKind,
)
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import ADMINS, EVERYONE, SYSTEM
from boathouse.metastore import Database

TARGET_CATALOGS = {
    "dev": "Development: everybody's experiments.",
    "staging": "Staging: what main would do in production.",
    "prod": "Production.",
}
BEFORE_PRODUCTION = frozenset({"dev", "staging"})
"""Whatever lies in these is on its way."""
SYSTEM_SCHEMAS = {
    "access": "Who did what, and where data went.",
    INFORMATION_SCHEMA: "What there is, as tables.",
    "lakeflow": "Jobs and their runs.",
    "mlflow": "Experiments and runs.",
    "models": "What gates have seen of models, and how their aliases moved.",
    "monitoring": "Decisions, alerts and incidents, and figures of endpoints, jobs and parts in each minute.",
    "serving": "Endpoints, what they serve, and who asked them.",
}
OPEN_SCHEMAS = frozenset({"models", "monitoring", "serving"})
"""Everybody may ask their tables: each row is shown to those who may know of what it tells of: a model, an endpoint, a
job."""
FIRST_TOKEN_COMMENT = "made by the first start"


class Bootstrap:
    """Lays down what every Boathouse has. Each step looks first, so that it can run at every start."""

    def __init__(
        self, database: Database, clock: Clock, securables: Securables, grants: Grants, identities: Identities
    ) -> None:
        self._database = database
        self._clock = clock
        self._securables = securables
        self._grants = grants
        self._identities = identities

    def run(self, os_user: str) -> str | None:
        """Make what is missing; the secret of the first administrator's token, or None when there was one already."""
        self._metastore()
        for name, comment in TARGET_CATALOGS.items():
            self._catalog(name, comment)
        self._catalog(SYSTEM_CATALOG, "Tables that Boathouse keeps about itself.")
        for schema, comment in SYSTEM_SCHEMAS.items():
            self._system_schema(schema, comment)
        if self._has_administrator():
            return None
        self._what_everyone_may()  # not at later starts: an administrator may have revoked it
        self._administrator(os_user)  # last: it marks the first start as done
        return self._identities.issue_token(SYSTEM, os_user, comment=FIRST_TOKEN_COMMENT).secret

    def _metastore(self) -> None:
        now = epoch_ms(self._clock.now())
        root = Securable(
            new_id(),
            SecurableKind.METASTORE,
            METASTORE_NAME,
            ADMINS,
            created_at=now,
            created_by=SYSTEM.name,
            updated_at=now,
            updated_by=SYSTEM.name,
        )
        with self._database.write() as connection:
            if rows.find(connection, (SecurableKind.METASTORE, METASTORE_NAME)) is None:
                rows.insert(connection, root, None)

    def _has_administrator(self) -> bool:
        with self._database.read() as connection:
            group = identity_rows.find(connection, identity_key(ADMINS))
            return group is not None and bool(identity_rows.members_of(connection, group.id))

    def _administrator(self, os_user: str) -> None:
        with self._database.read() as connection:
            known = {name for name in (os_user, ADMINS) if identity_rows.find(connection, identity_key(name))}
        if os_user not in known:
            self._identities.create_user(SYSTEM, os_user)
        if ADMINS not in known:
            self._identities.create_group(SYSTEM, ADMINS)
        self._identities.add_member(SYSTEM, ADMINS, os_user)

    def _catalog(self, name: str, comment: str) -> None:
        if not self._exists(SecurableKind.CATALOG, name):
            self._securables.create_catalog(SYSTEM, name, comment=comment, owner=ADMINS)

    def _system_schema(self, schema: str, comment: str) -> None:
        name = SchemaName(SYSTEM_CATALOG, schema)
        if not self._exists(SecurableKind.SCHEMA, str(name)):
            self._securables.create_schema(SYSTEM, name, comment=comment, owner=ADMINS)
            if schema in OPEN_SCHEMAS:
                self._give(SecurableKind.SCHEMA, str(name), Privilege.USE_SCHEMA, Privilege.SELECT)

    def _what_everyone_may(self) -> None:
        metastore = (SecurableKind.METASTORE, METASTORE_NAME)
        making = (Privilege.CREATE_EXPERIMENT, Privilege.CREATE_JOB, Privilege.CREATE_SECRET_SCOPE)
        self._give(*metastore, *making, Privilege.CREATE_ENDPOINT)
        self._give(SecurableKind.CATALOG, SYSTEM_CATALOG, Privilege.USE_CATALOG)
        information = f"{SYSTEM_CATALOG}.{INFORMATION_SCHEMA}"
        self._give(SecurableKind.SCHEMA, information, Privilege.USE_SCHEMA, Privilege.SELECT)

    def _give(self, kind: SecurableKind, name: str, *privileges: Privilege) -> None:
        held = {grant.privilege for grant in self._grants.direct(SYSTEM, kind, name, grantee=EVERYONE)}
        if not held.issuperset(privileges):
            self._grants.grant(SYSTEM, EVERYONE, privileges, kind, name)

    def _exists(self, kind: SecurableKind, name: str) -> bool:
        with self._database.read() as connection:
            return rows.find(connection, (kind, name)) is not None
