"""A step of a playbook as a task of its job: an entry point of the package for a ``python_wheel_task``."""

import argparse
import sys

from boathouse.foundation.errors import Conflict
from boathouse.foundation.rest import Connection, RestClient

TIMEOUT_SECONDS = 300.0


class AwaitsApproval(Conflict):
    """Somebody has to agree; the run goes on by itself when they have."""


def playbook_step() -> None:
    """Do step ``--step`` of the playbook of ``--incident``.

    Raises:
        AwaitsApproval: Nobody has agreed to it yet.
    """
    parser = argparse.ArgumentParser(prog="playbook_step", allow_abbrev=False)
    parser.add_argument("--incident", type=int, required=True)
    parser.add_argument("--step", type=int, required=True)
    given = parser.parse_args()
    client = RestClient(Connection.from_surroundings(), timeout_seconds=TIMEOUT_SECONDS)
    path = f"/api/boathouse/v1/incidents/{given.incident}/steps/{given.step}"
    done = client.post(f"{path}/do")
    if done["state"] == "AWAITS_APPROVAL":
        groups = " or ".join(done["approval"]["groups"])
        raise AwaitsApproval(
            f"Step {given.step}, {done['text']}, awaits approval by {groups}.",
            hint=f"boathouse incident approve {given.incident} {given.step} --reason ...",
        )
    sys.stdout.write(f"Step {given.step}, {done['text']}: {done['detail']}\n")
