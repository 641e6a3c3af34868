"""Tries versions for a rollback: each in a process of its own, the next one when one is slow, all within one limit."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from boathouse.foundation.errors import BoathouseError, Unavailable
from boathouse.models.serving_check import CheckOptions, FindInterpreter, Interpreter, ServingCheck, check_serving

T = TypeVar("T")

SIDE_BY_SIDE = 2
"""The next one is tried along with the first, so that a version that does not answer costs no second wait."""
HEAD_START = 0.3
"""Of the time that is left, before the next one is: most answer by then, and two take longer than one."""
_LACKS = "it has no "
"""How problems begin that do not keep a version from answering: no signature, no input example."""
RESERVE_SECONDS = 0.5
"""Of the limit, for what comes after the check."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A version and what its serving check has found."""

    version: int
    check: ServingCheck
    seconds: float

    @property
    def answers(self) -> bool:
        """Whether it loads and answers. One that brings no example cannot be asked: that it loads has to do."""
        if self.check.answered_rows > 0:
            return True
        was_not_asked = self.check.loaded and self.check.payload is None
        return was_not_asked and all(problem.startswith(_LACKS) for problem in self.check.problems)

    @property
    def why_not(self) -> str:
        return "; ".join(self.check.problems) or "it gave no answer"


def first_that_answers(
    versions: Sequence[int],
    folder_of: Callable[[int], Path],
    find: FindInterpreter,
    *,
    within_seconds: float,
) -> tuple[Tried | None, list[Tried]]:
    """The first of the versions, in their order, that loads and answers; and all that was found on the way.

    Versions for which there is no time any more are not tried.
    """
    deadline = time.monotonic() + max(0.5, within_seconds - RESERVE_SECONDS)
    found: list[Tried] = []
    for start in range(0, len(versions), SIDE_BY_SIDE):
        if time.monotonic() >= deadline:
            break
        under_way: list[Future[Tried]] = []
        for version in versions[start : start + SIDE_BY_SIDE]:
            under_way.append(_in_background(lambda each=version: _tried(each, folder_of, find, deadline)))
            if _answers_within(under_way[-1], (deadline - time.monotonic()) * HEAD_START):
                break
        for future in under_way:
            tried = future.result()
            found.append(tried)
            if tried.answers:
                return tried, found
    return None, found


def _answers_within(future: "Future[Tried]", seconds: float) -> bool:
    try:
        return future.result(max(0.0, seconds)).answers
    except NotInTime:
        return False


def _tried(version: int, folder_of: Callable[[int], Path], find: FindInterpreter, deadline: float) -> Tried:
    began = time.monotonic()
    try:
        options = CheckOptions.for_rollback(max(0.1, deadline - began))
        check = check_serving(folder_of(version), options, find=_at_hand(find, deadline))
    except BoathouseError as error:
        check = ServingCheck(problems=(str(error),), light=True)
    return Tried(version, check, time.monotonic() - began)


def _at_hand(find: FindInterpreter, deadline: float) -> FindInterpreter:
    """An environment that has to be built first takes longer than a rollback can wait; it is built all the same."""

    def finding(folder: Path) -> Interpreter:
        future = _in_background(lambda: find(folder))
        try:
            return future.result(max(0.1, deadline - time.monotonic()))
        except NotInTime:
            raise Unavailable("its environment is still being built.", hint="Try again in a minute.") from None

    return finding


def _in_background(act: Callable[[], T]) -> "Future[T]":
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)

    threading.Thread(target=work, name="serving-check", daemon=True).start()
    return future
