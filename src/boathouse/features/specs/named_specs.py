# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Named feature specs: recipes kept in the catalog beside functions, with owner, comment, tags and grants.

Who may use one needs EXECUTE on it, and SELECT on what it reads: a spec lends nobody its owner's rights.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from boathouse.catalog import (
    ColumnFlow,
    Dependency,
    Function,
    Language,
    LineageEdge,
    LineageNode,
    NodeKind,
    Parameter,
    Securable,
    SecurableKind,
)
from boathouse.catalog.definitions import FEATURES
from boathouse.features.feature_spec import FeatureSpec, Lookup
from boathouse.features.lookups import FeatureFunction, FeatureLookup
from boathouse.features.specs.functions import functions_of, require_inputs
from boathouse.features.specs.resolving import Known, Names, function_names_of, resolve, tables_of
from boathouse.features.specs.spec_files import read_spec, spec_text
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.features.tables.opening import open_features
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import FunctionName, TableName
from boathouse.session import Session
from boathouse.session.running.access import new_statement


@dataclass(frozen=True, slots=True)
class FeatureSpecInfo:
    """A named spec."""

    name: str
    spec: FeatureSpec
    inputs: tuple[str, ...]
    """The columns that a frame has to bring: keys, instants, arguments of functions."""
    features: tuple[str, ...]
    """What it gives."""
    owner: str = ""
    comment: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0
    """Milliseconds since 1970-01-01 UTC."""


def create(
    session: Session,
    name: str,
    wishes: Sequence[FeatureLookup | FeatureFunction],
    *,
    exclude: Sequence[str] = (),
    comment: str | None = None,
) -> FeatureSpecInfo:
    """Keep a recipe under a name.

    Raises:
        AlreadyExists: A function or a spec has that name.
        NotFound, Denied: The principal may not read a table, execute a function, or create something in the schema.
        InvalidInput: The recipe does not fit its tables and functions.
    """
    full_name = FunctionName.parse(name)
    opened = open_features(session, tables_of(wishes), {})
    functions = functions_of(session, function_names_of(wishes))
    spec = FeatureSpec(resolve(wishes, Known(opened.feature_tables, functions)), exclude=tuple(exclude))
    for each in exclude:
        if each not in spec.features:
            raise InvalidInput(
                f"exclude_columns names {each}, which is no feature of the spec.",
                hint=did_you_mean(each, spec.features),
            )
    made = session.law.create_function(
        session.principal,
        Function(
            securable=Securable("", SecurableKind.FUNCTION, str(full_name), session.principal.name, comment=comment),
            language=Language.FEATURE_SPEC,
            parameters=_parameters(spec, opened.feature_tables, functions),
            returns="",
            body=spec_text(spec),
            columns=_columns(spec),
            dependencies=_dependencies(spec),
        ),
    )
    versions = {each: rows.version for each, rows in opened.tables.items()}
    node = LineageNode(NodeKind.FUNCTION, str(full_name))
    session.law.record_lineage(session.principal, feature_edges(spec, versions, node))
    return _info(made, spec)


def get(session: Session, name: str) -> FeatureSpecInfo:
    """A named spec.

    Raises:
        NotFound, Denied: There is none of that name, or the principal may not execute it.
        InvalidInput: The name is that of a function.
    """
    statement = new_statement("FEATURE SPEC", name)
    (found,) = session.law.resolve_functions(session.principal, [FunctionName.parse(name)], statement)
    _require_spec(found)
    return _info(found, read_spec(found.body, place=found.full_name))


def delete(session: Session, name: str) -> None:
    """Drop a named spec. Models that were trained with it carry it on.

    Raises:
        NotFound, Denied: There is none of that name, or the principal may not drop it.
        InvalidInput: The name is that of a function.
    """
    found = session.law.function(session.principal, FunctionName.parse(name))
    _require_spec(found)
    session.law.drop(session.principal, SecurableKind.FUNCTION, found.full_name)


def require_frame(spec: FeatureSpec, schema: pa.Schema, functions: Mapping[FunctionName, Function]) -> None:
    """Refuse a frame that a spec cannot be applied to.

    Raises:
        InvalidInput: It lacks a key, an instant or an argument, or has a column with the name of a feature.
    """
    names = Names.of_frame({each.name: each.type for each in schema})
    for step in spec.steps:
        if isinstance(step, Lookup):
            for column in (*(column for column, _ in step.keys), *([step.at] if step.at else [])):
                if column not in schema.names:
                    raise InvalidInput(
                        f"The frame has no column {column}, by which features of {step.table} are looked up.",
                        hint=did_you_mean(column, schema.names) or f"It has {', '.join(schema.names[:20])}.",
                    )
        else:
            require_inputs(functions[step.function], step, names.types or {})
        names.add(step)


