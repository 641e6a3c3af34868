"""Runs in the process of a serving check: loads the model of a spec, asks it, writes down what happened.

A script, not a module: it is started in the model's own environment and needs of it no more than MLflow and pandas.
What it has found so far is written after each step, so that a crash does not lose it.
"""

# pyright: reportUnknownParameterType=false
import ctypes
import json
import os
import re
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PATIENCE_SECONDS = 30.0
"""At least so long a slow model may take for as many answers as say something."""
_LONGEST = 500
_TEXT_KINDS = ("string", "binary")
_NO_NUMBER = "no number at all"


class Findings:
    """What is known so far, in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.known: dict[str, Any] = {"problems": []}

    def add(self, **more: Any) -> None:
        self.known |= more
        self.write()

    def problem(self, text: str) -> None:
        self.known["problems"].append(text)
        self.write()

    def write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self.known | {"peak_memory_mb": peak_memory_mb()}))
        draft.replace(self._file)


def main(spec: dict[str, Any]) -> None:
    die_with(spec["parent"])
    asking = nothing_to_read()
    sys.path[:0] = spec["paths"]
    findings = Findings(Path(spec["result"]))
    began = time.perf_counter()
    if spec["light"] and answers_natively(Path(spec["folder"]), findings):
        return
    try:
        model = loaded(spec["folder"])
    except BaseException as error:  # noqa: BLE001 - a model may raise anything, SystemExit included
        findings.problem(f"it does not load: {said(error)}")
        return
    schema = signature_of(model)
    findings.add(loaded=True, load_seconds=time.perf_counter() - began, has_signature=schema is not None)
    findings.add(versions=versions())
    asking.readline()  # who has begun this says by a line when times can be measured
    if schema is None and not spec["light"]:
        findings.problem("it has no signature, so serving cannot tell a bad request from a good one")
    rows, payload = example(model, schema, spec)
    if rows is None:
        findings.problem("it has no input example, and no rows were given, so it could not be asked")
        return
    findings.add(payload=payload)
    try:
        findings.add(answered_rows=asked(model, rows))
    except BaseException as error:  # noqa: BLE001
        findings.problem(f"it does not answer its {payload}: {said(error)}")
        return
    if spec["light"]:
        return
    try:
        findings.add(latency=under_load(model, rows, spec))
    except BaseException as error:  # noqa: BLE001
        findings.problem(f"it stopped answering under load: {said(error)}")
    bad = bad_payloads(model, schema, rows)
    findings.add(bad_payloads=bad)
    for each in bad:
        if not each["refused"]:
            findings.problem(f"it answers although {each['what']}: {each['said']}")
        elif not each["clear"]:
            findings.problem(f"its error does not name what is wrong when {each['what']}: {each['said']}")


def nothing_to_read() -> IO[bytes]:
    """What was standard input; from now on a model that reads, or has others read, finds its end there."""
    asking = os.fdopen(os.dup(0), "rb", buffering=0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    return asking


def answers_natively(folder: Path, findings: Findings) -> bool:
    """Whether a model answers its own example without MLflow, which takes far longer to start than the libraries that
    most models are of. If it does not, whatever the reason, MLflow has the last word."""
    sys.path.insert(0, str(Path(__file__).parent))
    from native import native  # pyright: ignore

    sys.path.pop(0)
    began = time.perf_counter()
    try:
        model: Any = native(folder)
        took = time.perf_counter() - began
        rows = asked(model, model.rows)
    except BaseException:  # noqa: BLE001
        return False
    findings.add(loaded=True, load_seconds=took, has_signature=model.has_signature, versions=versions())
    findings.add(payload="input example", answered_rows=rows)
    return True


def loaded(folder: str) -> Any:
    with absent(*unneeded_by(folder)):
        import mlflow.pyfunc

    # The environment was chosen by what the model requires; MLflow's own look at that takes a good part of a second.
    return mlflow.pyfunc.load_model(folder, suppress_warnings=True)


def unneeded_by(folder: str) -> list[str]:
    """What MLflow imports wherever it finds it, and a model that does not ask for it can do without: together a third
    of the time that MLflow takes to start."""
    file = Path(folder, "requirements.txt")
    asked_for = file.read_text(encoding="utf-8").casefold() if file.is_file() else ""
    return [name for name in ("pyspark", "polars") if name not in asked_for]


@contextmanager
def absent(*names: str) -> Generator[None]:
    """Packages cannot be imported as long as the block lasts."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in names if name not in modules]
    modules |= dict.fromkeys(hidden)
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


def signature_of(model: Any) -> Any:
    """The schema of its inputs, or None."""
    signature = model.metadata.signature
    return None if signature is None else signature.inputs


def example(model: Any, schema: Any, spec: dict[str, Any]) -> tuple[Any, str]:
    """What the model is asked, and what that is called."""
    try:
        own = model.input_example
    except Exception as error:  # noqa: BLE001 - an example that cannot be read is as good as none
        sys.stderr.write(f"The input example cannot be read: {said(error)}\n")
        own = None
    if own is not None:
        return own, "input example"
    if spec["payload"] is not None:
        import pandas

        return pandas.read_parquet(spec["payload"]), "evaluation rows"
    if spec["light"] and schema is not None:
        return made_up(schema), "row made up from its signature"
    return None, ""


