# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Training sets: the rows of a frame with features as they were known, the same rows each time they are asked for.

When a set is made, its tables are authorised by one call and fixed at one version each; nothing is joined before it is
loaded or proven. What is joined then is kept unless it is large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.features.feature_spec import FeatureSpec
from boathouse.features.frames import Frame, read_frame, type_text
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.point_in_time import LookupReport
from boathouse.features.point_in_time.checking import require_fit
from boathouse.features.point_in_time.nouns import AsOf
from boathouse.features.specs import named_specs
from boathouse.features.specs.augmenting import Augmented, augment, look_up_all
from boathouse.features.specs.functions import OnDemand, functions_of
from boathouse.features.specs.resolving import Known, function_names_of, resolve, tables_of
from boathouse.features.tables.opening import Opened, open_features
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.session import Session

if TYPE_CHECKING:
    from boathouse.features.certificate import Certificate
    from boathouse.features.leaks import LeakReport

Features = Sequence[FeatureLookup | FeatureFunction]

KEPT_BYTES = 1 << 28
"""Features of all rows that take no more memory are kept: a set that is proven, looked at and loaded joins once."""


def create(
    session: Session,
    df: Any,
    wishes: Features | None,
    *,
    label: Sequence[str] = (),
    exclude: Sequence[str] = (),
    feature_spec: str | None = None,
    as_of: AsOf = "known",
    table_versions: Mapping[str, int] | None = None,
) -> "TrainingSet":
    """As :meth:`FeatureEngineeringClient.create_training_set`.

    Raises:
        NotFound, Denied: The principal may not read a table, or execute a function.
        InvalidInput: Lookups, frame and tables do not fit together; the message says what and where.
    """
    if (feature_spec is None) == (wishes is None):
        raise InvalidInput("A training set takes either feature_lookups or a feature_spec.", hint="Give one of them.")
    if as_of not in ("known", "latest"):
        raise InvalidInput(f"There is no as_of={as_of!r}.", hint="Use 'known' or 'latest'.")
    frame = read_frame(df, keep=True)
    _require_labels(frame.table.schema, label)
    versions = {TableName.parse(name): _number(name, version) for name, version in (table_versions or {}).items()}
    if feature_spec is not None:
        spec, opened = _of_named(session, feature_spec, frame.table.schema, versions)
    else:
        assert wishes is not None
        spec, opened = _of_wishes(session, wishes, frame.table.schema, versions)
    spec = replace(
        spec,
        exclude=(*spec.exclude, *exclude),
        labels=tuple(label),
        table_versions={str(name): each.version for name, each in opened.tables.items()},
        frame=tuple((field.name, type_text(field.type)) for field in frame.table.schema),
    )
    _require_excluded(spec)
    require_fit(frame.table.schema, [(lookup, opened.tables[lookup.table]) for lookup in spec.lookups])
    return TrainingSet(session, frame, spec, opened, as_of)


