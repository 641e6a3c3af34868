"""From requirements to a policy: which gates are asked with which settings and rules, who signs, what is protected.

Pure: no data is looked at and nothing is called, so that the same requirements give the same policy on a laptop, on the
server and years later.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pydantic import ValidationError

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.shapes import DoesNotFit, Problem, problems_of
from boathouse.foundation.spans import parse_span
from boathouse.models.evaluation.metrics import UnknownMetric, metric_named
from boathouse.models.evidence.nouns import Rule
from boathouse.models.gates.contract import Gate, GateSettings
from boathouse.models.gates.tiers import TIERS, TierDefaults
from boathouse.models.gates.wanting import wanting
from boathouse.models.requirements.requirements import ApprovalPolicy, Requirements, Tier
from boathouse.models.requirements.requirements import Problem as AnswerKind

PRODUCTION = "production"
"""The stage that decides something; its alias is ``champion`` unless the project says otherwise."""
DEFAULT_STAGES: Mapping[str, str] = {"candidate": "challenger", PRODUCTION: "champion"}

_ALIAS = re.compile(r"[\w-]{1,255}")
_NO_ALIAS = re.compile(r"latest|v\d+", re.IGNORECASE)
_SHOWN = 40
_COLUMNS_OF_GATES = (("fairness", "attributes"), ("leakage", "accepted_columns"))
"""Settings that name columns."""


@dataclass(frozen=True, slots=True)
class EnabledGate:
    """A gate that is asked."""

    gate: Gate
    settings: GateSettings
    rules: tuple[Rule, ...]
    is_from_tier: bool
    """Whether the tier brings it; else the project does."""

    @property
    def name(self) -> str:
        return self.gate.name


@dataclass(frozen=True, slots=True)
class DisabledGate:
    """A gate that is not asked, and why."""

    name: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """Who has to sign, and for how long that holds."""

    count: int
    groups: tuple[str, ...]
    """Members of one of these may sign; empty: whoever may manage the model."""
    author_may_approve: bool
    valid_for_ms: int
    may_be_waived: bool
    """Whether whoever may sign may let one gate not count, for a while."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a version has to show before it may go to production."""

    tier: Tier
    gates: tuple[EnabledGate, ...]
    disabled: tuple[DisabledGate, ...]
    approval: ApprovalRules
    stages: Mapping[str, str]
    """Stage to alias."""
    automatic_promotion: bool
    """Whether a version that may be promoted is; else somebody calls promote."""
    starts_by_itself: bool
    """Whether a new version starts its deployment job; else somebody does."""
    protected_aliases: frozenset[str]
    """Aliases that move by promotion and rollback only."""
    document_hash: str
    """SHA-256 of the requirements that it comes from."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all gates, in the gates' order."""
        return tuple(rule for gate in self.gates for rule in gate.rules)

    @property
    def production_alias(self) -> str:
        return self.stages[PRODUCTION]

    def gate(self, name: str) -> EnabledGate | None:
        """The gate of this name, if it is asked."""
        return next((each for each in self.gates if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Known:
    """What is there to be named. None: nobody has looked, so nothing is said of it."""

    columns: frozenset[str] | None = None
    """Of the evaluation table."""
    groups: frozenset[str] | None = None


class PolicyDoesNotFit(DoesNotFit):
    """Requirements that give no policy; ``problems`` holds everything that is wrong with them."""


@dataclass(slots=True)
class _Notes:
    """What is wrong so far."""

    problems: list[Problem] = field(default_factory=list[Problem])

    def add(self, path: Iterable[str | int], message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(tuple(path), message, hint))


def policy_of(
    requirements: Requirements,
    *,
    known: Known | None = None,
    gates: Sequence[Gate] | None = None,
    tiers: Mapping[Tier, TierDefaults] = TIERS,
    what: str = "The policy",
) -> Policy:
    """The policy that requirements come to: those of the tier, with the project's laid over.

    ``gates`` are those of the catalogue unless others are given.

    Raises:
        PolicyDoesNotFit: Something is named that is not there, or a gate is off without a reason; all at once.
    """
    notes = _Notes()
    policy = _policy(requirements, tiers[requirements.risk_tier], _by_name(gates), notes)
    notes.problems.extend(problems_with(requirements, known or Known()))
    if notes.problems:
        raise PolicyDoesNotFit(what, notes.problems)
    return policy


def problems_of_policy(
    requirements: Requirements,
    *,
    known: Known | None = None,
    gates: Sequence[Gate] | None = None,
    tiers: Mapping[Tier, TierDefaults] = TIERS,
) -> tuple[Problem, ...]:
    """Everything that keeps requirements from being a policy."""
    try:
        policy_of(requirements, known=known, gates=gates, tiers=tiers)
    except PolicyDoesNotFit as error:
        return error.problems
    return ()


def hash_of(requirements: Requirements) -> str:
    """What identifies requirements, whatever order they were written in."""
    said = requirements.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def problems_with(requirements: Requirements, known: Known) -> Iterator[Problem]:
    """Columns and groups that are named and not there."""
    if known.columns is not None:
        yield from _unknown_columns(requirements, known.columns)
    if known.groups is not None:
        for index, group in enumerate(requirements.approval.groups or ()):
            if group not in known.groups:
                hint = did_you_mean(group, known.groups) or f"Make it: boathouse groups create {group}"
                yield Problem(("approval", "groups", index), f"there is no group {group!r}.", hint)


def _by_name(gates: Sequence[Gate] | None) -> dict[str, Gate]:
    if gates is None:
        from boathouse.models.gates.catalogue import GATES

        gates = GATES
    return {gate.name: gate for gate in gates}


def _policy(requirements: Requirements, tier: TierDefaults, gates: Mapping[str, Gate], notes: _Notes) -> Policy:
    _check_numbers(requirements, notes)
    for name in requirements.gates:
        if name not in gates:
            hint = did_you_mean(name, gates) or f"Gates are: {', '.join(gates)}."
            notes.add(("gates", name), f"there is no gate {name!r}.", hint)
    brought = {each.name: each.settings for each in tier.gates if each.when(requirements)}
    enabled: list[EnabledGate] = []
    disabled: list[DisabledGate] = []
    for name, gate in gates.items():
        if name not in brought and name not in requirements.gates:
            continue
        settings = _settings(gate, {**brought.get(name, {}), **requirements.gates.get(name, {})}, notes)
        if settings is None:
            continue
        _check_reasons(name, settings, is_from_tier=name in brought, tier=requirements.risk_tier, notes=notes)
        if settings.enabled:
            notes.problems.extend(wanting(requirements, name, settings))
            enabled.append(EnabledGate(gate, settings, _rules(gate, settings, requirements, notes), name in brought))
        else:
            disabled.append(DisabledGate(name, settings.reason))
    stages = {**DEFAULT_STAGES, **requirements.stages}
    _check_stages(requirements, stages, notes)
    automatic = requirements.deployment.automatic_promotion
    return Policy(
        tier=requirements.risk_tier,
        gates=tuple(enabled),
        disabled=tuple(disabled),
        approval=_approval(tier, requirements.approval),
        stages=stages,
        automatic_promotion=tier.automatic_promotion if automatic is None else automatic,
        starts_by_itself=requirements.deployment.start,
        protected_aliases=frozenset([stages[PRODUCTION]] if tier.is_protected else []),
        document_hash=hash_of(requirements),
    )


def _settings(gate: Gate, said: Mapping[str, Any], notes: _Notes) -> GateSettings | None:
    try:
        return gate.settings.model_validate(dict(said))
    except ValidationError as error:
        for problem in problems_of(error, gate.settings):
            notes.add(("gates", gate.name, *problem.path), problem.message, problem.hint)
        return None


def _rules(gate: Gate, settings: GateSettings, requirements: Requirements, notes: _Notes) -> tuple[Rule, ...]:
    """The gate's rules. A gate says by an error that its settings do not go with the requirements."""
    try:
        rules = gate.rules(requirements, settings)
    except DoesNotFit as error:
        for problem in error.problems:
            notes.add(("gates", gate.name, *problem.path), problem.message, problem.hint)
        return ()
    except InvalidInput as error:
        if error.message not in {each.message for each in notes.problems}:  # gates repeat what is said of the proxy
            notes.add(("gates", gate.name), error.message, error.hint)
        return ()
    if settings.inconclusive_blocks:
        return tuple(rules)
    return tuple(replace(rule, inconclusive_blocks=False) for rule in rules)


def _check_reasons(name: str, settings: GateSettings, *, is_from_tier: bool, tier: Tier, notes: _Notes) -> None:
    has_reason = bool(settings.reason and settings.reason.strip())
    if has_reason:
        return
    if not settings.enabled and is_from_tier:
        notes.add(
            ("gates", name, "enabled"),
            f"the tier {tier.value} brings this gate; it is turned off only with a reason.",
            "Add reason: why it does not apply here.",
        )
    if settings.enabled and not settings.inconclusive_blocks:
        notes.add(
            ("gates", name, "inconclusive_blocks"),
            "what could not be measured passes only with a reason.",
            "Add reason: why that is acceptable here.",
        )


def _check_stages(requirements: Requirements, stages: Mapping[str, str], notes: _Notes) -> None:
    of_alias: dict[str, str] = {}
    for stage, alias in stages.items():
        if _ALIAS.fullmatch(alias) is None or _NO_ALIAS.fullmatch(alias):
            notes.add(
                ("stages", stage),
                f"{alias[:_SHOWN]!r} is no name of an alias.",
                "Take up to 255 letters, digits, - and _; not latest, v1, v2 and so on, which mean versions.",
            )
        same = alias.casefold()  # Champion would be taken for champion, and moves by other rules
        if same in of_alias and stage in requirements.stages:
            notes.add(("stages", stage), f"the alias {alias!r} stands for {of_alias[same]} already.")
        of_alias.setdefault(same, stage)


def _check_numbers(requirements: Requirements, notes: _Notes) -> None:
    try:
        metric_named(requirements.success.proxy, requirements.problem)
    except UnknownMetric as error:
        notes.add(("success", "proxy"), error.message, error.hint)
    if requirements.cost_matrix is not None and requirements.problem is not AnswerKind.BINARY:
        notes.add(("cost_matrix",), f"it is of binary decisions; this is {requirements.problem.value}.")


def _approval(tier: TierDefaults, said: ApprovalPolicy) -> ApprovalRules:
    def chosen(name: str) -> Any:
        own = getattr(said, name)
        return getattr(tier.approval, name) if own is None else own

    return ApprovalRules(
        count=int(chosen("count")),
        groups=tuple(chosen("groups") or ()),
        author_may_approve=bool(chosen("author_may_approve")),
        valid_for_ms=round(parse_span(str(chosen("valid_for"))).total_seconds() * 1000),
        may_be_waived=tier.may_be_waived,
    )


def _unknown_columns(requirements: Requirements, columns: frozenset[str]) -> Iterator[Problem]:
    table = requirements.evaluation.table
    for path, column in _named_columns(requirements):
        if column.casefold() not in {each.casefold() for each in columns}:
            yield Problem(path, f"{table} has no column {column!r}.", did_you_mean(column, columns))


def _named_columns(requirements: Requirements) -> Iterator[tuple[tuple[str | int, ...], str]]:
    source = requirements.evaluation
    for name in ("label", "timestamp", "group", "naive_column"):
        if (column := getattr(source, name)) is not None:
            yield ("evaluation", name), column
    for index, column in enumerate(source.keys):
        yield ("evaluation", "keys", index), column
    for index, each in enumerate(requirements.slices):
        if each.column is not None:
            yield ("slices", index, "column"), each.column
    for gate, setting in _COLUMNS_OF_GATES:
        columns = requirements.gates.get(gate, {}).get(setting)
        for index, column in enumerate(cast(list[str], columns) if isinstance(columns, list) else []):
            yield ("gates", gate, setting, index), column
