"""The columns that a signature names, out of a payload of whatever shape."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, cast

from boathouse.foundation.errors import did_you_mean
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.signature import Column, Signature

_MISSING = object()


def extract(payload: Payload, signature: Signature) -> dict[str, Any]:
    """For each column of the signature its values: a list, or an Arrow column. Further columns are left out, and so
    are optional ones that are not there.

    Raises:
        WrongInput: A required column is missing, or columns differ in length.
    """
    if payload.columns is None or not signature.has_names:
        return _by_position(payload, signature)
    data = payload.data
    if type(data) is dict:
        return _of_mapping(cast("dict[str, list[Any]]", data), payload, signature)
    if type(data) is list:
        rows = cast("list[Any]", data)
        if rows and type(rows[0]) is dict:
            return _of_records(rows, signature)
        return _of_rows(rows, payload.columns, signature)
    check_names(payload.columns, signature)
    known = set(payload.columns)
    return {each.name: data.column(each.name) for each in signature.columns if each.name in known}


def check_names(found: Sequence[str], signature: Signature) -> None:
    """Raises when a required column is not among those found."""
    known = set(found)
    missing = [each.name for each in signature.columns if each.required and each.name not in known]
    if not missing:
        return
    wanted = {each.name for each in signature.columns}
    extra = [name for name in found if name not in wanted]
    what = f"{'Column' if len(missing) == 1 else 'Columns'} {_listed(missing)} {_is(missing)} missing"
    also = f"; the request has also {_listed(extra)}, which the model does not know" if extra else ""
    raise WrongInput(f"{what}{also}.", hint=did_you_mean(missing[0], extra))


def _of_mapping(data: dict[str, list[Any]], payload: Payload, signature: Signature) -> dict[str, Any]:
    check_names(list(data), signature)
    found = {each.name: data[each.name] for each in signature.columns if each.name in data}
    for name, values in found.items():
        if len(values) != payload.rows:
            first = next(iter(data))
            raise WrongInput(f"Column {name} has {len(values)} values, column {first} has {payload.rows}.")
    return found


def _of_records(records: list[dict[str, Any]], signature: Signature) -> dict[str, Any]:
    found: dict[str, Any] = {}
    absent: list[str] = []
    for column in signature.columns:
        name = column.name
        values = [record.get(name, _MISSING) for record in records]
        gaps = values.count(_MISSING)
        if gaps == len(values):
            absent.append(name)
        else:
            found[name] = values if not gaps else [None if value is _MISSING else value for value in values]
    if absent:
        check_names(list(dict.fromkeys(name for record in records for name in record)), signature)
    return found


def _of_rows(rows: list[list[Any]], columns: Sequence[str], signature: Signature) -> dict[str, Any]:
    check_names(columns, signature)
    places = {name: place for place, name in enumerate(columns)}
    return {
        each.name: list(map(itemgetter(places[each.name]), rows)) for each in signature.columns if each.name in places
    }


def _by_position(payload: Payload, signature: Signature) -> dict[str, Any]:
    columns = signature.columns
    data = payload.data
    if signature.has_names:
        if len(columns) == 1 and type(data) is list:
            return {columns[0].name: _single(cast("list[Any]", data))}
        raise WrongInput(
            f"The values have no names, and the model wants the columns {_listed([each.name for each in columns])}.",
            hint="Send dataframe_split with columns, or dataframe_records.",
        )
    if type(data) is list:
        rows = cast("list[Any]", data)
        if rows and type(rows[0]) is dict:
            rows = [list(row.values()) for row in rows]
        elif rows and type(rows[0]) is not list:
            rows = [[value] for value in rows]
        for number, row in enumerate(rows):
            _check_count(len(row) if type(row) is list else 1, columns, f"Row {number} has")
        return {each.name: [row[place] for row in rows] for place, each in enumerate(columns)}
    series: list[Any] = list(data.values()) if type(data) is dict else list(data.columns)
    _check_count(len(series), columns, "The request has")
    return {each.name: series[place] for place, each in enumerate(columns)}


def _single(values: list[Any]) -> list[Any]:
    """One column without its name: plain values, or rows of one."""
    if values and all(type(each) is list and len(cast("list[Any]", each)) == 1 for each in values):
        return [each[0] for each in values]
    return values


def _check_count(found: int, columns: tuple[Column, ...], what: str) -> None:
    if found < len(columns):
        raise WrongInput(f"{what} {found} values; the model wants {len(columns)}.")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
