"""One Delta commit, all or nothing, with certainty about what became of it.

delta-rs decides by itself whether a commit that lost a race still holds; it is too lenient for rewriting (two
overwrites may both succeed). So a rewrite may only land right after the version it was computed from: when somebody
else took that place, we look at what they did, and compute anew or give up with a conflict. Appends read nothing, so
delta-rs may put them wherever they fit.

Every commit carries an id. When an attempt fails in a way that leaves open whether it landed (the checkpoint after the
commit found the disk full), the log is asked for the id.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deltalake import CommitProperties, DeltaTable, Transaction

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.ids import new_id
from boathouse.lake.errors import VersionNotFound, WriteConflict, translated
from boathouse.lake.log import COMMIT_ID, DeltaLog
from boathouse.lake.snapshots import open_table

_logger = logging.getLogger(__name__)

APPEND_RETRIES = 10_000
"""Attempts to find a place in the log for an append; in practice the number of commits that came in between."""

REWRITE_ROUNDS = 100
"""How often a rewrite that depends on no earlier read is computed anew before it counts as a conflict."""

_LONGEST_PAUSE_SECONDS = 0.25

Attempt = Callable[[DeltaTable, CommitProperties], Any]
"""Does the work on the table and commits with the properties."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The next number of a writer that counts its commits to a table (an application transaction of Delta): of two
    commits with the same number one lands."""

    writer: str
    number: int


class TurnTaken(WriteConflict):
    """Another commit has taken the turn; trying again would not help."""


def next_turn(location: str, writer: str) -> Turn:
    """The turn after the last one that landed."""
    return Turn(writer, (open_table(location).transaction_version(writer) or 0) + 1)


def turns_taken(location: str, writers: Sequence[str]) -> dict[str, int]:
    """The number of the last turn of each of these writers that landed; without those that never came."""
    table = open_table(location)
    found = {writer: table.transaction_version(writer) for writer in writers}
    return {writer: number for writer, number in found.items() if number is not None}


def commit_append(
    location: str,
    attempt: Attempt,
    *,
    info: Mapping[str, str] | None,
    repeatable: bool,
    turns: Sequence[Turn] = (),
) -> int:
    """Commit an append; other writers cannot make it fail, except by changing the schema under a one-shot stream.

    Raises:
        WriteConflict: The schema was changed meanwhile, and the data can be read only once; or somebody else took one
            of the ``turns``.
    """
    if turns:
        return _attempt_once(location, attempt, info, retries=APPEND_RETRIES, turns=turns)
    for round_number in range(REWRITE_ROUNDS if repeatable else 1):
        try:
            return _attempt_once(location, attempt, info, retries=APPEND_RETRIES)
        except WriteConflict:
            _pause(round_number)
    raise WriteConflict(
        f"The schema or the properties of the table at {location} were changed during the append.",
        hint="Read the data again and repeat the write.",
    )


def commit_rewrite(
    location: str,
    attempt: Attempt,
    *,
    info: Mapping[str, str] | None,
    read_version: int | None = None,
    repeatable: bool = True,
    turns: Sequence[Turn] = (),
) -> int:
    """Commit something that replaces rows.

    With ``read_version`` it lands only if no row was changed since that version.

    Raises:
        WriteConflict: Rows were changed since ``read_version``, or during a write whose data can be read only once; or
            somebody else took one of the ``turns``.
    """
    for round_number in range(REWRITE_ROUNDS):
        try:
            return _attempt_once(location, attempt, info, retries=0, read_version=read_version, turns=turns)
        except TurnTaken:
            raise
        except WriteConflict:
            if read_version is not None:
                require_unchanged(location, read_version, upto=DeltaLog(location).latest())
            if not repeatable:
                raise
            _pause(round_number)
    raise WriteConflict(
        f"The table at {location} is changed by others so often that the write found no moment for itself.",
        hint="Try again, or write less often.",
    )


def require_unchanged(location: str, read_version: int, *, upto: int) -> None:
    """Refuse to go on when rows, schema or properties have changed between a version and a newer one.

    Raises:
        VersionNotFound: The table does not have that version yet.
        WriteConflict: Somebody has changed it since; says who did what.
    """
    if read_version > upto:
        raise VersionNotFound(f"The table at {location} has no version {read_version}; its newest is {upto}.")
    for commit in DeltaLog(location).between(read_version, upto):
        if commit is None or commit.changes_data or commit.changes_metadata:
            what = f"{commit.operation} made version {commit.version}" if commit else "the log has been cleaned"
            raise WriteConflict(
                f"The table at {location} has changed since version {read_version}: {what}.",
                hint="Read it again and repeat the write.",
            )


def _attempt_once(
    location: str,
    attempt: Attempt,
    info: Mapping[str, str] | None,
    *,
    retries: int,
    read_version: int | None = None,
    turns: Sequence[Turn] = (),
) -> int:
    table = open_table(location)
    base = table.version()
    for turn in turns:
        # delta-rs compares with commits after this version; what landed up to it we compare ourselves.
        if (table.transaction_version(turn.writer) or 0) >= turn.number:
            raise TurnTaken(f"Another {turn.writer} into the table at {location} was faster.")
    transactions = [Transaction(turn.writer, turn.number) for turn in turns] or None
    if read_version is not None:
        # Of this table object and no other: without retries the commit lands right after it or not at all.
        require_unchanged(location, read_version, upto=base)
    commit_id = new_id()
    properties = CommitProperties(
        custom_metadata={**(info or {}), COMMIT_ID: commit_id},
        max_commit_retries=retries,
        app_transactions=transactions,
    )
    log = DeltaLog(location)
    try:
        with translated(location):
            attempt(table, properties)
    except BoathouseError as error:
        landed = log.find(commit_id, after=base)
        if landed is None:
            raise
        _logger.warning("Version %d of %s was committed, but not its checkpoint: %s", landed, location, error)
        return landed
    if table.version() - base in (0, 1):  # 0: there was nothing to change
        return table.version()
    landed = log.find(commit_id, after=base)
    return table.version() if landed is None else landed


def _pause(round_number: int) -> None:
    """Wait a little, at random, so that writers that met do not meet again."""
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.005 * 2**round_number)))
