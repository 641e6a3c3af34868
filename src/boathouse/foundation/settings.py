"""What can be set, in one tree: read once, in the wiring, from the environment.

Every field has a variable: ``BOATHOUSE_`` and the field's name in capitals.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import InvalidInput

PREFIX = "BOATHOUSE_"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one Boathouse."""

    port: int = 8300
    """Port of the control plane; 0 takes a free one."""

    serving_port: int = 8301
    """Port of the serving data plane; 0 takes a free one."""

    serving_workers: int = -1
    """Processes that answer predictions; -1: one per processor; 0: no data plane."""

    capture_seconds: float = 5.0
    """How often what was answered is moved from the journals into inference tables; each time is at most one commit."""

    host: str = "127.0.0.1"
    """Address the control plane listens on. Loopback, because a laptop is where most people start."""

    database_url: str = ""
    """A Postgres URL for teams; empty: SQLite files in the home folder."""

    log_format: LogFormat = LogFormat.TEXT
    """``text`` for people, ``json`` for machines."""

    log_level: str = "INFO"
    """Level of the processes' logs."""

    workers: int = 1
    """Worker processes of this home; each has slots of its own."""

    worker_slots: int = 0
    """Tasks that one worker runs side by side; 0: one per processor, at least two."""

    secrets_key: str = field(default="", repr=False)
    """The key that secrets are encrypted with: 32 bytes in base64; several with commas between, the newest first. For
    teams whose processes share no disk; empty: a file in the home folder."""

    secrets_key_file: str = ""
    """A file with such keys, as secret stores mount it."""

    smtp_url: str = field(default="", repr=False)
    """Where mail is handed in: ``smtp://user:password@host:587``, or ``smtps://``; empty: no mail is sent."""

    smtp_from: str = ""
    """The sender of mails; empty: ``boathouse@localhost``."""

    run_retention_days: int = 60
    """Days after its end that a run is kept with its logs, as on Databricks."""

    kept_runs_per_job: int = 20
    """The last so many runs of a job are kept, however old they are."""

    audit_retention_days: int = 365
    """Days that an audit event is kept."""

    lineage_retention_days: int = 365
    """Days that every lineage edge is kept; older ones stay as long as something that exists needs them."""

    query_processes: int = 2
    """Statements of REST clients and of the UI that run side by side, each in a process of its own."""

    query_memory_mb: int = 2048
    """Memory that such a statement may use before it spills to disk, in MB."""

    query_seconds: int = 3600
    """How long such a statement may take."""

    public_url: str = ""
    """Where browsers reach this server when a proxy stands in front: ``https://boathouse.example.com``; empty: as a
    request says."""

    oidc_issuer: str = ""
    """The address of the OpenID Connect provider that people sign in with; empty: nobody does."""

    oidc_client_id: str = ""
    """The name under which the provider knows this Boathouse."""

    oidc_client_secret: str = field(default="", repr=False)
    """The secret the provider gave with it; empty for a public client."""

    oidc_claim: str = "email"
    """The claim of the identity token that names the principal."""

    oidc_create_users: bool = False
    """Whether a person the provider knows and Boathouse does not becomes a user; else an administrator adds them."""

    @property
    def slots(self) -> int:
        return self.worker_slots or max(2, os.cpu_count() or 2)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> "Settings":
        """Read the variables; ``overrides`` that are not None win.

        Raises:
            InvalidInput: A variable does not hold a value of its field's type.
        """
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for each in fields(cls):
            variable = PREFIX + each.name.upper()
            if (given := overrides.get(each.name)) is not None:
                values[each.name] = given
            elif variable in source:
                values[each.name] = _read(variable, source[variable], each.type)
        return cls(**values)


def _read(variable: str, text: str, kind: Any) -> Any:
    try:
        return _yes_or_no(text) if kind is bool else kind(text)
    except (ValueError, KeyError) as error:
        raise InvalidInput(f"{variable} is {text!r}, but {_expected(kind)} is expected.") from error


def _yes_or_no(text: str) -> bool:
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.strip().lower()]


def _expected(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    return names[kind] if kind in names else " or ".join(kind)
