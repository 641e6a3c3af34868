"""From a contract's words to SQL: what a good row is, and which figures a table has to have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from boathouse.catalog.contract_rules import OnViolation
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import quote_part
from boathouse.foundation.yaml_source import KeyPath, YamlSource
from boathouse.quality.contracts.nouns import ACTIONS, NONE, OPERATORS, ContractColumn, Kind, Term, Threshold

METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
_OLD_NAMES = {
    "nullcheck": "nullValues",
    "nullvalues": "nullValues",
    "missingvalues": "missingValues",
    "invalidvalues": "invalidValues",
    "validvalues": "invalidValues",
    "duplicatecount": "duplicateValues",
    "duplicatevalues": "duplicateValues",
    "unique": "duplicateValues",
    "rowcount": "rowCount",
}
"""What versions before 3.1 called them."""
_COMPARISONS = {
    "minimum": "{column} >= {value}",
    "maximum": "{column} <= {value}",
    "exclusiveMinimum": "{column} > {value}",
    "exclusiveMaximum": "{column} < {value}",
    "minLength": "length({column}) >= {value}",
    "maxLength": "length({column}) <= {value}",
    "pattern": "{column} RLIKE {value}",
    "multipleOf": "{column} % {value} = 0",
}
_FORMS = ("format", "timezone", "defaultTimezone")
"""Options that say how a value is written elsewhere; in a table it has a type."""


@dataclass(slots=True)
class Given:
    """What is at hand while a file is read."""

    source: YamlSource
    action: OnViolation | None = None
    """What the whole contract says becomes of rows that break a rule."""
    ignored: list[str] = field(default_factory=list[str])


def terms_of_column(column: ContractColumn, document: Mapping[str, Any], path: KeyPath, given: Given) -> Iterator[Term]:
    """What is promised of one column."""
    name = quote_part(column.name)
    base = Term("", Kind.ROWS, NONE, "", column.name, on_violation=given.action or OnViolation.QUARANTINE)
    if column.required:
        yield replace(base, name=f"{column.name} is there", sql=f"{name} IS NOT NULL")
    if column.enum:
        values = ", ".join(literal(each) for each in column.enum if each is not None)
        yield replace(base, name=f"{column.name} is known", sql=f"{name} IS NULL OR {name} IN ({values})")
    for option, value in column.options.items():
        if option in _FORMS:
            continue
        if option not in _COMPARISONS:
            given.ignored.append(f"{column.name}.logicalTypeOptions.{option}")
            continue
        if column.logical_type == "number" or column.logical_type == "integer" or option in ("minLength", "maxLength"):
            _require_number(value, given.source, path, option)
        condition = _COMPARISONS[option].format(column=name, value=literal(value))
        yield replace(base, name=f"{column.name} {option}", sql=f"{name} IS NULL OR {condition}")
    if column.unique:
        yield replace(base, name=f"{column.name} is unique", kind=Kind.MEASURE, sql=_duplicates([column.name]))
    for index, rule in enumerate(document.get("quality") or ()):
        yield from _quality(rule, column, (*path, "quality", index), given)


def terms_of_table(
    columns: Sequence[ContractColumn], document: Mapping[str, Any], path: KeyPath, given: Given
) -> Iterator[Term]:
    """What is promised of the table as a whole."""
    key = [each.name for each in columns if each.is_key]
    if key:
        name = f"one row per {', '.join(key)}"
        yield Term(name, Kind.MEASURE, NONE, _duplicates(key), key[0] if len(key) == 1 else None)
    for index, rule in enumerate(document.get("quality") or ()):
        yield from _quality(rule, None, (*path, "quality", index), given)


def literal(value: Any) -> str:
    """A value as Databricks SQL spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _quality(rule: Mapping[str, Any], column: ContractColumn | None, path: KeyPath, given: Given) -> Iterator[Term]:
    where = given.source.position(path)
    kind = str(rule.get("type") or ("sql" if rule.get("query") else "library")).lower()
    told = str(rule.get("name") or rule.get("metric") or rule.get("rule") or rule.get("description") or kind)[:200]
    name = f"{column.name}: {told}" if column is not None and column.name.lower() not in told.lower() else told
    severity = str(rule.get("severity") or "error").lower()
    base = Term(
        name,
        Kind.ROWS,
        NONE,
        "",
        None if column is None else column.name,
        severity,
        _action(rule, severity, given, path),
        rule.get("description"),
    )
    if kind == "text":
        given.ignored.append(f"quality {told!r} (a text for people)")
    elif kind == "custom":
        condition = rule.get("implementation")
        if str(rule.get("engine") or "").lower() != "boathouse" or not isinstance(condition, str):
            given.ignored.append(f"quality {told!r} (for {rule.get('engine') or 'another engine'})")
            return
        yield replace(base, sql=condition, threshold=_threshold(rule, where, default=NONE))
    elif kind == "sql":
        if not rule.get("query"):
            raise InvalidInput(f"{where}: the rule {told!r} has no query.", hint="Write query: SELECT count(*) ...")
        query = str(rule["query"])
        if column is not None:
            for spelled in ("${property}", "${column}", "{property}", "{column}"):
                query = query.replace(spelled, quote_part(column.name))
        yield replace(base, kind=Kind.QUERY, sql=query, threshold=_threshold(rule, where))
    elif kind == "library":
        yield _library(rule, column, base, where)
    else:
        given.ignored.append(f"quality {told!r} (of type {kind})")