def made_up(schema: Any) -> Any:
    """One row of zeros and empty texts: whoever has to know within seconds whether a model answers looks no further."""
    import numpy
    import pandas

    if schema.is_tensor_spec():
        arrays = {each.name: numpy.zeros([max(1, size) for size in each.shape], each.type) for each in schema.inputs}
        return arrays if schema.has_input_names() else next(iter(arrays.values()))
    values = {
        "boolean": False, "string": "", "binary": b"", "datetime": pandas.Timestamp("2020-01-01"),
        "integer": numpy.int32(0), "long": 0, "float": numpy.float32(0), "double": 0.0,
    }  # fmt: skip
    names = [each.name for each in schema.inputs] if schema.has_input_names() else range(len(schema.inputs))
    return pandas.DataFrame(
        {name: [values.get(kind_of(each))] for name, each in zip(names, schema.inputs, strict=True)}
    )


def asked(model: Any, rows: Any) -> int:
    """How many rows were asked. Raises when there are more answers than rows, or fewer."""
    answers = model.predict(rows)
    if answers is None:
        raise ValueError("the answer is None")
    wanted = len(rows) if is_frame(rows) else None
    found = len(answers) if hasattr(answers, "__len__") else None
    if wanted is not None and found is not None and found != wanted:
        raise ValueError(f"{found} answers for {wanted} rows")
    return wanted or 1


def under_load(model: Any, rows: Any, spec: dict[str, Any]) -> dict[str, float]:
    """One request after the other, for a while."""
    requests = split(rows, spec["rows_per_request"])
    for number in range(spec["warm_up_requests"]):
        model.predict(requests[number % len(requests)])
    times: list[float] = []
    start = time.perf_counter()
    end, last = start + spec["load_seconds"], start + max(PATIENCE_SECONDS, 10 * spec["load_seconds"])
    while len(times) < spec["maximum_requests"]:
        request = requests[len(times) % len(requests)]
        began = time.perf_counter()
        model.predict(request)
        now = time.perf_counter()
        times.append((now - began) * 1000)
        if now > (end if len(times) >= spec["minimum_requests"] else last):
            break
    times.sort()
    return {
        "requests": len(times),
        "p50_ms": quantile(times, 0.50),
        "p99_ms": quantile(times, 0.99),
        "mean_ms": sum(times) / len(times),
    }


def quantile(ascending: list[float], share: float) -> float:
    """The smallest value that so many of them do not exceed."""
    return ascending[max(0, -(-int(len(ascending) * share * 1000) // 1000) - 1)]


def split(rows: Any, size: int) -> list[Any]:
    if not is_frame(rows):
        return [rows]
    return [rows.iloc[start : start + size] for start in range(0, min(len(rows), 200 * size), size)]


def bad_payloads(model: Any, schema: Any, rows: Any) -> list[dict[str, Any]]:
    """A column that is missing, and one of a wrong type; of an array, one dimension too many, and text."""
    if schema is not None and schema.is_tensor_spec() and hasattr(rows, "ndim") and not is_frame(rows):
        return [
            refusal(model, rows[..., None], "the array has a dimension too many", "shape"),
            refusal(model, rows.astype(str), "the array holds text", "type"),
        ]
    if schema is None or not is_frame(rows) or schema.is_tensor_spec() or not schema.has_input_names():
        return []
    columns = {each.name: each for each in schema.inputs}
    required = [name for name, each in columns.items() if getattr(each, "required", True)]
    found: list[dict[str, Any]] = []
    if required:
        name = required[0]
        found.append(refusal(model, rows.drop(columns=[name]), f"column {name} is missing", name))
    numbers = [name for name, each in columns.items() if kind_of(each) not in _TEXT_KINDS and name in rows.columns]
    name = numbers[0] if numbers else next((name for name in columns if name in rows.columns), None)
    if name is not None:
        wrong = rows.copy()
        wrong[name] = [_NO_NUMBER if numbers else 12.5] * len(wrong)
        what = f"column {name} holds {'text' if numbers else 'numbers'}"
        found.append(refusal(model, wrong, what, name))
    return found


def refusal(model: Any, rows: Any, what: str, word: str) -> dict[str, Any]:
    """How the model takes rows that are wrong; a clear error has the word in it."""
    try:
        answer = model.predict(rows)
    except Exception as error:  # noqa: BLE001 - the error is what is looked at
        text = said(error)
        return {"what": what, "refused": True, "clear": names(text, word), "said": text}
    return {"what": what, "refused": False, "clear": False, "said": f"answered {str(answer)[:100]}"}


def kind_of(column: Any) -> str:
    return getattr(column.type, "name", str(column.type))


def is_frame(rows: Any) -> bool:
    return hasattr(rows, "iloc") and hasattr(rows, "columns")


def names(text: str, word: str) -> bool:
    """Whether a text has a word in it, or ``dtype`` for type, and not only as a part of another one."""
    return re.search(rf"(?<!\w)d?{re.escape(word)}s?(?!\w)", text, re.IGNORECASE) is not None


def said(error: BaseException) -> str:
    """What an error says. MLflow's of a schema begin with the rows, which nobody shall keep, and end with why."""
    reason = str(error).strip()
    if reason.startswith("Failed to enforce schema"):
        reason = reason.rpartition("Error: ")[2]
    text = f"{type(error).__name__}: {reason}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def peak_memory_mb() -> float:
    """The most memory that this process has had. The operating system's own counter for children also knows the
    process from which we were forked, so the kernel's file is asked where there is one."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    import resource

    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return taken / 1e6 if sys.platform == "darwin" else taken * 1024 / 1e6


def versions() -> dict[str, str]:
    python = {"python": ".".join(map(str, sys.version_info[:3]))}
    mlflow = sys.modules.get("mlflow")
    return python if mlflow is None else python | {"mlflow": mlflow.__version__}


def die_with(parent: int) -> None:
    """Go when whoever asked is gone, even when he was killed."""
    if sys.platform == "linux":
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    ctypes.CDLL(None).fflush(None)  # what libraries have printed by themselves
    os._exit(0)  # to take MLflow apart object by object takes a second, and what was found is written
