# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The process in which the code of Python functions runs. It is started by itself, knows nothing but what comes through
its standard input, and answers on its standard output.

It is a plain script, run by ``python -I``: nothing of Boathouse is imported here, so that nothing of it is at hand for
the code of the functions. A message is its length in eight bytes and then itself.
"""

import json
import os
import resource
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import IO, Any

FILE = "<function>"
"""What the code of a function is called in a traceback."""


def main() -> None:
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What a function prints or reads must not get between the messages.
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    import pyarrow as pa

    setting = json.loads(receive(requests) or b"{}")
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    limit(setting["limits"])
    if not any("pandas" in each["code"] for each in setting["functions"].values()):
        do_without_pandas()
    functions = {name: prepared(each) for name, each in setting["functions"].items()}
    send(answers, b"ready")
    while True:
        name = receive(requests)
        if name is None:
            return
        result_type = pa.ipc.read_schema(pa.py_buffer(receive(requests) or b"")).field(0).type
        batch = pa.ipc.open_stream(receive(requests) or b"").read_next_batch()
        try:
            values = computed(functions[name.decode()], batch, result_type)
            answer = pa.record_batch([values], names=["value"])
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, answer.schema) as writer:
                writer.write_batch(answer)
            send(answers, b"values", sink.getvalue())
        except Failure as failure:
            send(answers, b"failure", json.dumps(failure.facts).encode())


class Failure(Exception):
    def __init__(self, row: int, error: BaseException, line: int | None = None) -> None:
        super().__init__(str(error))
        self.facts = {"row": row, "error": type(error).__name__, "message": str(error), "line": line}


def do_without_pandas() -> None:
    """Have Arrow believe that there is none. To make its first array it would import it, which takes longer than all
    else here, only to see that a list is nothing of pandas."""
    import pyarrow as pa

    finder: Any = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([])  # when Arrow looks, once
    finally:
        sys.meta_path.remove(finder)


class _NoPandas:
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "pandas":
            raise ImportError(name=name)


def prepared(function: dict[str, Any]) -> dict[str, Any]:
    """The callable of a function; a mistake in it shows at the first row."""
    name, code = function["handler"] or "function", function["code"]
    if not function["handler"]:
        body = "".join(f"    {line}\n" for line in code.splitlines())
        code = f"def {name}({', '.join(function['parameters'])}):\n{body}"
    surroundings: dict[str, Any] = {"__name__": "function", "__builtins__": __builtins__}

    def first(*values: Any) -> Any:
        exec(compile(code, FILE, "exec"), surroundings)  # noqa: S102 - this is what the process is for
        function["call"] = surroundings[name]
        return function["call"](*values)

    function["call"] = first
    function["lines_before"] = 0 if function["handler"] else 1
    return function


def computed(function: dict[str, Any], batch: Any, result_type: Any) -> Any:
    import pyarrow as pa

    columns = [plain(column) for column in batch.columns]
    rows = zip(*columns, strict=True) if columns else (() for _ in range(batch.num_rows))
    values: list[Any] = []
    for row, arguments in enumerate(rows):
        try:
            values.append(function["call"](*arguments))
        except MemoryError as error:
            raise Failure(row, MemoryError("the function needs more memory than it may use")) from error
        except BaseException as error:  # a function may raise SystemExit too
            raise Failure(row, error, line_of(error, function)) from error
    try:
        return pa.array(values, result_type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
        raise misfit(values, result_type) from None


def misfit(values: list[Any], result_type: Any) -> Failure:
    """Which value cannot be one of the type."""
    import pyarrow as pa

    for row, value in enumerate(values):
        try:
            pa.array([value], result_type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
            shown = repr(value)
            shown = shown if len(shown) <= 80 else shown[:79] + "…"
            return Failure(row, TypeError(f"it returned {shown}, which is no {result_type}"))
    return Failure(0, TypeError(f"its values cannot be {result_type}"))


def plain(column: Any) -> list[Any]:
    """The values of a column as Python knows them: a map is a dict."""
    values = column.to_pylist()
    convert = converter(column.type)
    return values if convert is None else [None if value is None else convert(value) for value in values]


def converter(kind: Any) -> Callable[[Any], Any] | None:
    import pyarrow as pa

    if pa.types.is_map(kind):
        of_item = converter(kind.item_type) or (lambda value: value)
        return lambda value: {key: None if item is None else of_item(item) for key, item in value}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        of_element = converter(kind.value_type)
        return of_element and (lambda value: [None if item is None else of_element(item) for item in value])
    if pa.types.is_struct(kind):
        of_field = {field.name: convert for field in kind if (convert := converter(field.type))}
        if of_field:
            return lambda value: {
                key: of_field[key](item) if key in of_field and item is not None else item
                for key, item in value.items()
            }
    return None


def line_of(error: BaseException, function: dict[str, Any]) -> int | None:
    lines = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    return lines[-1] - function["lines_before"] if lines else None


def limit(limits: dict[str, Any]) -> None:
    lower(resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS, limits["memory_bytes"])
    lower(resource.RLIMIT_CPU, limits["cpu_seconds"])
    lower(resource.RLIMIT_FSIZE, 0)
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_NOFILE, 256)
    lower(resource.RLIMIT_NPROC, 0)


def lower(kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


def end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def receive(stream: IO[bytes]) -> bytes | None:
    head = stream.read(8)
    if len(head) < 8:
        return None
    return stream.read(struct.unpack("<Q", head)[0])


def send(stream: IO[bytes], *messages: Any) -> None:
    for message in messages:
        stream.write(struct.pack("<Q", len(message)))
        stream.write(message)
    stream.flush()


if __name__ == "__main__":
    main()
