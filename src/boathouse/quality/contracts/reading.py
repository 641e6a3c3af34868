# pyright: reportUnknownParameterType=false
"""Files of the Open Data Contract Standard (ODCS 3), read with the package of the standard's own makers.

What the package does not know, and what Boathouse does not act on, is told, not dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from boathouse.catalog.contract_rules import OnViolation
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.shapes import DoesNotFit, Problem
from boathouse.foundation.yaml_source import KeyPath, YamlSource, parse_yaml
from boathouse.quality.contracts.nouns import ACTIONS, Contract, ContractColumn, Kind, Sla, Term
from boathouse.quality.contracts.terms import Given, terms_of_column, terms_of_table

_NOT_ACTED_ON = ("price", "roles", "support", "servers", "tenant", "domain", "dataProduct", "relationships")
_SECONDS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
            "d": 86400, "day": 86400, "w": 604800, "wk": 604800, "week": 604800, "mo": 2_629_746, "month": 2_629_746,
            "y": 31_556_952, "yr": 31_556_952, "year": 31_556_952}  # fmt: skip
_FRESHNESS = ("freshness", "latency", "ly", "frequency", "fy")
_RETENTION = ("retention", "ry")


def read_contract(text: str, file: str | Path = "contract.odcs.yaml", table: str | None = None) -> Contract:
    """The contract of one table.

    Args:
        table: Which, where the file has several: a full name, or its last part.

    Raises:
        InvalidInput: The text is no contract; everything that is wrong is listed with its line.
        NotFound: It says nothing of the table.
    """
    source = parse_yaml(text, Path(file))
    document = _document(source)
    problems = list(_problems(document, source))
    if problems:
        raise DoesNotFit(str(file), problems)
    index = _chosen(document, table, file)
    return _contract(document, index, source)


def _document(source: YamlSource) -> dict[str, Any]:
    """The document in the shape of the standard.

    Raises:
        InvalidInput: It has another.
    """
    if not isinstance(source.data, dict) or source.data.get("kind") != "DataContract":
        raise InvalidInput(
            f"{source.file} holds no data contract.", hint="Write apiVersion: v3.1.0, kind: DataContract, id:, schema:."
        )
    from open_data_contract_standard.model import OpenDataContractStandard

    data = cast(dict[str, Any], _plain(source.data))
    try:
        OpenDataContractStandard.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(each["loc"], f"line {source.position(_known(each['loc'])).line}: {each['msg']}.")
            for each in error.errors(include_url=False)
        ]
        raise DoesNotFit(str(source.file), problems) from error
    return data


def _problems(document: Mapping[str, Any], source: YamlSource) -> Iterator[Problem]:
    for name in ("id", "version", "apiVersion"):
        if not document.get(name):
            yield Problem((name,), "this field is required.")
    given = str(document.get("apiVersion") or "v3")
    if not given.lstrip("v").startswith("3"):
        yield Problem(("apiVersion",), f"line {source.position(('apiVersion',)).line}: {given} is not read, but v3 is.")
    if not document.get("schema"):
        yield Problem(("schema",), "a table is needed.", "Write schema: [{name: orders, properties: [...]}].")
    for index, table in enumerate(document.get("schema") or ()):
        seen: set[str] = set()
        for number, column in enumerate(table.get("properties") or ()):
            path: KeyPath = ("schema", index, "properties", number)
            name = str(column.get("physicalName") or column.get("name") or "")
            line = source.position(path).line
            if not name:
                yield Problem(path, f"line {line}: a column needs a name.")
            elif name.lower() in seen:
                yield Problem(path, f"line {line}: the column {name} stands here for the second time.")
            seen.add(name.lower())


def _chosen(document: Mapping[str, Any], table: str | None, file: str | Path) -> int:
    names = [str(each.get("physicalName") or each.get("name") or "") for each in document["schema"]]
    if table is None or len(names) == 1:
        if len(names) > 1:
            raise InvalidInput(f"{file} has the tables {', '.join(names)}.", hint="Say which one is meant.")
        return 0
    last = table.rpartition(".")[2].lower()
    aliases = [
        {str(each.get(key) or "").rpartition(".")[2].lower() for key in ("physicalName", "name")}
        for each in document["schema"]
    ]
    for position, own in enumerate(aliases):
        if last in own:
            return position
    raise InvalidInput(f"{file} says nothing of {table}.", hint=did_you_mean(last, names) or f"It has {names}.")


def _contract(document: Mapping[str, Any], index: int, source: YamlSource) -> Contract:
    table = document["schema"][index]
    path: KeyPath = ("schema", index)
    columns: list[ContractColumn] = []
    given = Given(source, _default_action(document))
    terms: list[Term] = []
    for number, each in enumerate(table.get("properties") or ()):
        column = _column(each)
        columns.append(column)
        terms += terms_of_column(column, each, (*path, "properties", number), given)
    terms += terms_of_table(columns, table, path, given)
    description = document.get("description")
    return Contract(
        id=str(document["id"]),
        version=str(document["version"]),
        status=str(document.get("status") or "draft"),
        object_name=str(table.get("physicalName") or table.get("name")),
        name=document.get("name"),
        owner=_owner(document),
        description=description.get("purpose") if isinstance(description, dict) else None,
        columns=tuple(columns),
        terms=tuple(_named_once(terms)),
        slas=tuple(_slas(document, table, source)),
        ignored=tuple(_ignored(document, given)),
        positions={each.name: source.position((*path, "properties", number)) for number, each in enumerate(columns)},
    )


def _column(given: Mapping[str, Any]) -> ContractColumn:
    is_key = bool(given.get("primaryKey"))
    return ContractColumn(
        name=str(given.get("physicalName") or given["name"]),
        logical_type=given.get("logicalType"),
        physical_type=given.get("physicalType"),
        required=bool(given.get("required")) or is_key,
        unique=bool(given.get("unique")),
        is_key=is_key,
        options=dict(given.get("logicalTypeOptions") or {}),
        enum=tuple(each.get("value") if isinstance(each, dict) else each for each in given.get("enum") or ()),
        description=given.get("description"),
        classification=given.get("classification"),
    )


def _owner(document: Mapping[str, Any]) -> str | None:
    """Who answers for the data: the member of the team with the role owner, else the first; else the team."""
    team = document.get("team")
    members = team.get("members") or [] if isinstance(team, dict) else team or []
    owners = [each for each in members if "owner" in str(each.get("role") or "").lower() and not each.get("dateOut")]
    for each in [*owners, *members]:
        if found := each.get("username") or each.get("name"):
            return str(found)
    return str(team["name"]) if isinstance(team, dict) and team.get("name") else None


def _slas(document: Mapping[str, Any], table: Mapping[str, Any], source: YamlSource) -> Iterator[Sla]:
    own = {str(table.get(key)).rpartition(".")[2] for key in ("name", "physicalName") if table.get(key)}
    for index, each in enumerate(document.get("slaProperties") or ()):
        name = str(each.get("property") or "").lower()
        kind = Kind.FRESHNESS if name in _FRESHNESS else Kind.RETENTION if name in _RETENTION else None
        if kind is None:
            continue
        element = str(each.get("element") or document.get("slaDefaultElement") or "")
        of, _, column = element.rpartition(".")
        if of and of.rpartition(".")[2] not in own:
            continue
        path: KeyPath = ("slaProperties", index)
        unit = str(each.get("unit") or "d").lower()
        size = _SECONDS.get(unit) or _SECONDS.get(unit.rstrip("s"))
        try:
            seconds = float(cast(Any, each.get("value"))) * cast(float, size)
        except (TypeError, ValueError) as error:
            line = source.position(path).line
            raise InvalidInput(
                f"{source.file}:{line}: {each.get('value')} {unit} is no span of time.",
                hint="Write value: 24 and unit: h (or minutes, days, years).",
            ) from error
        yield Sla(kind, seconds, column if column and column not in own else None)


def _ignored(document: Mapping[str, Any], given: Given) -> Iterator[str]:
    yield from (name for name in _NOT_ACTED_ON if document.get(name))
    for each in document.get("slaProperties") or ():
        if str(each.get("property") or "").lower() not in (*_FRESHNESS, *_RETENTION):
            yield f"slaProperties.{each.get('property')}"
    yield from given.ignored


def _default_action(document: Mapping[str, Any]) -> OnViolation | None:
    for each in document.get("customProperties") or ():
        if each.get("property") == "onViolation":
            return action_named(str(each.get("value")))
    return None


def action_named(text: str) -> OnViolation:
    """
    Raises:
        InvalidInput: There is no such action.
    """
    try:
        return OnViolation(text.lower())
    except ValueError as error:
        raise InvalidInput(f"onViolation is {text!r}.", hint="Write keep, quarantine or refuse.") from error


def _named_once(terms: Sequence[Term]) -> list[Term]:
    """The terms, those with one name numbered."""
    seen: dict[str, int] = {}
    found: list[Term] = []
    for each in terms:
        seen[each.name] = seen.get(each.name, 0) + 1
        found.append(each if seen[each.name] == 1 else replace(each, name=f"{each.name} ({seen[each.name]})"))
    return found


def _plain(value: Any) -> Any:
    """YAML's dates as text, as the standard has them."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def _known(path: tuple[Any, ...]) -> KeyPath:
    return tuple(each for each in path if isinstance(each, str | int))


__all__ = ["ACTIONS", "action_named", "read_contract"]