def require_tables(spec: FeatureSpec, tables: Mapping[TableName, FeatureTable], whose: str) -> None:
    """Refuse tables that have changed such that a spec does not fit them any more.

    Args:
        whose: The model or named spec, for messages.

    Raises:
        InvalidInput: A column has gone, or is of another type.
    """
    for lookup in spec.lookups:
        types = {column.name: column.type_text for column in tables[lookup.table].columns}
        wanted = [entity for _, entity in lookup.keys]
        wanted += [name for name in (lookup.event, lookup.known.column) if name]
        wanted += [output.feature for output in lookup.outputs]
        for name in wanted:
            if name not in types:
                raise InvalidInput(
                    f"{whose} takes {name} from table {lookup.table}, which has no such column any more.",
                    hint="Bring the column back, or train again without it.",
                )
        for output in lookup.outputs:
            now = types[output.feature]
            if not _is_still(output.type_text, now):
                was = output.type_text.upper()
                raise InvalidInput(
                    f"{whose} takes {output.feature} from table {lookup.table} as {was}, and it is {now.upper()} now.",
                    hint="Give the feature of the new type a new name, or train again.",
                )


def feature_edges(spec: FeatureSpec, versions: Mapping[TableName, int], target: LineageNode) -> list[LineageEdge]:
    """The lineage from feature tables, functions and a named spec to what takes their features."""
    edges: list[LineageEdge] = []
    for table in spec.tables:
        columns: dict[str, list[str]] = {}
        for lookup in spec.lookups:
            for output in lookup.outputs if lookup.table == table else ():
                columns.setdefault(output.name, []).append(output.feature)
        flow = ColumnFlow({name: tuple(features) for name, features in columns.items()})
        source = LineageNode(NodeKind.TABLE, str(table), versions.get(table))
        edges.append(LineageEdge(source, target, FEATURES, columns=flow))
    used = [*map(str, spec.functions), *([spec.named] if spec.named else [])]
    edges += [LineageEdge(LineageNode(NodeKind.FUNCTION, name), target, FEATURES) for name in used]
    return edges


def _require_spec(found: Function) -> None:
    if found.language is not Language.FEATURE_SPEC:
        raise InvalidInput(
            f"{found.full_name} is a function, no feature spec.", hint="Use it in a FeatureFunction(udf_name=...)."
        )


def _info(found: Function, spec: FeatureSpec) -> FeatureSpecInfo:
    securable = found.securable
    return FeatureSpecInfo(
        name=found.full_name,
        spec=spec,
        inputs=tuple(each.name for each in found.parameters),
        features=tuple(each.name for each in found.columns),
        owner=securable.owner,
        comment=securable.comment,
        tags=securable.tags,
        created_at=securable.created_at,
    )


def _parameters(
    spec: FeatureSpec, tables: Mapping[TableName, FeatureTable], functions: Mapping[FunctionName, Function]
) -> tuple[Parameter, ...]:
    """What a frame has to bring, each with the type that the first who asks for it has."""
    found: dict[str, str] = {}
    for lookup in spec.lookups:
        types = {column.name: column.type_text for column in tables[lookup.table].columns}
        for column, entity in lookup.keys:
            found.setdefault(column, types[entity])
        if lookup.at:
            found.setdefault(lookup.at, types[lookup.event] if lookup.event else "timestamp")
    made = {name for lookup in spec.lookups for name in (output.name for output in lookup.outputs)}
    for step in spec.computations:
        types = {each.name: each.type_text for each in functions[step.function].parameters}
        for parameter, column in step.inputs:
            if column not in made:
                found.setdefault(column, types[parameter])
        made.add(step.name)
    return tuple(Parameter(name, type_text) for name, type_text in found.items())


def _columns(spec: FeatureSpec) -> tuple[Parameter, ...]:
    types = {output.name: output.type_text for lookup in spec.lookups for output in lookup.outputs}
    types |= {step.name: step.type_text for step in spec.computations}
    return tuple(Parameter(name, types[name]) for name in spec.features if name not in spec.exclude)


def _dependencies(spec: FeatureSpec) -> tuple[Dependency, ...]:
    tables = [
        Dependency(SecurableKind.TABLE, str(table), tuple(dict.fromkeys(_features_of(spec, table))))
        for table in spec.tables
    ]
    return (*tables, *(Dependency(SecurableKind.FUNCTION, str(name)) for name in spec.functions))


def _features_of(spec: FeatureSpec, table: TableName) -> Iterable[str]:
    return (output.feature for lookup in spec.lookups if lookup.table == table for output in lookup.outputs)


_WIDENED = ("tinyint", "smallint", "int", "bigint"), ("float", "double")


def _is_still(before: str, now: str) -> bool:
    """Whether a type is what it was; a wider number is welcome."""
    return before == now or any(
        before in sizes and now in sizes and sizes.index(before) <= sizes.index(now) for sizes in _WIDENED
    )
