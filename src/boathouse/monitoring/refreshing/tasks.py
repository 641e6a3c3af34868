"""Refreshing a monitor as a task of its job: an entry point of the package ``boathouse``."""

import argparse
import sys
from contextlib import suppress


def refresh_monitor() -> None:
    """Refresh ``--monitor`` in the run ``--run``, as the refresh ``--refresh_id`` asks for, or by the clock."""
    parser = argparse.ArgumentParser(prog="refresh_monitor", allow_abbrev=False)
    parser.add_argument("--monitor", required=True)
    parser.add_argument("--refresh_id", default="")
    parser.add_argument("--run", type=int, required=True)
    given = parser.parse_args()

    from boathouse.features.online.moments import run_instant
    from boathouse.foundation.clock import ManualClock, from_epoch_ms
    from boathouse.foundation.errors import BoathouseError
    from boathouse.foundation.rest import Connection, RestClient
    from boathouse.monitoring.refreshing.control import RefreshControl
    from boathouse.monitoring.refreshing.refreshing import refresh
    from boathouse.session import default_session

    control = RefreshControl(RestClient(Connection.from_surroundings()))
    work = control.begin(
        given.monitor, run_id=given.run, refresh_id=int(given.refresh_id) if given.refresh_id else None
    )
    try:
        outcome = refresh(default_session(), work, ManualClock(from_epoch_ms(run_instant() // 1_000)))
    except Exception as error:
        message = str(error) if isinstance(error, BoathouseError) else f"{type(error).__name__}: {error}"
        with suppress(BoathouseError):
            control.failed(work.refresh.refresh_id, message)
        raise
    control.done(work.refresh.refresh_id, outcome)
    sys.stdout.write(f"{work.monitor.table_name}: {outcome.result['windows']} windows\n")
    if message := outcome.result.get("message"):
        sys.stdout.write(f"{message}\n")
