"""The nouns of the law: what can be owned, granted, tagged and traced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boathouse.catalog.definitions import View


class SecurableKind(StrEnum):
    """The kinds of things that have an owner and grants. The metastore is the root above all of them."""

    METASTORE = "metastore"
    CATALOG = "catalog"
    SCHEMA = "schema"
    TABLE = "table"
    VOLUME = "volume"
    FUNCTION = "function"
    REGISTERED_MODEL = "registered_model"
    EXPERIMENT = "experiment"
    ENDPOINT = "endpoint"
    JOB = "job"
    SECRET_SCOPE = "secret_scope"


METASTORE_NAME = "metastore"
"""The full name of the root securable."""

SYSTEM_CATALOG = "system"
"""The catalog of system tables; Boathouse keeps it."""

INFORMATION_SCHEMA = "information_schema"
"""The schema of each catalog that tells what is in it."""


@dataclass(frozen=True, slots=True)
class Securable:
    """Anything that the catalog governs.

    ``full_name`` is what grants and people use: ``prod``, ``prod.flights``, ``prod.flights.weather``; an experiment's
    is its MLflow experiment id, a job's its job id (both never change; ``title`` is what people call it), a
    secret scope's its name in small letters.
    """

    id: str
    kind: SecurableKind
    full_name: str
    owner: str
    comment: str | None = None
    title: str | None = None
    properties: dict[str, str] = field(default_factory=dict[str, str])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0
    """Milliseconds since 1970-01-01 UTC, as all instants here."""
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table as Unity Catalog describes it."""

    name: str
    type_text: str
    """The Spark SQL type: ``bigint``, ``decimal(10,2)``, ``array<string>``."""
    type_name: str
    """The Unity Catalog type constant: ``LONG``, ``DECIMAL``, ``ARRAY``."""
    type_json: str
    """The column as a Spark struct field, in JSON."""
    position: int
    nullable: bool = True
    comment: str | None = None
    partition_index: int | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str], compare=False)
    """The law's, not the log's: a column with other tags is the same column."""


class TableType(StrEnum):
    MANAGED = "MANAGED"
    EXTERNAL = "EXTERNAL"
    VIEW = "VIEW"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a securable with columns and a place."""

    securable: Securable
    table_type: TableType
    data_source_format: str
    """``DELTA``; ``BOATHOUSE_SYSTEM`` for a system table or a table of an information schema."""
    storage_location: str
    """A URL: ``file:///...``; empty for a system table and for a view."""
    columns: tuple[Column, ...]
    view: "View | None" = None
    """What a view computes; told only to who may read it."""
    at_version: int | None = None
    """The version that whoever asked has to read, where the law says so; None: the newest."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A governed folder of files."""

    securable: Securable
    volume_type: str
    """``MANAGED`` or ``EXTERNAL``."""
    storage_location: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Somebody did something, or was refused. Append-only."""

    event_id: str
    event_time: int
    principal: str
    service: str
    """The room: ``catalog``, ``session``, ``models``, ``jobs``, ``bundles``, ``identities``,
    ``secrets``."""
    action: str
    """The verb in camelCase as Databricks' audit logs spell it: ``createTable``."""
    securable_kind: str | None = None
    securable_name: str | None = None
    status_code: int = 200
    error_message: str | None = None
    request_params: dict[str, str] = field(default_factory=dict[str, str])
    request_id: str = ""
    source_ip: str = ""
    user_agent: str = ""
    as_of: str | None = None


class NodeKind(StrEnum):
    """What a lineage edge can join."""

    TABLE = "table"
    VOLUME = "volume"
    PATH = "path"
    RUN = "run"
    """An MLflow run, by run id."""
    MODEL_VERSION = "model_version"
    """``catalog.schema.model`` with its version number."""
    JOB_RUN = "job_run"
    ENDPOINT = "endpoint"
    FUNCTION = "function"
    """A function that reads tables with the rights of its owner."""
    ONLINE_TABLE = "online_table"
    """A copy of a feature table in an online store, by its three-level name."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A thing, at a version where it has versions."""

    kind: NodeKind
    name: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnFlow:
    """Which columns of an edge's source its target's columns come from."""

    direct: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By column of the target: the columns whose values flow into it."""
    indirect: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By column of the target: the columns that decide which value it has."""
    rows: tuple[str, ...] = ()
    """The columns that decide which rows there are, and so concern every column of the target."""

    def to_json(self) -> dict[str, Any]:
        """As it is stored and sent."""
        return {
            "direct": {target: list(sources) for target, sources in self.direct.items()},
            "indirect": {target: list(sources) for target, sources in self.indirect.items()},
            "rows": list(self.rows),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ColumnFlow":
        return cls(
            {str(target): tuple(map(str, sources)) for target, sources in data["direct"].items()},
            {str(target): tuple(map(str, sources)) for target, sources in data["indirect"].items()},
            tuple(map(str, data["rows"])),
        )


@dataclass(frozen=True, slots=True)
class LineageEdge:
    """Data went from ``source`` to ``target``. A read that was not written anywhere has no target; the other way round
    for a write from memory."""

    source: LineageNode | None
    target: LineageNode | None
    operation: str = ""
    """``READ``, ``WRITE``, ``LOCATION_GRANTED``, ``TRAINED``, ``REGISTERED``..."""
    statement_id: str | None = None
    entity: dict[str, Any] = field(default_factory=dict[str, Any])
    """Filled in by the catalog from the request: principal, job run, task, bundle, target, commit."""
    session_id: str | None = None
    """Of an interactive session: what it writes from its memory comes from what it has read before."""
    columns: ColumnFlow | None = None
    """None where nobody knows, as for a write from memory."""


def is_system(full_name: str) -> bool:
    """Whether a table is one that Boathouse keeps about itself: it is no securable of its own."""
    catalog, _, rest = full_name.partition(".")
    return catalog == SYSTEM_CATALOG or rest.startswith(f"{INFORMATION_SCHEMA}.")
