"""Does one task of a run: attempt after attempt, until one succeeds or none is left.

Whatever dies in between, a task that has ended is not done again, and no second process of a task starts before the
first one is gone.
"""

import errno
import logging
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from boathouse.catalog.law import Catalog
from boathouse.catalog.tokens import IssuedToken
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs import logs
from boathouse.jobs.executing.preparing import Preparation, PreparedTask, task_variables
from boathouse.jobs.executing.processes import AttemptFiles, Command, TaskProcess, end_leftovers, is_ours
from boathouse.jobs.executing.starters import Starters
from boathouse.jobs.executing.upstream import Upstream
from boathouse.jobs.executing.watching import LiveTask, RunControl, StopReason
from boathouse.jobs.records import Attempt, Outcome, Run, State, TaskRun
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import ended, task_columns
from boathouse.jobs.settings import Task
from boathouse.jobs.states import LifeCycleState, ResultState

log = logging.getLogger(__name__)

TOKEN_SECONDS = 24 * 3600
"""How long a task's token lives when the task has no time limit; it is revoked when the task ends."""
_TOKEN_SLACK_SECONDS = 300
_TRACE_BYTES = 4096
_LONGEST_MESSAGE = 1000
_OF_OURS = {"BOATHOUSE_AUTOLOG": "0"}
"""In tasks of the platform: what they fit to find something out is nobody's experiment."""


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """What all tasks of a worker have in common."""

    executor_id: str
    url: str
    """Of the control plane."""
    hooks: str = ""
    """``module:function`` of what every Python task calls first, with commas between."""
    preload: str = ""
    """Modules that the platform's own tasks need, with commas between."""
    grace_seconds: float = 5.0
    """Between asking a task to stop and making it."""


class Interrupted(BaseException):
    """The worker is stopping, and the task has no result."""


@dataclass(slots=True)
class _Ended:
    """An attempt that is over, with what is kept of it."""

    attempt: Attempt
    outcome: Outcome
    values: dict[str, Any]


