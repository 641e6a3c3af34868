"""From what the snapshot says of features to what reads them, without asking the control plane."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.serving.answering.features import RequestFeatures
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.snapshot.nouns import LiveEntity, OnlineFeatures

if TYPE_CHECKING:
    from boathouse.features.feature_spec import FeatureSpec
    from boathouse.features.online.contract import OnlineTable
    from boathouse.features.specs.functions import OnDemand
    from boathouse.foundation.names import TableName

_MODEL_SPEC = "feature_spec.yaml"
"""As ``features.specs.spec_files`` calls it; said here so that a model without features imports nothing."""
_LOCAL = "lmdb"


def open_features(entity: LiveEntity, features: OnlineFeatures | None) -> RequestFeatures | None:
    """What reads the features of an entity; None for a model that takes none.

    Raises:
        NotFound: A table is not published, or a function is gone.
        InvalidInput: The spec cannot be used online.
    """
    text = _text(entity)
    if text is None:
        return None
    from boathouse.features.specs.spec_files import read_spec

    whose = entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"
    spec = read_spec(text, place=f"{whose}/{_MODEL_SPEC}")
    told = features or OnlineFeatures({})
    _require_lookups_first(spec, whose)
    tables = {name: _known(told, name, whose) for name in spec.tables}
    opened = {name: _opened(each, name, whose) for name, each in tables.items()}
    freshness = {
        name: round(float(cast(float, seconds)) * 1_000_000)
        for name, each in tables.items()
        if (seconds := each.get("freshness_seconds")) is not None
    }
    is_fast = all(cast(Mapping[str, Any], each["store"])["kind"] == _LOCAL for each in tables.values())
    return RequestFeatures(
        spec, opened.__getitem__, _on_demand(spec, told, whose), freshness_us=freshness, is_fast=is_fast, whose=whose
    )


def _text(entity: LiveEntity) -> str | None:
    if entity.kind is EntityKind.FEATURE_SPEC:
        if entity.spec is None:
            raise NotFound(f"The text of feature spec {entity.entity} is not there.")
        return entity.spec
    file = Path(entity.folder or ".") / _MODEL_SPEC
    return file.read_text(encoding="utf-8") if entity.folder is not None and file.is_file() else None


def _require_lookups_first(spec: "FeatureSpec", whose: str) -> None:
    computed = {step.name for step in spec.computations}
    for lookup in spec.lookups:
        for column, _ in lookup.keys:
            if column in computed:
                raise InvalidInput(
                    f"{whose} looks features of {lookup.table} up by {column}, which is computed.",
                    hint="Online, keys come with the request.",
                )


def _known(told: OnlineFeatures, name: "TableName", whose: str) -> Mapping[str, Any]:
    found = told.tables.get(str(name))
    if found is None:
        raise NotFound(
            f"{whose} takes features of {name}, which is not published to an online store.",
            hint=f"Publish it: boathouse features publish {name}",
        )
    return found


def _opened(known: Mapping[str, Any], name: "TableName", whose: str) -> "OnlineTable":
    from boathouse.features.online.nouns import OnlineStoreInfo, StoreKind
    from boathouse.features.online.opening import open_store

    store = known["store"]
    opened = open_store(OnlineStoreInfo(str(store["name"]), StoreKind(store["kind"]), str(store["url"])))
    table = opened.table(str(known["online_table"]))
    if table is None:
        raise NotFound(
            f"{whose} takes features of {name}, and {known['online_table']} is not in the store {store['name']}.",
            hint=f"Publish it: boathouse features publish {name}",
        )
    return table


def _on_demand(spec: "FeatureSpec", told: OnlineFeatures, whose: str) -> "OnDemand | None":
    if not spec.functions:
        return None
    from boathouse.catalog import Securable, SecurableKind
    from boathouse.catalog.definitions import function_of
    from boathouse.features.specs.functions import OnDemand, require_on_demand
    from boathouse.foundation.principals import SYSTEM
    from boathouse.serving.fallback.lawless import session_without_law

    functions: dict[Any, Any] = {}
    for name in spec.functions:
        definition = told.functions.get(str(name))
        if definition is None:
            raise NotFound(f"{whose} computes a feature by {name}, and there is no such function.")
        owner = str(definition.get("owner") or SYSTEM.name)
        functions[name] = function_of(Securable("", SecurableKind.FUNCTION, str(name), owner=owner), definition)
        require_on_demand(functions[name])
    return OnDemand(session_without_law(), functions)