class TrainingSet:
    """The rows of a frame, and what their features are. Made by ``create_training_set``.

    Example:
        training_set = fe.create_training_set(df=labels, feature_lookups=[...], label="late")
        model.fit(training_set.load_df()[training_set.inputs], ...)
    """

    def __init__(self, session: Session, frame: Frame, spec: FeatureSpec, opened: Opened, as_of: AsOf) -> None:
        self.spec = spec
        """The recipe, resolved."""
        self.as_of: AsOf = as_of
        self.certificate: Certificate | None = None
        """The proof that ``certify`` has made."""
        self.leaks: LeakReport | None = None
        """What ``leak_signals`` has found."""
        self._session = session
        self._frame = frame
        self._opened = opened
        self._reports: tuple[LookupReport, ...] | None = None
        self._kept: Augmented | None = None

    @property
    def spine(self) -> pa.Table:
        """The rows as they were given: keys, instants, labels and whatever else stays."""
        return self._frame.table

    @property
    def opened(self) -> Opened:
        """The feature tables at the versions that are read, and the functions."""
        return self._opened

    @property
    def table_versions(self) -> Mapping[str, int]:
        """The Delta version of each table that is read."""
        return self.spec.table_versions

    @property
    def labels(self) -> tuple[str, ...]:
        return self.spec.labels

    @property
    def columns(self) -> list[str]:
        """The columns of ``load_df()``: those of the frame, then the features, without what is excluded."""
        names = [*self.spine.schema.names, *self.spec.features]
        return [name for name in names if name not in self.spec.exclude]

    @property
    def inputs(self) -> list[str]:
        """What a model may learn from: the columns without labels, keys and instants."""
        return inputs_of(self.spec, self.columns)

    @property
    def report(self) -> tuple[LookupReport, ...]:
        """What each lookup found; the set is joined for it if it has not been yet."""
        if self._reports is None:
            self.load_arrow()
        assert self._reports is not None
        return self._reports

    @cached_property
    def latest_report(self) -> tuple[LookupReport, ...]:
        """What each lookup would find if it were ignored since when values are known."""
        return look_up_all(self.spine, self.spec, self._opened.tables, as_of="latest").reports

    def load_df(self) -> Any:
        """All rows in their order with their features, as the kind of frame that was given."""
        return self._frame.given_back(self.columns, self._joined(self._frame.table).features)

    def load_arrow(self) -> pa.Table:
        """As ``load_df``, as an Arrow table."""
        return self._table(self._frame.table)

    def head(self, rows: int = 100) -> pa.Table:
        """The first rows; the others are not looked up."""
        reports = self._reports
        found = self._table(self._frame.table.slice(0, rows))
        self._reports = reports
        return found

    def certify(self, **options: Any) -> "Certificate":
        """Prove that each row holds what was known at its instant. See :mod:`boathouse.features.certificate`."""
        from boathouse.features import certificate

        self.certificate = certificate.certify(self._session, self, **options)
        return self.certificate

    def leak_signals(self, **options: Any) -> "LeakReport":
        """Signs that it knows more than a model will in use. See :mod:`boathouse.features.training.leak_signals`."""
        from boathouse.features.training import leak_signals

        self.leaks = leak_signals.leak_signals(self, **options)
        return self.leaks

    def __repr__(self) -> str:
        tables = ", ".join(f"{name}@v{version}" for name, version in self.table_versions.items())
        return (
            f"TrainingSet({self.spine.num_rows:,} rows, {len(self.spec.features)} features of {tables or 'no table'})"
        )

    def _table(self, frame: pa.Table) -> pa.Table:
        features = self._joined(frame).features
        return pa.table({name: features[name] if name in features else frame.column(name) for name in self.columns})

    def _joined(self, frame: pa.Table) -> Augmented:
        is_whole = frame is self._frame.table
        if is_whole and self._kept is not None:
            return self._kept
        with OnDemand(self._session, self._opened.functions) as functions:
            found = augment(frame, self.spec, self._opened.tables, functions, as_of=self.as_of)
        self._reports = found.reports
        if is_whole and sum(column.nbytes for column in found.features.values()) <= KEPT_BYTES:
            self._kept = found
        return found


def inputs_of(spec: FeatureSpec, columns: Sequence[str]) -> list[str]:
    """Of the columns of a training set, those that a model may learn from."""
    keys = {column for lookup in spec.lookups for column, _ in lookup.keys}
    instants = {lookup.at for lookup in spec.lookups if lookup.at}
    return [name for name in columns if name not in {*spec.labels, *keys, *instants}]


def _of_wishes(
    session: Session, wishes: Features, schema: pa.Schema, versions: Mapping[TableName, int]
) -> tuple[FeatureSpec, Opened]:
    opened = open_features(session, tables_of(wishes), versions)
    functions = functions_of(session, function_names_of(wishes))
    frame = {field.name: field.type for field in schema}
    steps = resolve(wishes, Known(opened.feature_tables, functions, frame))
    return FeatureSpec(steps), replace(opened, functions=functions)


def _of_named(
    session: Session, name: str, schema: pa.Schema, versions: Mapping[TableName, int]
) -> tuple[FeatureSpec, Opened]:
    spec = replace(named_specs.get(session, name).spec, named=name)
    opened = open_features(session, spec.tables, versions)
    functions = functions_of(session, spec.functions)
    named_specs.require_frame(spec, schema, functions)
    named_specs.require_tables(spec, opened.feature_tables, f"Feature spec {name}")
    return spec, replace(opened, functions=functions)


def _number(table: str, version: Any) -> int:
    if not isinstance(version, int) or isinstance(version, bool):
        raise InvalidInput(f"The version of {table} is {version!r}, which is no number.")
    return version


def _require_labels(schema: pa.Schema, labels: Sequence[str]) -> None:
    for label in labels:
        if label not in schema.names:
            raise InvalidInput(
                f"The frame has no column {label}, which is to be the label.",
                hint=did_you_mean(label, schema.names) or f"It has {', '.join(schema.names[:20])}.",
            )


def _require_excluded(spec: FeatureSpec) -> None:
    known = [*(name for name, _ in spec.frame), *spec.features]
    for name in spec.exclude:
        if name in spec.labels:
            raise InvalidInput(f"The label {name} is among exclude_columns.", hint="A training set keeps its labels.")
        if name not in known:
            raise InvalidInput(
                f"exclude_columns names {name}, which is neither a column of the frame nor a feature.",
                hint=did_you_mean(name, known),
            )