class TaskRunner:
    """Runs tasks as processes and keeps what came of them."""

    def __init__(
        self,
        runs: RunRepository,
        upstream: Upstream,
        catalog: Catalog,
        preparation: Preparation,
        home: Home,
        clock: Clock,
        slots: threading.Semaphore,
        settings: TaskSettings,
    ) -> None:
        self._runs = runs
        self._upstream = upstream
        self._identities = catalog.identities
        self._preparation = preparation
        self._home = home
        self._clock = clock
        self._slots = slots
        self._settings = settings
        self._starters = Starters(settings.preload)
        self._busy = 0
        self._busy_lock = threading.Lock()

    def run(self, run: Run, task_run: TaskRun, control: RunControl) -> Outcome:
        """Do a task to its end. When the worker is stopped this never returns: the task is done again later."""
        if outcome := task_run.outcome:
            return outcome
        try:
            return self._attempt_until_done(run, task_run, control)
        except Interrupted:
            park()

    @property
    def is_busy(self) -> bool:
        """Whether a process runs, or its end has not been written down."""
        return self._busy > 0

    def _attempt_until_done(self, run: Run, task_run: TaskRun, control: RunControl) -> Outcome:
        task = run.definition_of(task_run)
        before = self._runs.attempts(task_run.task_run_id)
        failures = sum(attempt.result not in (None, ResultState.INTERRUPTED) for attempt in before)
        number = task_run.first_attempt + len(before)
        over = self._settle(run, task_run, before[-1]) if before and before[-1].result is None else None
        while True:
            if over is None:
                over = self._attempt_in_slot(run, replace(task_run, attempt=number), control)
                number += 1
            if over is None:
                return self._stopped_before(task_run, control)
            failures += 1
            again = may_retry(task, over.outcome, failures) and control.reason in (None, StopReason.SHUTDOWN)
            self._keep(over, is_final=not again)
            if not again:
                return over.outcome
            if not control.pause(task.min_retry_interval_millis / 1000):
                return self._stopped_before(task_run, control)
            over = None

    def _attempt_in_slot(self, run: Run, task_run: TaskRun, control: RunControl) -> "_Ended | None":
        with self._slot(control) as has_slot, self._counted():
            return self._attempt(run, task_run, control) if has_slot else None

    # One attempt

    def _attempt(self, run: Run, task_run: TaskRun, control: RunControl) -> _Ended:
        began = time.monotonic()
        attempt = Attempt(task_run.task_run_id, task_run.attempt, self._settings.executor_id, self._now())
        try:
            task_run = replace(task_run, known=self._upstream.answers(run, task_run))
            prepared = self._preparation.prepare(run, task_run)
            token = self._issue_token(run, prepared)
        except (BoathouseError, OSError, ValueError) as error:
            return self._not_started(run, task_run, attempt, error)
        attempt = replace(attempt, token_id=token.token_id)
        files = self._files(run, task_run, attempt)
        setup_ms = round((time.monotonic() - began) * 1000)
        self._begin(attempt, prepared.environment.key, setup_ms)
        variables = task_variables(run, prepared, self._settings.url, token.secret, self._settings.hooks)
        if is_ours(prepared.spec):
            variables |= _OF_OURS
        command = Command(prepared.environment.python, prepared.spec, variables, files, prepared.secrets)
        started = time.monotonic()
        try:
            process = TaskProcess(command, self._starters)
        except (OSError, ValueError) as error:
            return self._failed(attempt, files, f"The task's process cannot be started: {_reason(error)}")
        live = LiveTask(process, prepared.task.timeout_seconds, self._settings.grace_seconds)
        with process, control.watched(live):
            self._runs.note_process(attempt, process.pid)
            process.wait()
        execution_ms = round((time.monotonic() - started) * 1000)
        return self._ended(attempt, files, prepared.task, live.reason, execution_ms)

    def _ended(
        self, attempt: Attempt, files: AttemptFiles, task: Task, reason: StopReason | None, execution_ms: int
    ) -> _Ended:
        found = files.read_exit()
        if found is None:
            end_leftovers(files.folder)  # somebody has killed the guard, which would have done it
        output = files.read_output()
        exit_code = found["exit_code"] if found else None
        if reason is StopReason.SHUTDOWN and exit_code != 0:
            self._interrupt(attempt)
            raise Interrupted
        outcome = _outcome(exit_code, output, reason, task)
        error = outcome.message if outcome.result is not ResultState.SUCCESS else None
        measured = {
            "peak_memory_bytes": found["peak_memory_bytes"] if found else None,
            "cpu_seconds": found["cpu_seconds"] if found else None,
            "exit_code": exit_code,
        }
        values = {
            **measured,
            "ended_at": self._now(),
            "execution_ms": execution_ms,
            "error": error,
            "error_trace": output.get("error_trace") or (_last_lines(files) if error else None),
            "result": output.get("result"),
        }
        over = replace(attempt, ended_at=self._now(), result=outcome.result, message=outcome.message, **measured)
        return _Ended(over, outcome, values)

    def _not_started(self, run: Run, task_run: TaskRun, attempt: Attempt, error: Exception) -> _Ended:
        """What was asked for cannot be started; that is the attempt's result."""
        self._begin(attempt, None, 0)
        return self._failed(attempt, self._files(run, task_run, attempt), str(error))

    def _failed(self, attempt: Attempt, files: AttemptFiles, message: str) -> _Ended:
        """The end of an attempt that never had a process."""
        files.folder.parent.mkdir(parents=True, exist_ok=True)
        with files.log.open("a") as file:
            file.write(f"{message}\n")
        outcome = Outcome(ResultState.FAILED, message[:_LONGEST_MESSAGE])
        now = self._now()
        values = {"ended_at": now, "error": message, "error_trace": None}
        return _Ended(replace(attempt, ended_at=now, result=outcome.result, message=outcome.message), outcome, values)

    def _begin(self, attempt: Attempt, environment_key: str | None, setup_ms: int) -> None:
        if not self._runs.begin_attempt(attempt, environment_key=environment_key, setup_ms=setup_ms):
            self._revoke(attempt)
            raise Interrupted

    def _keep(self, over: "_Ended", *, is_final: bool) -> None:
        waiting = State(LifeCycleState.WAITING_FOR_RETRY, None, over.outcome.message)
        values = task_columns(ended(over.outcome), **over.values) if is_final else task_columns(waiting)
        is_ours = self._runs.end_attempt(over.attempt, values, self._settings.executor_id)
        self._revoke(over.attempt)
        if not is_ours:
            raise Interrupted

    # What was interrupted

    def _settle(self, run: Run, task_run: TaskRun, attempt: Attempt) -> "_Ended | None":
        """Bring an attempt to its end that an earlier life of the run began: none of its processes is left. When its
        guard still wrote down how the task ended, that counts; else it was interrupted."""
        files = self._files(run, task_run, attempt)
        leftovers = end_leftovers(files.folder)
        found = files.read_exit()
        if found is not None and found["exit_code"] >= 0:
            return self._ended(attempt, files, run.definition_of(task_run), None, 0)
        log.info("Run %s, task %s was interrupted; %s processes were left.", run.run_id, task_run.task_key, leftovers)
        self._interrupt(attempt)
        return None

    def _interrupt(self, attempt: Attempt) -> None:
        """Write down that the task has to run again, and why."""
        state = State(LifeCycleState.PENDING, None, "Its worker went away; it runs again when a worker is there.")
        over = replace(attempt, ended_at=self._now(), result=ResultState.INTERRUPTED, message="Its worker went away.")
        self._runs.end_attempt(over, task_columns(state), self._settings.executor_id)
        self._revoke(attempt)

    def _stopped_before(self, task_run: TaskRun, control: RunControl) -> Outcome:
        """The run was stopped while the task waited."""
        if control.reason is StopReason.SHUTDOWN:
            raise Interrupted
        outcome = stopped(control.reason or StopReason.CANCELED, 0)
        self._runs.end_tasks({task_run.task_run_id: outcome}, self._now())
        return outcome

    # Small things

    @contextmanager
    def _slot(self, control: RunControl) -> Generator[bool]:
        """Wait until the worker has room for another task; False when the run is stopped before."""
        while control.reason is None:
            if self._slots.acquire(timeout=0.1):
                try:
                    yield True
                finally:
                    self._slots.release()
                return
        yield False

    @contextmanager
    def _counted(self) -> Generator[None]:
        with self._busy_lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._busy_lock:
                self._busy -= 1

    def _issue_token(self, run: Run, prepared: PreparedTask) -> IssuedToken:
        limit = prepared.task.timeout_seconds or run.settings.timeout_seconds
        return self._identities.issue_token(
            SYSTEM,
            run.run_as,
            lifetime_seconds=limit + _TOKEN_SLACK_SECONDS if limit else TOKEN_SECONDS,
            comment=f"run {run.run_id}, task {prepared.context.task_key}",
            task=prepared.context,
        )

    def _revoke(self, attempt: Attempt) -> None:
        if attempt.token_id is None:
            return
        try:
            self._identities.revoke_token(SYSTEM, attempt.token_id)
        except NotFound:
            return  # it has expired, or was revoked before the worker died

    def _files(self, run: Run, task_run: TaskRun, attempt: Attempt) -> AttemptFiles:
        folder = logs.attempt_folder(self._home, run.run_id, task_run.place)
        return AttemptFiles(folder.absolute() / str(attempt.attempt))

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def park() -> NoReturn:
    """Never return: the process is about to end, and nothing that we do may be taken for the task's result."""
    while True:
        time.sleep(3600)


