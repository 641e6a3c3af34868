"""Keeps secrets out of what programs print: every value that a task knows is replaced before anything is written down.

Standard library only, and as little of it as possible: the process that watches over a task imports this when the task
meets its first secret. What a task knows is in its *ledger*, a file that exists in memory only and that the
task's processes add to before they get a value into their hands.
"""

from __future__ import annotations

import os
from binascii import b2a_base64
from json import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MARK = b"[REDACTED]"
LEDGER_VARIABLE = "BOATHOUSE_TASK_LEDGER"
"""Path of the ledger, in the environment of a task's processes."""

_LENGTH_BYTES = 4
_SHORTEST_PART = 6
"""Lines of a secret, and pieces of its base64, that are shorter say too little and would hide too much."""
_HEAD = 4
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~")


class Redactor:
    """Replaces secrets in a stream of bytes, wherever the pieces of the stream begin and end.

    What could be the beginning of a secret is held back until more is known; all else goes on at once.
    """

    def __init__(self) -> None:
        self._forms: list[bytes] = []
        self._held = b""

    def add(self, values: Iterable[bytes]) -> None:
        """Hide these as well from now on."""
        found = set(self._forms).union(*(forms_of(value) for value in values))
        self._forms = sorted(found, key=len, reverse=True)

    def feed(self, data: bytes) -> bytes:
        """What can be shown of the stream so far."""
        shown, self._held = self._split(self._held + data, is_end=False)
        return shown

    def finish(self) -> bytes:
        """The rest, when nothing follows."""
        shown, _ = self._split(self._held, is_end=True)
        self._held = b""
        return shown

    def _split(self, data: bytes, *, is_end: bool) -> tuple[bytes, bytes]:
        pieces: list[bytes] = []
        position, cut = 0, -1
        following = dict.fromkeys(self._forms, -1)  # where each is next; looked for anew when it has been passed
        while True:
            start, length = len(data), 0
            for form, known in following.items():  # the longest first, which wins where several begin
                if known < position:
                    at = data.find(form, position)
                    following[form] = known = len(data) if at < 0 else at
                if known < start:
                    start, length = known, len(form)
            if cut < position:
                cut = len(data) if is_end else self._beginning_of_more(data, position)
            if start >= cut:
                pieces.append(data[position:cut])
                return b"".join(pieces), data[cut:]
            pieces += (data[position:start], MARK)
            position = start + length

    def _beginning_of_more(self, data: bytes, position: int) -> int:
        """The first place from which everything to the end is the beginning of a secret, and not yet all of it."""
        earliest = len(data)
        for form in self._forms:
            low = max(position, len(data) - len(form) + 1)
            head = form[:_HEAD]
            at = data.find(head, low)
            while 0 <= at < earliest:
                if form.startswith(data[at:]):
                    earliest = at
                    break
                at = data.find(head, at + 1)
            for at in range(max(low, len(data) - _HEAD + 1), earliest):  # where not even a head is left
                if form.startswith(data[at:]):
                    earliest = at
                    break
        return earliest


def forms_of(value: bytes) -> set[bytes]:
    """The spellings in which a value is hidden: itself, its lines, its base64; as JSON, Python and URLs write it."""
    found = {value, value.strip()}
    found.update(line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST_PART)
    found |= _base64_forms(value)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = None
    if text is not None:
        found.update(
            spelled.encode(errors="surrogatepass")
            for spelled in (dumps(text)[1:-1], dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
        )
    found.add(repr(value)[2:-1].encode())
    for safe in (_PLAIN, _PLAIN | {ord("/")}):
        found.add(b"".join(bytes((one,)) if one in safe else b"%%%02X" % one for one in value))
    return {form for form in found if form.strip()}


def _base64_forms(value: bytes) -> set[bytes]:
    """In full, and what is left when other bytes stand before and after it, as in a header with user and password."""
    whole = b2a_base64(value, newline=False)
    found = {whole.rstrip(b"=")}
    for before in range(3):
        coded = b2a_base64(bytes(before) + value, newline=False)
        part = coded[(0, 2, 3)[before] : len(coded) - (0, 3, 2)[(before + len(value)) % 3]]
        if len(part) >= _SHORTEST_PART:
            found.add(part)
    wrapped = (whole[start : start + 76] for start in range(0, len(whole), 76))
    found.update(line for line in wrapped if len(line) >= _SHORTEST_PART)
    return found | {form.translate(bytes.maketrans(b"+/", b"-_")) for form in found}


def redacted(value: Any, redactor: Redactor) -> Any:
    """The same JSON with secrets replaced in all its texts."""
    if isinstance(value, str):
        data = value.encode(errors="surrogatepass")
        return (redactor.feed(data) + redactor.finish()).decode(errors="replace")
    if isinstance(value, dict):
        return {redacted(key, redactor): redacted(item, redactor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, redactor) for item in value]
    return value


# The ledger: each value with its length before it, written in one go, so that writers do not mix.


def note(values: Iterable[bytes], path: str | None = None) -> None:
    """Add to the ledger of the surrounding task, if there is one. Only after this may anybody see the values."""
    path = path or os.environ.get(LEDGER_VARIABLE)
    if not path:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        for value in values:
            os.write(descriptor, len(value).to_bytes(_LENGTH_BYTES) + value)
    finally:
        os.close(descriptor)


def read_ledger(descriptor: int, offset: int = 0) -> tuple[list[bytes], int]:
    """What was added from ``offset`` on, and where to go on next time."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size - offset, offset)
    values: list[bytes] = []
    position = 0
    while position + _LENGTH_BYTES <= len(data):
        end = position + _LENGTH_BYTES + int.from_bytes(data[position : position + _LENGTH_BYTES])
        if end > len(data):
            break
        values.append(data[position + _LENGTH_BYTES : end])
        position = end
    return values, offset + position


def of_this_task(value: Any, path: str | None = None) -> Any:
    """The same JSON without the secrets that the surrounding task knows."""
    path = path or os.environ.get(LEDGER_VARIABLE)
    if not path:
        return value
    descriptor = os.open(path, os.O_RDONLY)
    try:
        values, _ = read_ledger(descriptor)
    finally:
        os.close(descriptor)
    if not values:
        return value
    redactor = Redactor()
    redactor.add(values)
    return redacted(value, redactor)
