"""Runs in the process of one model: loads it, and answers one request after the other.

A script, not a module: it is started in the model's own environment and needs of it no more than MLflow and pandas.
"""

# pyright: reportUnknownParameterType=false
import importlib.util
import io
import json
import os
import socket
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TEXT_KEPT = 2_000


def main(spec: dict[str, Any]) -> None:
    check = beside(spec["check"])
    check.die_with(spec["parent"])
    frames = beside(spec["frames"])
    sys.path[:0] = spec["paths"]
    sys.dont_write_bytecode = True  # the model's folder stays as it is; environments are compiled when they are built
    link = socket.socket(fileno=spec["descriptor"])
    began = time.perf_counter()
    try:
        model = check.loaded(spec["folder"])
        keep_within(spec["memory_mb"])
    except BaseException as error:  # noqa: BLE001 - a model may raise anything, SystemExit included
        frames.send(link, {"status": "failed", "message": f"it does not load: {check.said(error)}"})
        return
    frames.send(link, {"status": "ready", "load_seconds": time.perf_counter() - began, "versions": check.versions()})
    while True:
        try:
            header, body = frames.receive(link)
        except (frames.Ended, OSError):
            return
        answer, content = answered(model, header, body, check)
        frames.send(link, answer | {"id": header["id"]}, content)


def answered(model: Any, header: dict[str, Any], body: bytes, check: Any) -> tuple[dict[str, Any], bytes]:
    """The answer to one request. What the caller has done wrong is ``bad``, everything else ``failed``."""
    try:
        with nulls_allowed(model, header["nulls"]):
            try:
                data = read(model, header, body)
            except Exception as error:  # noqa: BLE001 - MLflow raises many kinds for a wrong body
                return {"status": "bad", "message": check.said(error)[:_TEXT_KEPT]}, b""
            predictions = model.predict(data, params=header["params"])
        return {"status": "ok"}, as_json(predictions)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        is_callers = getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE" and "schema" in str(error)
        status = "bad" if is_callers else "failed"
        return {"status": status, "message": check.said(error)[:_TEXT_KEPT]}, b""


def read(model: Any, header: dict[str, Any], body: bytes) -> Any:
    """The rows of a request as MLflow's own server would read them."""
    if header["shape"] == "table":
        import pyarrow

        frame = pyarrow.ipc.open_stream(body).read_all().to_pandas()
        if not header["has_names"]:
            frame.columns = range(len(frame.columns))
        return frame
    data = json.loads(body)
    if header["is_plain"]:
        return data
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    return infer_and_parse_data({header["shape"]: data}, model.metadata.get_input_schema())


def as_json(predictions: Any) -> bytes:
    """The value that MLflow's server gives for predictions; what is no number is null, since JSON has no NaN."""
    from mlflow.pyfunc.scoring_server import predictions_to_json

    written = io.StringIO()
    predictions_to_json(predictions, written)
    text = written.getvalue()
    if "NaN" in text or "Infinity" in text:
        text = json.dumps(json.loads(text, parse_constant=lambda _: None))
    return text[len('{"predictions": ') : -1].encode()


@contextmanager
def nulls_allowed(model: Any, columns: list[str]) -> Any:
    """Let columns of whole numbers and booleans be null for one request: they come as floating numbers."""
    if not columns:
        yield
        return
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    own = model.metadata.signature
    inputs = [
        ColSpec(DataType.double, each.name, required=each.required) if each.name in columns else each
        for each in own.inputs.inputs
    ]
    model.metadata.signature = ModelSignature(Schema(inputs), own.outputs, own.params)
    try:
        yield
    finally:
        model.metadata.signature = own


def keep_within(memory_mb: float | None) -> None:
    """Take no more memory than that: what would, fails with MemoryError, and the process goes on."""
    if memory_mb is None or sys.platform != "linux":
        return
    import resource

    known = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        known[name] = value
    taken, reserved = (int(known[name].split()[0]) * 1024 for name in ("VmRSS", "VmData"))
    left = int(memory_mb * 1e6) - taken
    if left <= 0:
        raise MemoryError(f"the model takes {taken / 1e6:,.0f} MB; at most {memory_mb:,.0f} MB are allowed")
    # The limit counts what is reserved, and much of that was never touched. Whoever has started the process may have a
    # narrower one, as queries do: it holds, and nobody may raise it.
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = reserved + left if most == resource.RLIM_INFINITY else min(reserved + left, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def beside(file: str) -> Any:
    """A file as a module, without its package, which this environment need not have."""
    spec = importlib.util.spec_from_file_location(f"boathouse_{Path(file).stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.stdout = sys.stderr  # what the model prints belongs into the log, in order
    os.umask(0o077)
    main(json.loads(Path(sys.argv[1]).read_text()))
