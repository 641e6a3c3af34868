"""What a model is for, and what each version of it has to meet."""

from boathouse.foundation.names import ModelName
from boathouse.models.gates.policy import ApprovalRules, Policy, policy_of
from boathouse.models.requirements.nouns import NoRequirements, Revision
from boathouse.models.requirements.requirements import Requirements
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import moment
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import facts, link, note
from boathouse.server.ui.visitor import Visitor

DAY_MS = 86_400_000


async def requirements_cards(visitor: Visitor, name: ModelName) -> None:
    """Objective, owner, risk tier, gates, signatures."""
    try:
        held = await visitor.ask(visitor.plane.governance.requirements.get, name)
    except NoRequirements:
        with card("Requirements"):
            empty(
                "Nobody has said what this model is for and what it has to meet, so any version may be promoted.",
                "Write its objective, owner and gates in boathouse.yml, then: boathouse bundle deploy",
            )
        return
    asked = held.requirements
    policy = policy_of(asked)
    with card("What it is for"):
        _purpose(asked, held)
    with card("Who signs"):
        note(signatures_text(str(name), policy.approval))
    with card("Gates"):
        _gates(policy)


def _purpose(asked: Requirements, held: Revision) -> None:
    limits = {name: getattr(asked.constraints, name) for name in type(asked.constraints).model_fields}
    told = [f"{name.replace('_', ' ')}: {_limit(value)}" for name, value in limits.items() if value is not None]
    success = asked.success
    facts(
        {
            "Objective": asked.objective,
            "Decision": asked.decision,
            "Owner": asked.owner,
            "On call": asked.on_call,
            "Users": ", ".join(asked.users) or None,
            "Risk tier": asked.risk_tier.value,
            "Success": f"{success.metric}{f' ({success.target})' if success.target else ''}; here: {success.proxy}",
            "Constraints": ", ".join(told) or None,
            "Evaluated on": lambda: link(asked.evaluation.table, addresses.table(asked.evaluation.table)),
            "Revision": f"{held.revision}, by {held.principal}",
            "In force since": lambda: moment(held.valid_from),
            "From": _source(held),
        }
    )


def _limit(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _source(held: Revision) -> str | None:
    source = held.source
    if source.bundle is None:
        return None
    commit = f", commit {source.git_commit[:12]}" if source.git_commit else ""
    return f"bundle {source.bundle}, target {source.target}{commit}"


def signatures_text(model: str, rules: ApprovalRules) -> str:
    """Who has to sign, in sentences."""
    if rules.count == 0:
        return "Nobody has to sign: what passes its gates may be promoted."
    who = f"members of {' or '.join(rules.groups)}" if rules.groups else f"whoever may manage {model}"
    author = "" if rules.author_may_approve else ", never the author of the version"
    count = "One signature is" if rules.count == 1 else f"{rules.count} signatures are"
    waive = "Gates may be waived." if rules.may_be_waived else "No gate may be waived."
    return f"{count} needed, by {who}{author}. It holds for {rules.valid_for_ms / DAY_MS:g} days. {waive}"


def _gates(policy: Policy) -> None:
    rows = [
        [
            each.name,
            each.gate.question,
            "; ".join(f"{rule.metric}{_bound('≥', rule.minimum)}{_bound('≤', rule.maximum)}" for rule in each.rules),
            f"tier {policy.tier.value}" if each.is_from_tier else "the project",
        ]
        for each in policy.gates
    ]
    grid(("Gate", "Question", "Rules", "Asked by"), rows, label="Gates of the model", nothing="No gate is asked.")
    for each in policy.disabled:
        note(f"Not asked: {each.name}. {each.reason or 'No reason is given.'}")


def _bound(sign: str, bound: float | None) -> str:
    return "" if bound is None else f" {sign} {bound:g}"
