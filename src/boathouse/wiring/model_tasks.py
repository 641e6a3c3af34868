"""The tasks of a deployment job: entry points of the package ``boathouse`` for a ``python_wheel_task``.

Example:
    parameters: [{name: model_name, default: ""}, {name: model_version, default: ""}]
    tasks:
      - task_key: evaluate
        python_wheel_task:
          package_name: boathouse
          entry_point: evaluate_model
          named_parameters:
            model_name: "{{job.parameters.model_name}}"
            model_version: "{{job.parameters.model_version}}"
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput
from boathouse.foundation.names import ModelName
from boathouse.foundation.rest import Connection, RestClient

TIMEOUT_SECONDS = 300.0
_LONGEST_REASON = 100
_WIDTH = 160


class GatesBlock(Conflict):
    """A gate failed, or was inconclusive, and the policy lets that block."""


class AwaitsApproval(Conflict):
    """Somebody has to sign; the run goes on by itself when they have."""


def evaluate_model() -> None:
    """Ask every gate of the model's policy about a version, and record the evidence."""
    from boathouse.features.training.evaluation_scorer import scorer_of
    from boathouse.models.deployment.evaluated import summary
    from boathouse.models.deployment.evaluating import ByTask, evaluate, subject_of
    from boathouse.session import default_session

    name, version = _which("evaluate_model")
    client, session = _client(), default_session()
    run_id, task_run_id = _number("BOATHOUSE_RUN_ID"), _number("BOATHOUSE_TASK_RUN_ID")
    by = ByTask(run_id, task_run_id) if run_id is not None and task_run_id is not None else None
    done = evaluate(session, client, subject_of(client, name, version), scorer_of(session), by=by)
    _table(summary(done.evidence))
    _say(f"Evaluation {done.evaluation.evaluation_id} of {name}@{version} is recorded.")


def check_gates() -> None:
    """Fail with what blocks a version.

    Raises:
        GatesBlock: Something does.
    """
    from boathouse.models.deployment.evaluated import summary
    from boathouse.models.promotion.client import PromotionClient
    from boathouse.models.promotion.nouns import Standing

    name, version = _which("check_gates")
    decision = PromotionClient(_client()).decision(name, version)
    _table(summary(decision.evidence))
    blocks = any(each.judgement.blocks for each in decision.evidence)
    if blocks or decision.standing in (Standing.BLOCKED, Standing.NOT_EVALUATED):
        shown = " ".join(decision.reasons[:5])
        more = f" And {len(decision.reasons) - 5} more." if len(decision.reasons) > 5 else ""
        raise GatesBlock(
            f"{name}@{version} does not pass its gates: {shown}{more}",
            hint=f"See every rule: boathouse model gates {name}@{version}",
        )
    _say(f"{name}@{version} passes its gates.")


def check_approval() -> None:
    """Ask for the signatures that the policy wants.

    Raises:
        AwaitsApproval: They are not all there.
    """
    from boathouse.models.evidence.client import version_path

    name, version = _which("check_approval")
    standing = _client().post(f"{version_path(name, version)}/approvals/requests")
    for each in (*standing["ended"], *standing["refused"]):
        _say(each.get("why") or f"{each['principal']} has refused it: {each['reason']}")
    if standing["refused"]:
        who = ", ".join(each["principal"] for each in standing["refused"])
        raise AwaitsApproval(f"{name}@{version} is refused by {who}: {standing['refused'][0]['reason']}")
    if not standing["is_complete"]:
        raise AwaitsApproval(
            f"{name}@{version} awaits approval: {standing['missing']} of {standing['needed']} signatures are missing.",
            hint=f"{standing['who_may_sign']} may sign: boathouse model approve {name}@{version}",
        )
    who = ", ".join(each["principal"] for each in standing["approved"])
    _say(f"{name}@{version} is approved by {who}." if who else f"{name}@{version} needs no approval.")


def promote_model() -> None:
    """Bring a version to production, or say who does."""
    from boathouse.models.deployment.evaluating import subject_of
    from boathouse.models.promotion.client import PromotionClient

    name, version = _which("promote_model")
    client = _client()
    subject = subject_of(client, name, version)
    if not subject.policy.automatic_promotion:
        _say(
            f"{name}@{version} may go to production. Somebody brings it there: boathouse model promote {name}@{version}"
        )
        return
    run_id = _number("BOATHOUSE_RUN_ID")
    done = PromotionClient(client).promote(
        name, version, reason=f"deployment job, run {run_id}" if run_id else "deployment job"
    )
    if done.is_new:
        _keep_card(client, name, version)
    alias = subject.policy.production_alias
    _say(f"{name}@{version} is {alias} now." if done.is_new else f"{name}@{version} is {alias} already.")


def _keep_card(client: RestClient, name: ModelName, version: int) -> None:
    """The card as it was at the promotion; the version is promoted all the same when it cannot be kept."""
    from boathouse.models.deployment.run_artifacts import log_card
    from boathouse.models.evidence.client import version_path

    try:
        page = client.send("GET", f"{version_path(name, version)}/card", params={"form": "html"})
    except BoathouseError as error:
        _say(f"The card could not be made: {error}")
        return
    log_card(client, str(name), version, page.content)


def _which(task: str) -> tuple[ModelName, int]:
    """The version that the task's parameters name."""
    from boathouse.models.addresses import parse_address

    parser = argparse.ArgumentParser(prog=task, allow_abbrev=False)
    parser.add_argument("--model_name", "--model-name", required=True)
    parser.add_argument("--model_version", "--model-version", required=True)
    given = parser.parse_args()
    if not str(given.model_version).isdecimal():
        raise InvalidInput(
            f"model_version is {given.model_version!r}; a deployment job is about one version, by its number.",
            hint="Start it with: boathouse model deploy NAME@3",
        )
    return parse_address(given.model_name).name, int(given.model_version)


def _client() -> RestClient:
    """Whatever these tasks ask for changes nothing when it is asked for again."""
    return RestClient(Connection.from_surroundings(), timeout_seconds=TIMEOUT_SECONDS, repeats_all=True)


def _number(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None


def _table(rows: Sequence[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("Gate", "Metric", "Slice", "Rows", "Value", "Verdict", "Reason", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        value = "" if row["value"] is None else f"{row['value']:.6g}"
        verdict = f"{row['verdict']}{'' if row['blocks'] or row['verdict'] != 'inconclusive' else ' (does not block)'}"
        table.add_row(
            row["gate"],
            row["metric"],
            row["slice"],
            f"{row['rows']:,}",
            value,
            verdict,
            row["reason"][:_LONGEST_REASON],
        )
    Console(width=_WIDTH, file=sys.stdout).print(table)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
