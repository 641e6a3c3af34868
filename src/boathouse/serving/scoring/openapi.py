"""The OpenAPI document of one endpoint: what can be sent to it, and what comes back."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import Unavailable
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.scoring.asked import columns_asked, spec_of
from boathouse.serving.scoring.example import example_request
from boathouse.serving.scoring.mlmodel import ModelFolder, read_model_folder
from boathouse.serving.scoring.payloads import ARROW, CSV, JSON, PARQUET
from boathouse.serving.scoring.signature import REAL, WHOLE, Column, Kind, Param, Tensor, Type
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity

_Schema = dict[str, Any]

_WHOLE_BOUNDS = {Kind.INTEGER: 2**31, Kind.LONG: 2**63}
_ERRORS = {
    400: "The body cannot be read, or does not fit the model; the message names column, row and type",
    401: "No valid token came with the request",
    403: "The caller may not ask this endpoint",
    404: "There is no such endpoint",
    408: "The body did not arrive in time",
    413: "More rows or bytes than the endpoint takes",
    415: "The content type cannot be read",
    424: "A feature is missing, and the endpoint's policy refuses to answer without it",
    429: "Too many requests; Retry-After says when to come again",
    500: "The model raised, and nothing below it could answer",
    503: "The endpoint is not ready",
    504: "The model did not answer in time",
}


def openapi_of(endpoint: LiveEndpoint, inputs: Sequence[Column] | None = None) -> dict[str, Any]:
    """The document of an endpoint, from the version that most requests are answered by.

    Args:
        inputs: What a caller sends, where that is not to be found in the model's folder.

    Raises:
        Unavailable: There is no version yet.
    """
    if not endpoint.entities:
        raise Unavailable(f"Endpoint {endpoint.name} is not ready: {endpoint.why or 'it serves nothing yet'}")
    entity = _first(endpoint)
    folder = read_model_folder(Path(entity.folder)) if entity.folder is not None else None
    spec = spec_of(entity)
    overrides: tuple[Column, ...] = ()
    if inputs is None and spec is not None:
        inputs, overrides = columns_asked(spec)
    body = _body(folder, inputs, overrides)
    version = "features" if entity.version is None else str(entity.version)
    return {
        "openapi": "3.1.0",
        "info": {"title": endpoint.name, "version": version, "description": _about(entity)},
        "security": [{"token": []}],
        "paths": {
            f"/serving-endpoints/{endpoint.name}/invocations": {
                "post": {
                    "operationId": "invocations",
                    "summary": f"Ask {endpoint.name}",
                    "requestBody": {"required": True, "content": _content(body, example_request(folder, inputs))},
                    "responses": _responses(_answers(folder, spec, entity)),
                }
            }
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error_code", "message"],
                    "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
                }
            },
        },
    }


def _first(endpoint: LiveEndpoint) -> LiveEntity:
    largest = max(endpoint.routes, key=lambda route: route.percent).entity_id if endpoint.routes else None
    return next((each for each in endpoint.entities if each.entity_id == largest), endpoint.entities[0])


def _about(entity: LiveEntity) -> str:
    if entity.kind is EntityKind.FEATURE_SPEC:
        return f"Features of {entity.entity} by key."
    return f"Answers of {entity.entity}, version {entity.version}."


def _body(folder: ModelFolder | None, inputs: Sequence[Column] | None, overrides: Sequence[Column]) -> _Schema:
    """Each format with the columns that it has to have."""
    signature = folder.signature if folder is not None else None
    if inputs is not None:
        formats = _of_columns([*inputs], [*overrides])
    elif signature is None:
        formats = {name: {} for name in ("dataframe_split", "dataframe_records", "instances", "inputs")}
    elif signature.tensors:
        formats = {"inputs": _tensors(signature.tensors)}
    elif signature.has_names:
        formats = _of_columns([*signature.columns], [])
    else:
        row = {"type": "array", "prefixItems": [_column(each) for each in signature.columns]}
        formats = {"dataframe_split": _object({"data": _rows(row)}, ["data"]), "instances": _rows(row)}
    more: _Schema = {"client_request_id": {"type": "string"}}
    if signature is not None and signature.params:
        more["params"] = {"type": "object", "properties": {each.name: _param(each) for each in signature.params}}
    return {"oneOf": [_object({name: schema} | more, [name]) for name, schema in formats.items()]}


def _of_columns(columns: list[Column], overrides: list[Column]) -> dict[str, _Schema]:
    required = [each.name for each in columns if each.required]
    everything = {each.name: _column(each) for each in [*columns, *overrides]}
    record = _object(everything, required)
    row = {
        "type": "array",
        "prefixItems": [_column(each) for each in columns],
        "minItems": len(columns),
        "maxItems": len(columns),
    }
    split = _object({"columns": {"const": [each.name for each in columns]}, "data": _rows(row)}, ["columns", "data"])
    return {"dataframe_split": split, "dataframe_records": _rows(record)}


def _object(properties: Mapping[str, _Schema], required: list[str]) -> _Schema:
    return {"type": "object", "properties": dict(properties), "required": required}


def _rows(row: _Schema) -> _Schema:
    return {"type": "array", "items": row, "minItems": 1}


def _column(column: Column) -> _Schema:
    schema = _of_type(column.type)
    may_be_null = column.kind in REAL or not column.required
    if may_be_null and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


def _of_type(kind: Type) -> _Schema:
    if kind.kind in WHOLE:
        bound = _WHOLE_BOUNDS[kind.kind]
        return {"type": "integer", "minimum": -bound, "maximum": bound - 1}
    if kind.kind in REAL:
        return {"type": "number"}
    if kind.kind is Kind.BOOLEAN:
        return {"type": "boolean"}
    if kind.kind is Kind.STRING:
        return {"type": "string"}
    if kind.kind is Kind.DATETIME:
        return {"type": "string", "format": "date-time"}
    if kind.kind is Kind.BINARY:
        return {"type": "string", "contentEncoding": "base64"}
    if kind.kind is Kind.ARRAY and kind.items is not None:
        return {"type": "array", "items": _of_type(kind.items)}
    if kind.kind is Kind.MAP and kind.items is not None:
        return {"type": "object", "additionalProperties": _of_type(kind.items)}
    if kind.kind is Kind.OBJECT:
        required = [name for name, each in kind.properties.items() if each.required]
        return _object({name: _column(each) for name, each in kind.properties.items()}, required) | {
            "additionalProperties": False
        }
    return {}


def _tensors(tensors: Sequence[Tensor]) -> _Schema:
    if tensors[0].name is None:
        return _array(tensors[0].dtype, tensors[0].shape)
    named = {str(each.name): _array(each.dtype, each.shape) for each in tensors}
    return _object(named, list(named))


def _array(dtype: str, shape: Sequence[int]) -> _Schema:
    if not shape:
        names = {"int": "integer", "uint": "integer", "bool": "boolean", "float": "number"}
        return {"type": next((name for start, name in names.items() if dtype.startswith(start)), "string")}
    size: _Schema = {"minItems": 1} if shape[0] == -1 else {"minItems": shape[0], "maxItems": shape[0]}
    return {"type": "array", "items": _array(dtype, shape[1:])} | size


def _param(param: Param) -> _Schema:
    one = _of_type(Type(param.kind))
    return (one if param.shape is None else {"type": "array", "items": one}) | {"default": param.default}


def _content(body: _Schema, example: dict[str, Any]) -> _Schema:
    binary: _Schema = {"schema": {"type": "string", "format": "binary"}}
    return {
        JSON: {"schema": body, "examples": {"example": {"value": example}}},
        CSV: {"schema": {"type": "string"}},
        ARROW: binary,
        PARQUET: binary,
    }


def _answers(folder: ModelFolder | None, spec: Any, entity: LiveEntity) -> _Schema:
    if entity.kind is EntityKind.FEATURE_SPEC and spec is not None:
        shown = [name for name in spec.features if name not in spec.exclude]
        return _object(
            {"outputs": {"type": "array", "items": _object({name: {} for name in shown}, shown)}}, ["outputs"]
        )
    return _object({"predictions": _predictions(folder)}, ["predictions"])


def _predictions(folder: ModelFolder | None) -> _Schema:
    outputs = folder.signature.outputs if folder is not None and folder.signature is not None else ()
    if len(outputs) != 1 or (folder is not None and folder.loader == "mlflow.onnx"):
        return {}  # of ONNX models MLflow gives each output by name, whatever the signature says
    (only,) = outputs
    if only.get("type") == "tensor":
        if only.get("name") is not None:
            return {}
        spec: Mapping[str, Any] = only["tensor-spec"]
        return _nullable(_array(spec["dtype"], spec["shape"]))
    return {}


def _nullable(schema: _Schema) -> _Schema:
    """What is no number comes back as null."""
    if schema.get("type") == "array":
        return schema | {"items": _nullable(schema["items"])}
    return schema | {"type": [schema["type"], "null"]}


def _responses(answer: _Schema) -> dict[str, Any]:
    error = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    headers = {
        "x-request-id": {"description": "Under which the answer is kept", "schema": {"type": "string"}},
        "x-served-by": {"description": "The version that answered", "schema": {"type": "string"}},
        "x-fallback": {"description": "The rung that answered in its place", "schema": {"type": "string"}},
    }
    good = {"description": "The answer", "headers": headers, "content": {JSON: {"schema": answer}}}
    bad = {str(status): {"description": why, "content": error} for status, why in _ERRORS.items()}
    return {"200": good} | bad
