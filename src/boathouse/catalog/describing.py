"""``describe`` for anything governed: what, whose, since when, from what, used by whom."""

from collections.abc import Callable, Mapping
from typing import Any

from boathouse.catalog.audit import Audit
from boathouse.catalog.definitions import Function
from boathouse.catalog.described import Description, JobNamed, TableState, UsedBy
from boathouse.catalog.functions import Functions
from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import IN_SCHEMA, SecurableKey, asked_name, canonical_name, in_words
from boathouse.catalog.lineage import Lineage
from boathouse.catalog.lineage_graph import Graph, Walk
from boathouse.catalog.lineage_names import GOVERNED, Asked
from boathouse.catalog.popularity import Popularity
from boathouse.catalog.repository import reads
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.search.finding import Search
from boathouse.catalog.securables import LineageNode, NodeKind, Securable, SecurableKind, Table, Volume
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound, Unavailable
from boathouse.foundation.names import FunctionName, TableName, VolumeName, quote_part, split_name
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

K = SecurableKind

Teller = Callable[[Principal, Securable, str | None], Mapping[str, Any]]
"""What a higher room tells of a thing of its own. The text is what followed ``@`` in the name; the answer's ``version``
is what it means."""

_BY_LEVELS = {1: (K.CATALOG,), 2: (K.SCHEMA,), 3: (K.TABLE, K.VOLUME, K.FUNCTION, K.REGISTERED_MODEL)}
_TITLED = (K.JOB, K.EXPERIMENT, K.ENDPOINT, K.SECRET_SCOPE)
"""The kinds that people call by a title, which several may share."""
_TRAINED_WITHIN = 3
"""Steps from a table over a run to a version of a model."""


