"""Both models asked for the same rows, in the environment of the version: the second task of a reproduction.

Entry point ``compare_predictions`` of the package ``boathouse``. Both models are loaded here and not in the control
plane: loading a model runs its code.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from boathouse.foundation.rest import Connection, RestClient

MOST_ROWS = 200
MOST_COLUMNS = 50


def compare_predictions() -> None:
    """Compare the answers of ``--model`` ``--version`` with those of the ``--reproduction``, and tell the server."""
    parser = argparse.ArgumentParser(prog="compare_predictions", allow_abbrev=False)
    for name in ("--reproduction", "--model", "--version"):
        parser.add_argument(name, required=True)
    given, _ = parser.parse_known_args()  # the parameters of the job come along
    client = RestClient(Connection.from_surroundings())
    base = f"/api/boathouse/v1/models/{quote(given.model)}/versions/{given.version}/reproductions/{given.reproduction}"
    found = compared(client.get(f"{base}/models"))
    client.post(f"{base}/predictions", found)
    sys.stdout.write(f"{found.get('reason') or _told(found)}\n")


def compared(models: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of both models, compared; or the reason why there are none."""
    if models["after"] is None:
        return {"reason": "The reproduction has logged no model."}
    import mlflow

    before = mlflow.pyfunc.load_model(models["before"])
    after = mlflow.pyfunc.load_model(models["after"])
    rows, source = _fixed_rows(before, models["before"], models["tables"])
    if rows is None:
        return {"reason": source}
    return {"source": source, **differences(_as_columns(before.predict(rows)), _as_columns(after.predict(rows)))}


def differences(before: Mapping[str, Sequence[Any]], after: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """How two models' answers differ, column by column."""
    rows = max((len(values) for values in [*before.values(), *after.values()]), default=0)
    found: list[dict[str, Any]] = []
    for column in sorted(before.keys() | after.keys()):
        old, new = before.get(column), after.get(column)
        if old is None or new is None or len(old) != len(new):
            told = {"column": column, "before": _length(old), "after": _length(new), "rows": rows}
            found.append({**told, "relative": None})
            continue
        differing = [(a, b) for a, b in zip(old, new, strict=True) if not _same(a, b)]
        if differing:
            apart = [each for each in (_apart(a, b) for a, b in differing) if each is not None]
            first = differing[0]
            found.append({"column": column, "before": repr(first[0])[:100], "after": repr(first[1])[:100],
                          "rows": len(differing), "relative": max(apart) if apart else None})  # fmt: skip
    return {"rows": rows, "differences": found[:MOST_COLUMNS]}


def _fixed_rows(model: Any, uri: str, tables: Sequence[Mapping[str, Any]]) -> tuple[Any, str]:
    """The input example of the version, else the first rows of a table that it was trained on."""
    from mlflow.models import Model

    card = Model.load(uri)
    example = card.load_input_example()
    if example is not None:
        return example, "its input example"
    schema = model.metadata.get_input_schema()
    names = schema.input_names() if schema is not None and schema.has_input_names() else []
    if not names:
        return None, "The version has neither an input example nor a signature with named columns."
    from boathouse.session import default_session

    session = default_session()
    for table in tables:
        version = int(table["version"])
        known = session.table(table["name"], version=version).arrow().schema.names if names else []
        if set(names) <= set(known):
            shown = ", ".join(f"`{name}`" for name in names)
            text = f"SELECT {shown} FROM {table['name']} VERSION AS OF {version} ORDER BY ALL LIMIT {MOST_ROWS}"
            return session.sql(text).df(), f"{table['name']} at version {version}"
    return None, "The version has no input example, and no table that it was trained on has all its columns."


def _as_columns(answers: Any) -> dict[str, list[Any]]:
    """Answers of any shape that pyfunc gives, as lists by column."""
    if hasattr(answers, "columns") and hasattr(answers, "to_dict"):  # a frame of pandas
        return {str(name): list(answers[name]) for name in answers.columns}
    if isinstance(answers, Mapping):
        return {str(name): _flat(values) for name, values in answers.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    shape = getattr(answers, "shape", None)
    if shape is not None and len(shape) > 1:
        return {str(place): list(column) for place, column in enumerate(answers.reshape(shape[0], -1).T)}
    return {"prediction": _flat(answers)}


def _flat(values: Any) -> list[Any]:
    flat = values.ravel() if hasattr(values, "ravel") else values
    return list(flat) if hasattr(flat, "__iter__") and not isinstance(flat, str) else [flat]


def _same(before: Any, after: Any) -> bool:
    try:
        return bool(before == after) or bool(before != before and after != after)
    except ValueError:  # arrays within a column
        return repr(before) == repr(after)


def _apart(before: Any, after: Any) -> float | None:
    try:
        old, new = float(before), float(after)
    except (TypeError, ValueError):
        return None
    return abs(new - old) / abs(old) if old else None


def _length(values: Sequence[Any] | None) -> str | None:
    return None if values is None else f"{len(values)} answers"


def _told(found: Mapping[str, Any]) -> str:
    differing = len(found["differences"])
    return f"{found['rows']} rows of {found['source']}: {differing or 'no'} columns differ."
