"""Holding a table against its contract as a task of a job: an entry point of the package ``boathouse``."""

import argparse
import os
import sys
from datetime import UTC, datetime

from boathouse.foundation.clock import Clock, ManualClock, SystemClock
from boathouse.foundation.errors import InvalidInput

_AS_OF = "BOATHOUSE_AS_OF"


def check_contract() -> None:
    """Check ``--table`` against its contract; the task fails when the contract is broken, unless ``--warn_only`` is
    true."""
    parser = argparse.ArgumentParser(prog="check_contract", allow_abbrev=False)
    parser.add_argument("--table", required=True)
    parser.add_argument("--against", default="")
    parser.add_argument("--warn_only", default="false")
    given = parser.parse_args()

    from boathouse.foundation.names import TableName
    from boathouse.foundation.rest import Connection, RestClient
    from boathouse.quality.contracts.asking import checked, told_of
    from boathouse.session import default_session

    table = TableName.parse(given.table)
    client = RestClient(Connection.from_surroundings())
    report = checked(default_session(), client, table, task_clock(), against=given.against or None)
    sys.stdout.write("\n".join(told_of(report)) + "\n")
    if report.broken and given.warn_only.lower() != "true":
        raise SystemExit(1)


def task_clock() -> Clock:
    """What time it is for the run: that of its replay where there is one.

    Raises:
        InvalidInput: The run says no instant.
    """
    given = os.environ.get(_AS_OF)
    if not given:
        return SystemClock()
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidInput(f"{_AS_OF} holds {given!r}, which is no instant.") from error
    return ManualClock(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