def _last_lines(files: AttemptFiles) -> str:
    return logs.tail(files.log, limit_bytes=_TRACE_BYTES)[0]


def may_retry(task: Task, outcome: Outcome, failures: int) -> bool:
    """Whether a task that has failed so often is tried again."""
    if outcome.result is ResultState.TIMEDOUT and not task.retry_on_timeout:
        return False
    if outcome.result not in (ResultState.FAILED, ResultState.TIMEDOUT):
        return False
    return task.max_retries < 0 or failures <= task.max_retries


def _outcome(exit_code: int | None, output: dict[str, Any], reason: StopReason | None, task: Task) -> Outcome:
    if reason is not None and not (exit_code == 0 and reason is StopReason.SHUTDOWN):
        return stopped(reason, task.timeout_seconds)
    if exit_code == 0:
        return Outcome(ResultState.SUCCESS)
    message = output.get("error") or _described(exit_code)
    return Outcome(ResultState.FAILED, message[:_LONGEST_MESSAGE])


def stopped(reason: StopReason, timeout_seconds: int) -> Outcome:
    """The outcome of a task that was stopped from outside."""
    match reason:
        case StopReason.TASK_TIMEDOUT:
            return Outcome(ResultState.TIMEDOUT, f"The task took longer than its {timeout_seconds} s.")
        case StopReason.RUN_TIMEDOUT:
            return Outcome(ResultState.TIMEDOUT, "The run took longer than its timeout_seconds.")
        case _:
            return Outcome(ResultState.CANCELED, "The run was cancelled.")


def _reason(error: Exception) -> str:
    """Why the system has not started a process."""
    if isinstance(error, OSError) and error.errno == errno.E2BIG:
        return "a parameter or a variable is too long. Write what has more than 128 KiB to a file and pass on its name."
    return f"{error}."


def _described(exit_code: int | None) -> str:
    if exit_code is None:
        return "The task's processes were killed from outside."
    if exit_code < 0:
        try:
            name = signal.Signals(-exit_code).name
        except ValueError:
            name = f"signal {-exit_code}"
        more = " Perhaps the machine ran out of memory." if -exit_code == signal.SIGKILL else ""
        return f"The task's process was ended by {name}.{more}"
    return f"The task left with exit code {exit_code}."
