"""A version that shall answer, opened: where its files lie, which online tables it reads, which inputs are masked."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from boathouse.catalog import Catalog, Function, Language, Privilege, SecurableKind, Table
from boathouse.catalog.definitions import function_json
from boathouse.catalog.repository import securables
from boathouse.features.feature_spec import FeatureSpec
from boathouse.features.online.addresses import resolved
from boathouse.features.online.nouns import OnlineStoreInfo, Publication
from boathouse.features.online.registry.service import LocalOnlineRegistry
from boathouse.features.specs.spec_files import SPEC_FILE, read_spec
from boathouse.features.tables.feature_tables import feature_table_of
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, NotFound
from boathouse.foundation.names import FunctionName, TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.models import Models
from boathouse.models.baselines import Baselines
from boathouse.serving.capture import repository as inference_tables
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind, ServedEntity
from boathouse.serving.preparing.masking import comes_in_requests, masked_by_tag, masked_in_answers, names_in
from boathouse.serving.snapshot.nouns import LiveEntity, OnlineFeatures

JsonObject = Mapping[str, object]


class NotThere(NotFound):
    """An entity cannot answer yet, or not any more; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An entity that can answer."""

    entity: LiveEntity
    features: OnlineFeatures | None = None
    tables: tuple[str, ...] = ()
    """Those it was trained on or takes features from."""
    spec: FeatureSpec | None = None
    """What it takes from them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Where everything is looked up."""

    catalog: Catalog
    models: Models
    online: LocalOnlineRegistry
    baselines: Baselines
    passwords: "Passwords"


class Passwords:
    """Passwords of online stores, each read from its secret once in a while: every reading is audited."""

    def __init__(self, read: Callable[[Principal, str, str], str], *, seconds: float = 60.0) -> None:
        self._read = read
        self._seconds = seconds
        self._known: dict[tuple[str, str, str], tuple[str, float]] = {}

    def get(self, owner: Principal, scope: str, key: str) -> str:
        wanted = (owner.name, scope, key)
        found, until = self._known.get(wanted, ("", 0.0))
        if time.monotonic() >= until:
            found = self._read(owner, scope, key)
            self._known[wanted] = (found, time.monotonic() + self._seconds)
        return found


class Opening:
    """Opens versions for one look at all endpoints; what it has read it does not read again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._publications: dict[str, list[Publication]] | None = None
        self._stores: dict[str, OnlineStoreInfo] | None = None
        self._owners: dict[str, Principal] = {}
        self._known: dict[tuple[str, int], tuple[Path, tuple[str, ...]]] = {}
        self._tables: dict[str, Table | None] = {}
        self._online: dict[tuple[str, str], JsonObject] = {}
        """By owner and feature table."""

    def open(
        self, endpoint_id: str, owner: str, served: ServedEntity, version: int | None, *, with_baseline: bool = False
    ) -> Opened:
        """
        Args:
            version: Of a model; of a feature spec None.

        Raises:
            NotThere: It cannot answer.
        """
        entity_id = entity_id_of(endpoint_id, served, version)
        try:
            if served.kind is EntityKind.FEATURE_SPEC:
                return self._open_spec(entity_id, owner, served)
            return self._open_model(entity_id, owner, served, version or 0, with_baseline=with_baseline)
        except NotThere:
            raise
        except (NotFound, Denied, InvalidInput) as error:
            raise NotThere(str(error)) from error

    def function(self, owner: str, full_name: str) -> JsonObject:
        """A function as the data plane needs it, resolved with the right of the endpoint's owner.

        Raises:
            NotThere: It is not there, or the owner may not execute it.
        """
        try:
            found = self._parts.catalog.functions.resolve(self._owner(owner), FunctionName.parse(full_name))
        except BoathouseError as error:
            raise NotThere(f"{owner}, who owns the endpoint, cannot use {full_name}: {error.message}") from error
        if found.language is Language.FEATURE_SPEC:
            raise NotThere(f"{full_name} is a feature spec, no function.")
        return _function_json(found)

    def masked(
        self, endpoint_id: str, target: CaptureTarget | None, opened: Sequence[Opened], tags: Sequence[str]
    ) -> frozenset[str]:
        """What of requests and answers carries one of the tags, in a table behind it or where predictions are kept."""
        found = masked_by_tag(opened, self._table, tags)
        predictions = self._predictions(endpoint_id, target) if target is not None else None
        if predictions is None or not any(column.tags for column in predictions.columns):
            return found
        return found | masked_in_answers(predictions, tags, names_in(opened))

    def carries(self, endpoint_id: str, target: CaptureTarget | None, opened: Sequence[Opened], tag: str) -> bool:
        """Whether something with the tag comes in requests, features or answers."""
        if comes_in_requests(opened, self._table, tag):
            return True
        predictions = self._predictions(endpoint_id, target) if target is not None else None
        return predictions is not None and bool(masked_in_answers(predictions, [tag], ()))

    # --- models

    def _open_model(
        self, entity_id: str, owner: str, served: ServedEntity, version: int, *, with_baseline: bool
    ) -> Opened:
        model = served.entity
        folder, trained = self._files(model, version)
        baseline = self._parts.baselines.folder(model, version) if with_baseline else None
        entity = LiveEntity(
            entity_id=entity_id,
            name=served.name,
            kind=EntityKind.MODEL,
            entity=model,
            version=version,
            folder=str(folder),
            baseline_folder=None if baseline is None else str(baseline),
        )
        file = folder / SPEC_FILE
        if not file.is_file():
            return Opened(entity, tables=trained)
        spec = read_spec(file.read_text(encoding="utf-8"), place=f"{model}@{version}/{SPEC_FILE}")
        features = self._features(owner, spec, f"{model}@{version}")
        return Opened(entity, features, tuple(dict.fromkeys([*trained, *features.tables])), spec)

    def _files(self, model: str, version: int) -> tuple[Path, tuple[str, ...]]:
        """Where the files of a version lie, and the tables that it was trained on."""
        if (model, version) not in self._known:
            if not self._parts.models.repository.has_version(model, version):
                raise NotThere(f"{model} has no version {version} yet.")
            folder = self._parts.models.files.folder(model, version)
            self._known[model, version] = folder, self._trained_on(model, version)
        return self._known[model, version]

    def _trained_on(self, model: str, version: int) -> tuple[str, ...]:
        run_id = self._parts.baselines.run_of(model, version)
        if run_id is None:
            return ()
        return tuple(dict.fromkeys(each.table_name for each in self._parts.models.repository.inputs_of(run_id)))

    # --- features

    def _open_spec(self, entity_id: str, owner: str, served: ServedEntity) -> Opened:
        found = self._parts.catalog.functions.resolve(self._owner(owner), FunctionName.parse(served.entity))
        if found.language is not Language.FEATURE_SPEC:
            raise NotThere(f"{served.entity} is a function, no feature spec.")
        spec = read_spec(found.body, place=served.entity)
        # The content belongs to the identity: a spec that was replaced is another entity, and is loaded anew.
        content = sha256(found.body.encode()).hexdigest()
        entity = LiveEntity(
            entity_id=_hashed(entity_id, content),
            name=served.name,
            kind=EntityKind.FEATURE_SPEC,
            entity=served.entity,
            version=None,
            folder=None,
            spec=found.body,
        )
        features = self._features(owner, spec, served.entity)
        return Opened(entity, features, tuple(features.tables), spec)

    def _features(self, owner: str, spec: FeatureSpec, whose: str) -> OnlineFeatures:
        principal = self._owner(owner)
        tables = {str(name): self._known_online_table(principal, str(name), whose) for name in spec.tables}
        return OnlineFeatures(tables, {str(name): self.function(owner, str(name)) for name in spec.functions})

    def _known_online_table(self, owner: Principal, table: str, whose: str) -> JsonObject:
        """Versions that answer side by side take features from the same tables."""
        if (owner.name, table) not in self._online:
            self._online[owner.name, table] = self._online_table(owner, table, whose)
        return self._online[owner.name, table]

    def _online_table(self, owner: Principal, table: str, whose: str) -> JsonObject:
        grants = self._parts.catalog.grants
        if not grants.allows(owner, Privilege.SELECT, SecurableKind.TABLE, table):
            raise NotThere(
                f"{whose} takes features from {table}, which {owner}, who owns the endpoint, may not read or which is "
                "not there."
            )
        published = self._published().get(table, [])
        if not published:
            raise NotThere(
                f"{whose} takes features from {table}, which is not published to an online store.",
                hint=f"Publish it: boathouse features publish {table}",
            )
        newest = max(published, key=lambda each: each.published_at)
        info = self._known_stores()[newest.store]
        url = resolved(info.url, lambda scope, key: self._parts.passwords.get(owner, scope, key), os.environ.get)
        found = self._table(table)
        freshness = feature_table_of(found).freshness if found is not None else None
        return {
            "online_table": newest.online_table,
            "store": {"name": info.name, "kind": info.kind.value, "url": url},
            "freshness_seconds": None if freshness is None else freshness.total_seconds(),
        }

    def _published(self) -> dict[str, list[Publication]]:
        """What really is published, by feature table."""
        if self._publications is None:
            self._publications = {}
            for each in self._parts.online.publications(SYSTEM):
                if each.published_version >= 0:
                    self._publications.setdefault(each.source_table, []).append(each)
        return self._publications

    def _known_stores(self) -> dict[str, OnlineStoreInfo]:
        if self._stores is None:
            self._stores = {each.name: each for each in self._parts.online.stores(SYSTEM)}
        return self._stores

    # --- what they share

    def _table(self, name: str) -> Table | None:
        if name not in self._tables:
            try:
                found = self._parts.catalog.securables.resolve_table(SYSTEM, TableName.parse(name), Privilege.SELECT)
            except BoathouseError:
                found = None
            self._tables[name] = found
        return self._tables[name]

    def _predictions(self, endpoint_id: str, target: CaptureTarget) -> Table | None:
        """The table where the endpoint's predictions are kept, whatever it is called now."""
        with self._parts.catalog.database.read() as connection:
            table_id = inference_tables.find(connection, endpoint_id, TableKind.PREDICTIONS.value, target.full_prefix)
            return None if table_id is None else securables.find_table_by_id(connection, table_id)

    def _owner(self, name: str) -> Principal:
        if name not in self._owners:
            self._owners[name] = self._parts.catalog.identities.as_owner(name)
        return self._owners[name]


def entity_id_of(endpoint_id: str, served: ServedEntity, version: int | None) -> str:
    """The same for the same endpoint, served entity and version, whenever it is asked."""
    return _hashed(endpoint_id, served.name, served.kind.value, served.entity, str(version))


def _hashed(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def _function_json(function: Function) -> JsonObject:
    return {"full_name": function.full_name, **function_json(function)}