def _library(rule: Mapping[str, Any], column: ContractColumn | None, base: Term, where: Any) -> Term:
    asked = str(rule.get("metric") or rule.get("rule") or "")
    metric = asked if asked in METRICS else _OLD_NAMES.get(asked.replace("_", "").lower())
    if metric is None:
        raise InvalidInput(f"{where}: there is no metric {asked!r}.", hint=f"There are {', '.join(METRICS)}.")
    arguments: Mapping[str, Any] = rule.get("arguments") or {}
    threshold = _threshold(rule, where)
    if metric == "rowCount":
        return replace(base, kind=Kind.MEASURE, sql="count(*)", threshold=threshold)
    if metric == "duplicateValues":
        columns = list(arguments.get("properties") or ([column.name] if column is not None else []))
        if not columns:
            raise InvalidInput(f"{where}: duplicates of what?", hint="Write arguments: {properties: [a, b]}.")
        return replace(base, kind=Kind.MEASURE, sql=_duplicates(columns), threshold=threshold)
    if column is None:
        raise InvalidInput(f"{where}: {metric} is about a column.", hint="Write it below the column.")
    name = quote_part(column.name)
    match metric:
        case "nullValues":
            good = f"{name} IS NOT NULL"
        case "missingValues":
            given = list(arguments.get("missingValues") or [None, ""])
            texts = ", ".join(literal(str(each)) for each in given if each is not None)
            tests = [f"{name} IS NOT NULL"] if None in given or "missingValues" not in arguments else []
            tests += [f"({name} IS NULL OR CAST({name} AS STRING) NOT IN ({texts}))"] if texts else []
            good = " AND ".join(tests) or "true"
        case _:
            good = f"{name} IS NULL OR ({_valid(name, column, arguments, where)})"
    return replace(base, sql=good, threshold=threshold)


def _valid(name: str, column: ContractColumn, arguments: Mapping[str, Any], where: Any) -> str:
    tests: list[str] = []
    if values := arguments.get("validValues"):
        tests.append(f"{name} IN ({', '.join(literal(each) for each in values)})")
    if pattern := arguments.get("pattern"):
        tests.append(f"{name} RLIKE {literal(pattern)}")
    if not tests and column.enum:
        tests.append(f"{name} IN ({', '.join(literal(each) for each in column.enum)})")
    if not tests:
        raise InvalidInput(f"{where}: which values are valid?", hint="Write arguments: {validValues: [a, b]}.")
    return " AND ".join(tests)


def _duplicates(columns: Sequence[str]) -> str:
    """Rows beyond the first of each key; rows without a key do not count."""
    names = [quote_part(each) for each in columns]
    key = names[0] if len(names) == 1 else f"struct({', '.join(names)})"
    there = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return f"count_if({there}) - count(DISTINCT CASE WHEN {there} THEN {key} END)"


def _threshold(rule: Mapping[str, Any], where: Any, *, default: Threshold | None = None) -> Threshold:
    found = [each for each in OPERATORS if rule.get(each) is not None]
    if len(found) != 1:
        if not found and default is not None:
            return default
        raise InvalidInput(
            f"{where}: a rule has one threshold, and this one has {len(found) or 'none'}.", hint="Write mustBe: 0."
        )
    unit = str(rule.get("unit") or "rows").lower()
    value = rule[found[0]]
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in values):
        raise InvalidInput(f"{where}: {found[0]} is {value!r}, which is no number.")
    return Threshold(found[0], value, unit.startswith("percent") or unit == "%")


def _action(rule: Mapping[str, Any], severity: str, given: Given, path: KeyPath) -> OnViolation:
    for each in rule.get("customProperties") or ():
        if each.get("property") == "onViolation":
            try:
                return OnViolation(str(each.get("value")).lower())
            except ValueError as error:
                line = given.source.position(path)
                raise InvalidInput(
                    f"{line}: onViolation is {each.get('value')!r}.", hint="Write keep, quarantine or refuse."
                ) from error
    if "severity" not in rule and given.action is not None:
        return given.action
    return ACTIONS.get(severity, OnViolation.QUARANTINE)


def _require_number(value: Any, source: YamlSource, path: KeyPath, option: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        where = source.position((*path, "logicalTypeOptions", option))
        raise InvalidInput(f"{where}: {option} is {value!r}, which is no number.")
