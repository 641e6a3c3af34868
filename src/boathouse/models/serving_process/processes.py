"""Processes in which models run: what they see of the environment, what they take, how they end."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
)
_GONE_WITHIN_SECONDS = 5.0
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def variables(scratch: Path) -> dict[str, str]:
    """What the process sees of the environment: nothing of ours, least of all a token."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    own = {
        "HOME": str(scratch),
        "MLFLOW_TRACKING_URI": f"sqlite:///{scratch / 'nothing.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MPLCONFIGDIR": str(scratch),
    }
    return kept | own | dict.fromkeys(_ONE_THREAD, "1")  # one thread for one request


def has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Without taking its end: until somebody does, its number, which is that of its group, is given to nobody else."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the process and of its children that stayed in its group."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GONE_WITHIN_SECONDS)


def how_it_ended(code: int) -> str | None:
    """Why a process with this code did not end well; None when it did."""
    if code < 0:
        name = signal.Signals(-code).name
        why = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the model's process was ended by {name}{why}"
    return f"the model's process ended with code {code}" if code else None


def memory_mb(pid: int) -> float:
    """What a process and its children take at the moment."""
    import psutil

    try:
        process = psutil.Process(pid)
        everybody = [process, *process.children(recursive=True)]
        return sum(each.memory_info().rss for each in everybody) / 1e6
    except psutil.Error:
        return 0.0
