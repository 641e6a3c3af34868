# pyright: reportUnknownParameterType=false
"""The client that people know: the verbs and arguments that Databricks documents for its class of this name.

Each verb is one call into the file that holds the work; what is Boathouse's own has arguments of its own, by name.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from boathouse.features.clocks import AT_ONCE, KnownTime, require_timedelta
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.errors import InvalidInput
from boathouse.session import Session, WriteReport, default_session

if TYPE_CHECKING:
    from boathouse.features.online.nouns import OnlineStoreInfo, Publication
    from boathouse.features.specs.named_specs import FeatureSpecInfo
    from boathouse.features.training.training_sets import TrainingSet

Features = Sequence[FeatureLookup | FeatureFunction]


class FeatureEngineeringClient:
    """Feature tables, training sets, models that carry their features, and online stores.

    Frames go in and come back in one kind: pandas, Polars or Arrow.

    Args:
        session: Whose rights and engine are used; the default session by default.
        model_registry_uri: MLflow's registry, where it is not the one that MLflow is set up with: the process is set to
            it before a model is logged or asked.
    """

    def __init__(self, *, session: Session | None = None, model_registry_uri: str | None = None) -> None:
        self._given = session
        self._model_registry_uri = model_registry_uri

    @property
    def _session(self) -> Session:
        if self._given is None:
            self._given = default_session()
        return self._given

    # Feature tables

    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | Sequence[str],
        df: Any = None,
        timeseries_column: str | None = None,
        partition_columns: str | Sequence[str] | None = None,
        schema: Any = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        known_time: str | KnownTime | Literal["commit"] | None = None,
        freshness: timedelta | None = None,
        timeseries_columns: str | Sequence[str] | None = None,
    ) -> FeatureTable:
        """Create a feature table, from rows or from an Arrow schema.

        Args:
            primary_keys: The key, with the time column or without it.
            timeseries_column: The event time of features that change.
            known_time: Since when values are known: a column, a :class:`KnownTime` with a lag, or ``"commit"`` for the
                instant at which ``write_table`` commits them. By default a value is known the moment it is so.
            freshness: How old the newest values may be, as promised to consumers.
            timeseries_columns: The time column by its other documented name.

        Raises:
            AlreadyExists: There is a table of that name.
            InvalidInput: A key or clock is missing from the rows, of a wrong type, or null.
        """
        from boathouse.features.tables import writing

        wish = writing.NewFeatureTable(
            name, _several(primary_keys), _time_column(timeseries_column, timeseries_columns),
            _several(partition_columns or ()), description,
            dict(tags or {}), known_time if known_time is not None else AT_ONCE, freshness,
        )  # fmt: skip
        return writing.create_table(self._session, wish, df=df, schema=schema)

    def write_table(self, *, name: str, df: Any, mode: Literal["merge", "overwrite"] = "merge") -> WriteReport:
        """Write rows in one commit: ``merge`` updates by primary key and adds, ``overwrite`` replaces all."""
        from boathouse.features.tables import writing

        return writing.write_table(self._session, name, df, mode=mode)

    def read_table(self, *, name: str, version: int | None = None) -> Any:
        """The rows of a feature table, as :func:`boathouse.table` gives them."""
        return self._session.table(name, version=version)

    def get_table(self, *, name: str) -> FeatureTable:
        """What the catalog knows of a feature table.

        Raises:
            NotFound: There is no such table.
            InvalidInput: It has no primary key.
        """
        from boathouse.features.tables.feature_tables import feature_table

        return feature_table(self._session, name)

    def delete_feature_table(self, *, name: str) -> None:
        """Drop a feature table with its rows. Refused while it is published to an online store."""
        from boathouse.features.tables import writing

        writing.delete_table(self._session, name)

    drop_table = delete_feature_table

    def set_feature_table_tag(self, *, name: str, key: str, value: str) -> None:
        from boathouse.features.tables import writing

        writing.set_tag(self._session, name, key, value)

    def delete_feature_table_tag(self, *, name: str, key: str) -> None:
        from boathouse.features.tables import writing

        writing.delete_tag(self._session, name, key)

    # Training and scoring

    def create_training_set(
        self,
        *,
        df: Any,
        feature_lookups: Features | None = None,
        label: str | Sequence[str] | None,
        exclude_columns: Sequence[str] | None = None,
        feature_spec: str | None = None,
        as_of: Literal["known", "latest"] = "known",
        table_versions: Mapping[str, int] | None = None,
        use_spark_native_join: bool = False,
    ) -> "TrainingSet":
        """Labels with features as they were known.

        Args:
            df: One row per example: keys, instants, the label, anything else that shall stay. No row is lost, no order
                changed.
            feature_spec: A named spec in place of ``feature_lookups``.
            as_of: ``known`` takes what was known at each row's instant; ``latest`` the corrected values.
            table_versions: Versions to read, by table; the newest by default.
            use_spark_native_join: Accepted for compatibility; there is one way of joining here.
        """
        from boathouse.features.training import training_sets

        return training_sets.create(
            self._session, df, feature_lookups, label=_several(label or ()), exclude=_several(exclude_columns or ()),
            feature_spec=feature_spec, as_of=as_of, table_versions=table_versions or {},
        )  # fmt: skip

    def log_model(
        self,
        *,
        model: Any,
        artifact_path: str | None = None,
        flavor: Any,
        training_set: "TrainingSet | None" = None,
        registered_model_name: str | None = None,
        name: str | None = None,
        infer_input_example: bool = False,
        **options: Any,
    ) -> Any:
        """Log a model with MLflow, with the recipe of its features packed in.

        Args:
            flavor: The MLflow module that logs such a model, as ``mlflow.lightgbm``.
            options: Go to the flavour's own ``log_model``.
        """
        from boathouse.features.training import packing

        return packing.log_model(
            self._session, model, flavor, training_set, name=name or artifact_path,
            registered_model_name=registered_model_name, infer_input_example=infer_input_example, options=options,
            registry_uri=self._model_registry_uri,
        )  # fmt: skip

    def score_batch(
        self,
        *,
        model_uri: str,
        df: Any,
        result_type: str | None = None,
        env_manager: str = "local",
        params: Any = None,
        use_spark_native_join: bool = False,
    ) -> Any:
        """Predictions for keys: looks features up as the model's recipe says, and adds a column ``prediction``.

        Columns of ``df`` that have the name of a feature override the lookup. Rows and order stay.

        Args:
            env_manager: ``local``: the model runs in this process.
            use_spark_native_join: Accepted for compatibility; there is one way of joining here.
        """
        from boathouse.features.training import scoring

        if env_manager != "local":
            raise InvalidInput(
                f"score_batch makes no environment for a model, as env_manager={env_manager!r} asks.",
                hint="Leave it at local, and run in an environment that has what the model needs: "
                "mlflow.pyfunc.get_model_dependencies(model_uri) tells.",
            )
        return scoring.score_batch(
            self._session, model_uri, df, result_type=result_type, params=params, registry_uri=self._model_registry_uri
        )

    def create_feature_spec(
        self, *, name: str, features: Features, exclude_columns: Sequence[str] | None = None
    ) -> "FeatureSpecInfo":
        """Keep a recipe under a name, as a securable of its own: for training sets and for serving."""
        from boathouse.features.specs import named_specs

        return named_specs.create(self._session, name, features, exclude=_several(exclude_columns or ()))

    def get_feature_spec(self, *, name: str) -> "FeatureSpecInfo":
        from boathouse.features.specs import named_specs

        return named_specs.get(self._session, name)

    def delete_feature_spec(self, *, name: str) -> None:
        from boathouse.features.specs import named_specs

        named_specs.delete(self._session, name)

    # Online stores

    def create_online_store(
        self,
        *,
        name: str,
        capacity: str | None = None,
        read_replica_count: int | None = None,
        kind: str = "lmdb",
        url: str | None = None,
    ) -> "OnlineStoreInfo":
        """Register an online store.

        Args:
            capacity: Accepted for compatibility (``CU_1``...); a store here is as large as its machine.
            read_replica_count: Accepted for compatibility.
            kind: ``lmdb`` (a folder of the home) or ``redis``.
            url: For Redis, ``redis://host:port/0``.
        """
        from boathouse.features.online import stores

        return stores.create(self._session, name, kind=kind, url=url, capacity=capacity)

    def get_online_store(self, *, name: str) -> "OnlineStoreInfo | None":
        from boathouse.features.online import stores

        return stores.get(self._session, name)

    def list_online_stores(self) -> "list[OnlineStoreInfo]":
        from boathouse.features.online import stores

        return stores.listed(self._session)

    def update_online_store(
        self,
        *,
        name: str,
        capacity: str | None = None,
        read_replica_count: int | None = None,
    ) -> "OnlineStoreInfo":
        """What is known of a store. Its capacity is accepted for compatibility, and changes nothing.

        Raises:
            NotFound: There is no such store.
        """
        from boathouse.features.online import stores

        return stores.known(self._session, name)

    def delete_online_store(self, *, name: str) -> None:
        from boathouse.features.online import stores

        stores.delete(self._session, name)

    def publish_table(
        self,
        *,
        online_store: "OnlineStoreInfo | str | None" = None,
        source_table_name: str,
        online_table_name: str | None = None,
        publish_mode: Literal["TRIGGERED", "CONTINUOUS", "SNAPSHOT"] = "TRIGGERED",
        features: Sequence[str] | None = None,
        time_to_live: timedelta | None = None,
    ) -> "Publication":
        """Publish the latest known value per key.

        Args:
            online_store: The default LMDB store of the home by default.
            online_table_name: The source's name with ``_online`` by default.
            publish_mode: ``SNAPSHOT`` publishes all rows; ``TRIGGERED`` what has changed since the last published
                version; ``CONTINUOUS`` goes on until it is stopped.
        """
        from boathouse.features.online.publishing import publishing

        require_timedelta(f"time_to_live of {source_table_name}", time_to_live)
        return publishing.publish(
            self._session, source_table_name, store=_named(online_store), online_table=online_table_name,
            mode=publish_mode, features=features, time_to_live=time_to_live,
        )  # fmt: skip

    def drop_online_table(self, *, name: str, online_store: "OnlineStoreInfo | str | None" = None) -> None:
        """Take an online table away: its readers find nothing any more. Its feature table stays.

        Args:
            name: What the online table is called, not its source.
            online_store: Where it lies; wherever that is by default.
        """
        from boathouse.features.online import stores
        from boathouse.features.online.publishing import publishing

        if (store := _named(online_store)) is not None:
            stores.require_in(self._session, name, store)
        publishing.unpublish(self._session, name)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _named(store: "OnlineStoreInfo | str | None") -> str | None:
    return store if isinstance(store, str) or store is None else store.name


def _time_column(name: str | None, others: str | Sequence[str] | None) -> str | None:
    """The time column, by whichever of its two names it was given."""
    found = _several(others or ())
    if len(found) > 1:
        raise InvalidInput(f"timeseries_columns is one column, not {len(found)}: {', '.join(found)}.")
    if name and found and name != found[0]:
        raise InvalidInput(
            f"timeseries_column says {name}, and timeseries_columns {found[0]}.", hint="Give one of them."
        )
    return name or (found[0] if found else None)