class Describing:
    """Puts together what the parts of the law know of one thing."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        grants: Grants,
        *,
        securables: Securables,
        functions: Functions,
        lineage: Lineage,
        popularity: Popularity,
        search: Search,
    ) -> None:
        self._database = database
        self._audit = audit
        self._grants = grants
        self._securables = securables
        self._functions = functions
        self._lineage = lineage
        self._popularity = popularity
        self._search = search
        self._tellers: dict[SecurableKind, Teller] = {}

    def ask(self, kind: SecurableKind, teller: Teller) -> None:
        """Let a higher room add what it knows of things of a kind."""
        self._tellers[kind] = teller

    def describe(self, principal: Principal, text: str, kind: SecurableKind | None = None) -> Description:
        """All that may be known of what ``text`` names: a full name, the title or id of a job or experiment, a model
        with ``@version`` or ``@alias``.

        Raises:
            NotFound: There is nothing of that name that the principal may know of; proposes what is close.
            InvalidInput: Several things have that name.
        """
        text = asked_name(text)
        with self._audit.verb(principal, "catalog", "describe", kind, text):
            securable, selector = self._named(principal, text, kind)
            key = (securable.kind, securable.full_name)
            detail = self._detail(principal, securable)
            more = self._told(principal, securable, selector)
            version = more.get("version", {}).get("version") if selector else None
            up, down = self._neighbours(principal, securable, version)
            return Description(
                securable,
                detail,
                state_of(detail) if isinstance(detail, Table) else None,
                self._inside(principal, securable),
                tuple(self._grants.effective(principal, *key)),
                up,
                down,
                self._used_by(principal, securable),
                more,
            )

    def used_by(self, principal: Principal, table: str) -> UsedBy:
        """Who uses a table, as far as the principal may know of them.

        Raises:
            NotFound: There is no such table that the principal may know of.
        """
        return self._used_by(principal, self._securables.get(principal, K.TABLE, table))

    def _named(self, principal: Principal, text: str, kind: SecurableKind | None) -> tuple[Securable, str | None]:
        found = self._all_named(principal, text, kind)
        if not found and "@" in text:
            name, _, selector = text.rpartition("@")
            found = self._all_named(principal, name, K.REGISTERED_MODEL if kind is None else kind)
            if found:
                return found[0], selector
        if len(found) > 1:
            named = [f"{in_words(each.kind)} {each.full_name}" for each in found]
            hint = "Say which: --kind, or the id."
            raise InvalidInput(f"{text!r} names several things: {', '.join(named)}.", hint=hint)
        if not found:
            close = self._search.suggest(principal, text)
            hint = f"Did you mean {' or '.join(close[:3])}?" if close else "boathouse search finds what there is."
            noun = in_words(kind).capitalize() if kind else None
            nothing = f"{noun} {text} was not found." if noun else f"There is nothing named {text}."
            raise NotFound(nothing, hint=hint)
        return found[0], None

    def _all_named(self, principal: Principal, text: str, kind: SecurableKind | None) -> list[Securable]:
        keys: list[SecurableKey] = []
        try:
            parts = split_name(text)
            name = ".".join(map(quote_part, parts))
            keys = [
                (each, canonical_name(each, name)) for each in _BY_LEVELS.get(len(parts), ()) if kind in (None, each)
            ]
        except InvalidInput:
            pass  # the title of a job may be anything
        with self._database.read() as connection:
            found = [each for key in keys if (each := rows.find(connection, key)) is not None]
            found += rows.titled(connection, [each for each in _TITLED if kind in (None, each)], text)
        return [each for each in found if self._grants.visible(principal, each.kind, [each.full_name])]

    def _detail(self, principal: Principal, securable: Securable) -> Table | Volume | Function | None:
        match securable.kind:
            case K.TABLE:
                return self._securables.table(principal, TableName.parse(securable.full_name))
            case K.VOLUME:
                return self._securables.volume(principal, VolumeName.parse(securable.full_name))
            case K.FUNCTION:
                return self._functions.function(principal, FunctionName.parse(securable.full_name))
            case _:
                return None

    def _inside(self, principal: Principal, securable: Securable) -> dict[SecurableKind, int]:
        if securable.kind not in (K.CATALOG, K.SCHEMA):
            return {}
        with self._database.read() as connection:
            found = rows.everything_in(connection, securable)
        counts = {
            kind: len(self._grants.visible(principal, kind, [each.full_name for each in found if each.kind is kind]))
            for kind in (K.SCHEMA, *sorted(IN_SCHEMA))
        }
        return {kind: count for kind, count in counts.items() if count}

    def _neighbours(
        self, principal: Principal, securable: Securable, version: int | None
    ) -> tuple[Graph | None, Graph | None]:
        asked = _in_graph(securable, version)
        if asked is None:
            return None, None
        up = self._lineage.columns_up(principal, asked, Walk("up", depth=1))
        return up, self._lineage.columns_down(principal, asked, Walk("down", depth=1))

    def _used_by(self, principal: Principal, securable: Securable) -> UsedBy:
        with self._database.read() as connection:
            uses = self._popularity.of(connection, [securable.id])
            job_ids = reads.jobs_reading(connection, securable.id, self._popularity.since())
            jobs = {each: rows.find(connection, (K.JOB, str(each))) for each in job_ids}
        visible = self._grants.visible(principal, K.JOB, [str(each) for each in job_ids])
        named = tuple(
            JobNamed(id, job.title or job.full_name)
            for id, job in jobs.items()
            if job is not None and job.full_name in visible
        )
        asked = _in_graph(securable)
        models = self._models(principal, asked) if asked is not None and securable.kind is K.TABLE else ()
        return UsedBy(uses[securable.id], named, models) if uses else UsedBy(jobs=named, models=models)

    def _models(self, principal: Principal, asked: Asked) -> tuple[str, ...]:
        """Only by way of runs: a table made from this one is another table."""
        graph = self._lineage.columns_down(principal, asked, Walk("down", depth=_TRAINED_WITHIN - 1))
        runs = {step.target.node for step in graph.steps if step.source.node == graph.start.node}
        runs = {node for node in runs if node.kind is NodeKind.RUN}
        versions = {
            (step.target.node.name, step.target.node.version or 0)
            for step in graph.steps
            if step.source.node in runs and step.target.node.kind is NodeKind.MODEL_VERSION
        }
        return tuple(f"{name}@{version}" for name, version in sorted(versions))

    def _told(self, principal: Principal, securable: Securable, selector: str | None) -> dict[str, Any]:
        teller = self._tellers.get(securable.kind)
        if teller is None:
            return {}
        try:
            return dict(teller(principal, securable, selector))
        except Unavailable as error:  # the rest is worth knowing all the same
            return {"note": error.message}


def state_of(table: Table) -> TableState | None:
    """What the log of a Delta table says now; None where there is none, or where it may not be read."""
    from boathouse.lake import open_snapshot
    from boathouse.lake.history import history

    if table.data_source_format != "DELTA" or not table.storage_location:
        return None
    try:
        snapshot = open_snapshot(table.storage_location)
        commits = history(table.storage_location)
    except BoathouseError:  # a damaged table still has an owner, and grants, and lineage
        return None
    last = next((commit for commit in commits if commit.changes_data), commits[0])
    counts = [file.row_count for file in snapshot.files]
    return TableState(
        version=snapshot.version,
        size_bytes=sum(file.size_bytes for file in snapshot.files),
        files=len(snapshot.files),
        rows=sum(count or 0 for count in counts) if None not in counts and not snapshot.needs_delta_reader else None,
        partition_columns=snapshot.partition_columns,
        written_at=epoch_ms(last.timestamp),
        written_by=last.info.get("boathouse.principal"),
        operation=last.operation,
        statement_id=last.info.get("boathouse.statementId"),
    )


def _in_graph(securable: Securable, version: int | None = None) -> Asked | None:
    kind = next((node for node, governed in GOVERNED.items() if governed is securable.kind), None)
    return None if kind is None else Asked(LineageNode(kind, securable.full_name, version))
