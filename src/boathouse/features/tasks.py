"""Publishing and verifying as tasks of jobs: entry points of the package ``boathouse`` for a ``python_wheel_task``.

Example:
    tasks:
      - task_key: publish
        python_wheel_task:
          package_name: boathouse
          entry_point: publish_features
          named_parameters: {table: prod.flights.weather, mode: TRIGGERED}
"""

import argparse
import sys

from boathouse.foundation.errors import Conflict


def publish_features() -> None:
    """Publish ``--table``; ``--store``, ``--online-table``, ``--mode``, ``--ttl`` and ``--features`` as the command has
    them, the features with commas between."""
    parser = _parser("publish_features")
    parser.add_argument("--table", required=True)
    parser.add_argument("--store")
    parser.add_argument("--online-table", "--online_table", dest="online_table")
    parser.add_argument("--mode", default="TRIGGERED")
    parser.add_argument("--ttl")
    parser.add_argument("--features")
    given = parser.parse_args()

    from boathouse.features.online.moments import duration_of
    from boathouse.features.online.publishing.publishing import publish
    from boathouse.features.online.telling import publication_line
    from boathouse.session import default_session

    done = publish(
        default_session(), given.table, store=given.store, online_table=given.online_table, mode=given.mode,
        features=[each.strip() for each in given.features.split(",")] if given.features else None,
        time_to_live=duration_of(given.ttl) if given.ttl else None,
    )  # fmt: skip
    sys.stdout.write(f"{publication_line(done)}\n")


def verify_features() -> None:
    """Compare ``--online-table`` with its source, whole or a ``--sample``; a mismatch fails the task.

    Raises:
        Conflict: They differ.
    """
    parser = _parser("verify_features")
    parser.add_argument("--online-table", "--online_table", dest="online_table", required=True)
    parser.add_argument("--sample", type=int)
    given = parser.parse_args()

    from boathouse.features.online.telling import verification_lines
    from boathouse.features.online.verifying import verify
    from boathouse.session import default_session

    found = verify(default_session(), given.online_table, sample=given.sample)
    for line in verification_lines(found):
        sys.stdout.write(f"{line}\n")
    if not found.matches:
        raise Conflict(
            f"{found.online_table} is not what was published of {found.source_table}.",
            hint="Publish it anew with mode SNAPSHOT.",
        )


def _parser(name: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=name, allow_abbrev=False)
