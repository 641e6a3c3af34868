"""Watches over one task: the guard forks, its child does the task, and whatever the child leaves behind dies with it.

The guard is the child of the worker, or of a starter that ends with the worker, and does nothing but wait and carry
what the task prints to its log. When its parent dies, however it dies, the kernel tells the guard, which then ends the
task and everything the task has started, double forks included. When the task ends, the guard writes down how, so that
even a worker that is killed at that moment leaves a record.
"""

from __future__ import annotations  # what is only named in annotations is not imported at run time

import ctypes
import json
import os
import signal
import sys
import time

from .output import Ledger, Output

TYPE_CHECKING = False  # as typing's own, which takes longer to import than the rest of this file to run
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
END_EVERYTHING = signal.SIGUSR1
"""What tells a guard to end its task with everything that belongs to it, at once."""
_IS_LINUX = sys.platform == "linux"
_LEDGER_VARIABLE = "BOATHOUSE_TASK_LEDGER"  # as boathouse.foundation.redaction has it, which is imported when needed


def guard(spec_file: str, starter: int | None = None, line: int | None = None) -> None:
    """Run the task of a spec file in a child and stay until nothing of it is left. Who was forked says from whom, and
    holds a line on which the worker waits for its end."""
    with open(spec_file, encoding="utf-8") as file:  # noqa: PTH123 (pathlib is a third of what a bare start imports)
        spec: dict[str, Any] = json.load(file)
    worker = starter or spec["worker_pid"]
    if os.getppid() != worker:  # it died before we could ask to be told
        return
    _die_with_parent(END_EVERYTHING)
    if _IS_LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the whole group gets it, and it is meant for the task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ledger = Ledger(spec["exit_file"] + ".ledger")
    output = Output(ledger)
    signal.set_wakeup_fd(output.wake, warn_on_full_buffer=False)
    ending = _Ending()
    signal.signal(END_EVERYTHING, ending.begin)
    signal.signal(signal.SIGCHLD, _look_up)
    secrets = _secrets_of(spec, ledger)
    if os.getppid() != worker:
        return
    child = os.fork()
    if child == 0:
        if line is not None:
            os.close(line)
        output.become_the_task()
        os.environ[_LEDGER_VARIABLE] = ledger.path
        _become_the_task(_filled_in(spec, secrets))
    output.become_the_guard()
    if not _IS_LINUX:
        _watch_parent(worker)
    found = _wait(child, output, ending)
    _end_descendants()
    output.finish()
    ledger.close()
    if found is None:
        os._exit(1)
    _write_exit(spec["exit_file"], *found)
    os._exit(0)


class _Ending:
    """Whether everything shall end. Only remembered by the signal's handler, so that no output is torn in two."""

    def __init__(self) -> None:
        self.has_begun = False

    def begin(self, _number: int, _frame: FrameType | None) -> None:
        self.has_begun = True


def _look_up(_number: int, _frame: FrameType | None) -> None:
    """A child has ended: the wake-up that comes with every handled signal is all that is needed."""


def _secrets_of(spec: dict[str, Any], ledger: Ledger) -> dict[str, str]:
    """The values of the secrets that the task's definition names, by what stands for them; they come through standard
    input, and are nowhere on the disk."""
    if not spec["has_secrets"]:
        return {}
    with open(0, encoding="utf-8") as given:
        secrets: dict[str, str] = json.load(given)
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)  # takes the place of standard input
    ledger.write(value.encode(errors="surrogateescape") for value in secrets.values())
    return secrets


def _filled_in(value: Any, secrets: dict[str, str]) -> Any:
    """The same with secrets in the place of what stands for them."""
    if not secrets:
        return value
    if isinstance(value, str):
        for mark, secret in secrets.items():
            value = value.replace(mark, secret)
        return value
    if isinstance(value, dict):
        return {key: _filled_in(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_in(item, secrets) for item in value]
    return value


def _become_the_task(spec: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, END_EVERYTHING):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    _die_with_parent(signal.SIGKILL)
    from .task import run_task

    run_task(spec)


def _wait(child: int, output: Output, ending: _Ending) -> tuple[int, Any] | None:
    """Wait for the task; others that the kernel hands to us as their nearest living ancestor are only buried. None when
    everything shall end before the task has."""
    while not ending.has_begun:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == child:
            return status, usage
        if pid == 0:
            output.carry()
    return None


def _write_exit(path: str, status: int, usage: Any) -> None:
    unit = 1024 if _IS_LINUX else 1
    found = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "peak_memory_bytes": usage.ru_maxrss * unit,
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 6),
    }
    draft = path + ".new"
    with open(draft, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(found, file)
    os.replace(draft, path)  # noqa: PTH105


def _end_descendants() -> None:
    """Kill what is left of the task until there is nothing left; a process can be born while we look."""
    while children := _descendants():
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def _descendants() -> list[int]:
    if not _IS_LINUX:
        return []  # without a subreaper only the group can be found; the worker ends that
    if not _has_children():
        return []
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit() and (found := _parent_and_state(entry)):
            parent, state = found
            if state != "Z":
                parents.setdefault(parent, []).append(int(entry))
    below: list[int] = []
    pending = [os.getpid()]
    while pending:
        children = parents.get(pending.pop(), [])
        below += children
        pending += children
    return below


def _has_children() -> bool:
    """Almost no task leaves anything behind; then there is no need to read all of /proc."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _parent_and_state(pid: str) -> tuple[int, str] | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except OSError:
        return None
    return int(parent), state.decode()


def _die_with_parent(number: signal.Signals) -> None:
    if _IS_LINUX:
        _prctl(_PR_SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _watch_parent(worker: int) -> None:
    """Where the kernel does not tell, look twice a second."""

    def look(_number: int, _frame: FrameType | None) -> None:
        if os.getppid() != worker:
            os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)
