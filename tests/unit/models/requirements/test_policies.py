"""From requirements to a policy."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.models.ground import requirements

from boathouse.foundation.shapes import DoesNotFit
from boathouse.models.evidence.nouns import Rule
from boathouse.models.gates.contract import Gate, GateSettings
from boathouse.models.gates.policy import Known, Policy, hash_of, policy_of, problems_of_policy
from boathouse.models.gates.tiers import TIERS, TierDefaults, TierGate
from boathouse.models.gates.wire import approval_in_words, policy_json, rule_in_words
from boathouse.models.requirements import ApprovalPolicy, Requirements, Tier


class Bounded(GateSettings):
    """A gate with one number to set."""

    maximum: float = 0.1


def nothing(*_: Any) -> Iterable[Any]:
    return ()


def one_rule(name: str) -> Any:
    def rules(_: Requirements, settings: Bounded) -> Sequence[Rule]:
        return [Rule(name, f"{name}_error", maximum=settings.maximum)]

    return rules


GATES = [Gate(name, f"Is {name} good?", Bounded, nothing, one_rule(name)) for name in ("first", "second", "third")]
SMALL = {
    Tier.MEDIUM: TierDefaults(
        (TierGate("first"), TierGate("second", lambda each: bool(each.slices), {"maximum": 0.05})),
        ApprovalPolicy(count=1, author_may_approve=True, valid_for="14d"),
        automatic_promotion=True,
        is_protected=True,
        may_be_waived=True,
    )
}


def policy(**said: Any) -> Policy:
    return policy_of(requirements(**said), gates=GATES, tiers=SMALL)


def problems(**said: Any) -> list[str]:
    return [str(each) for each in problems_of_policy(requirements(**said), gates=GATES, tiers=SMALL)]


def test_the_tier_brings_gates_and_the_project_adds_some() -> None:
    found = policy(gates={"third": None})
    assert [(each.name, each.is_from_tier) for each in found.gates] == [("first", True), ("third", False)]
    assert [rule.metric for rule in found.rules] == ["first_error", "third_error"]


def test_a_gate_that_would_look_at_nothing_is_not_brought_unless_it_is_named() -> None:
    assert policy().gate("second") is None
    assert policy(slices=["origin"]).gate("second") is not None
    assert policy(gates={"second": {}}).gate("second") is not None


def test_what_the_project_says_lies_over_what_the_tier_says_and_that_over_the_gates_default() -> None:
    by_default, of_tier = policy(slices=["origin"]).rules
    assert (by_default.maximum, of_tier.maximum) == (0.1, 0.05)
    (_, own) = policy(slices=["origin"], gates={"second": {"maximum": 0.2}}).rules
    assert own.maximum == 0.2


def test_a_gate_of_the_tier_is_turned_off_only_with_a_reason() -> None:
    (problem,) = problems(gates={"first": {"enabled": False}})
    assert problem == (
        "gates.first.enabled: the tier medium brings this gate; it is turned off only with a reason. "
        "Add reason: why it does not apply here."
    )
    off = policy(gates={"first": {"enabled": False, "reason": "nothing to see"}})
    assert [(each.name, each.reason) for each in off.disabled] == [("first", "nothing to see")]
    assert policy(gates={"third": {"enabled": False}}).rules == policy().rules


def test_what_could_not_be_measured_blocks_unless_the_project_says_otherwise_with_a_reason() -> None:
    assert all(rule.inconclusive_blocks for rule in policy().rules)
    (problem,) = problems(gates={"first": {"inconclusive_blocks": False, "reason": "  "}})
    assert problem == (
        "gates.first.inconclusive_blocks: what could not be measured passes only with a reason. "
        "Add reason: why that is acceptable here."
    )
    (rule,) = policy(gates={"first": {"inconclusive_blocks": False, "reason": "no history yet"}}).rules
    assert rule.inconclusive_blocks is False


def test_everything_that_is_wrong_is_told_at_once_with_its_path() -> None:
    wrong = problems(
        success={"metric": "late", "proxy": "logloss"},
        problem="regression",
        cost_matrix={"false_negative": -10},
        gates={"frist": {}, "second": {"maximun": 1}, "third": {"maximum": "much"}},
        stages={"staging": "champion"},
    )
    assert [each.split(":")[0] for each in sorted(wrong)] == [
        "cost_matrix",
        "gates.frist",
        "gates.second.maximun",
        "gates.third.maximum",
        "stages.staging",
        "success.proxy",
    ]
    assert any("Did you mean first?" in each for each in wrong)
    assert any("Did you mean maximum?" in each for each in wrong)
    with pytest.raises(DoesNotFit, match=r"gates\.frist") as caught:
        policy_of(requirements(gates={"frist": {}, "secnd": {}}), gates=GATES, tiers=SMALL)
    assert len(caught.value.problems) == 2


def test_what_a_gate_has_against_its_settings_is_told_at_its_place() -> None:
    def picky(_: Requirements, __: GateSettings) -> Sequence[Rule]:
        from boathouse.foundation.errors import InvalidInput

        raise InvalidInput("there is no metric 'au'.", hint="Did you mean auc?")

    gate = Gate("picky", "?", GateSettings, nothing, picky)
    found = problems_of_policy(requirements(gates={"picky": {}}), gates=[gate], tiers=SMALL)
    assert [str(each) for each in found] == ["gates.picky: there is no metric 'au'. Did you mean auc?"]


def test_a_bound_that_is_no_number_is_refused_since_everything_would_pass_it() -> None:
    (problem,) = problems(gates={"first": {"maximum": float("nan")}})
    assert problem.startswith("gates.first.maximum: Input should be a finite number")


def test_columns_and_groups_are_checked_where_somebody_knows_them() -> None:
    asked = requirements(
        slices=["orign", {"predicate": "late = 1"}],
        evaluation={"table": "dev.flights.judged", "label": "late", "keys": ["id", "nr"]},
        approval={"groups": ["desk"]},
    )
    assert problems_of_policy(asked, gates=GATES, tiers=SMALL) == ()
    known = Known(frozenset({"LATE", "origin", "id"}), frozenset({"desks"}))
    assert [str(each) for each in problems_of_policy(asked, known=known, gates=GATES, tiers=SMALL)] == [
        "evaluation.keys[1]: dev.flights.judged has no column 'nr'.",
        "slices[0].column: dev.flights.judged has no column 'orign'. Did you mean origin?",
        "approval.groups[0]: there is no group 'desk'. Did you mean desks?",
    ]


def test_stages_are_free_names_and_production_is_protected_by_its_alias() -> None:
    found = policy(stages={"production": "live", "shadow": "ghost"})
    assert dict(found.stages) == {"candidate": "challenger", "production": "live", "shadow": "ghost"}
    assert (found.production_alias, found.protected_aliases) == ("live", frozenset({"live"}))


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "v12", "V1", "Latest", "x" * 256, "\0", "a\n"])
def test_a_stage_is_no_name_that_an_alias_cannot_have(alias: str) -> None:
    [problem] = problems_of_policy(requirements(stages={"shadow": alias}), gates=GATES, tiers=SMALL)
    assert (problem.path, "is no name of an alias" in problem.message) == (("stages", "shadow"), True)


def test_no_stage_has_an_alias_that_would_be_taken_for_another() -> None:
    [problem] = problems_of_policy(requirements(stages={"shadow": "Champion"}), gates=GATES, tiers=SMALL)
    assert str(problem) == "stages.shadow: the alias 'Champion' stands for production already."


def test_signatures_are_those_of_the_tier_where_the_project_says_nothing() -> None:
    assert approval_in_words(policy().approval) == ("1 signature of whoever may manage the model; it holds for 14 days")
    own = policy(approval={"count": 2, "groups": ["desk"], "author_may_approve": False, "valid_for": "36h"}).approval
    assert approval_in_words(own) == "2 signatures of somebody in desk, not the author's; they hold for 36 hours"
    assert approval_in_words(policy(approval={"count": 0}).approval) == "nobody has to sign"


@given(st.permutations(["risk_tier", "stages", "slices", "gates"]))
def test_the_hash_does_not_depend_on_the_order_in_which_things_are_written(order: list[str]) -> None:
    said = {"risk_tier": "high", "stages": {"a": "b", "c": "d"}, "slices": ["x"], "gates": {"m": {}, "n": {}}}
    assert hash_of(requirements(**{name: said[name] for name in order})) == hash_of(requirements(**said))
    assert hash_of(requirements(**{**said, "slices": ["y"]})) != hash_of(requirements(**said))


def test_rules_are_told_in_words() -> None:
    assert rule_in_words(Rule("metric", "auc", minimum=0.65, minimum_rows=1000)) == "auc ≥ 0.65, of at least 1,000 rows"
    assert rule_in_words(Rule("g", "gap", maximum=-0.0, inconclusive_blocks=False)) == (
        "gap ≤ 0; passes when it cannot be measured"
    )
    assert rule_in_words(Rule("g", "loss")) == "loss is measured"
    assert rule_in_words(Rule("g", "gain", minimum=0.0, is_strict=True)) == "gain > 0"
    assert rule_in_words(Rule("g", "loss", maximum=2.0, is_strict=True)) == "loss < 2"


def test_a_group_that_is_unlike_all_others_is_to_be_made() -> None:
    found = problems_of_policy(
        requirements(approval={"groups": ["desk"]}), known=Known(None, frozenset()), gates=GATES, tiers=SMALL
    )

    assert [str(each) for each in found] == [
        "approval.groups[0]: there is no group 'desk'. Make it: boathouse groups create desk"
    ]


@pytest.mark.parametrize("tier", list(Tier))
def test_every_tier_brings_only_gates_that_there_are_and_comes_to_a_policy(tier: Tier) -> None:
    from boathouse.models.gates.catalogue import GATES as CATALOGUE

    brought = [each.name for each in TIERS[tier].gates]
    assert set(brought) <= {gate.name for gate in CATALOGUE}
    of_tier = TIERS[tier].approval
    assert None not in (of_tier.count, of_tier.author_may_approve, of_tier.valid_for)
    fairness = {"fairness": {"enabled": False, "reason": "no people"}}
    found = policy_of(requirements(risk_tier=tier, slices=["origin"], gates=fairness))
    assert policy_json(found)["tier"] == tier.value


def test_a_gate_that_would_have_nothing_to_look_at_is_told_before_anything_is_trained() -> None:
    found = [str(each) for each in problems_of_policy(requirements(risk_tier="high"))]
    assert [each.split(". ")[0] for each in found] == [
        "slices: no slice is declared, so the gate slices would have nothing to look at",
        "gates.fairness.attributes: no column is named, so the gate fairness would have nothing to look at",
    ]
    assert found[0].endswith("Say it, or turn the gate off: gates: {slices: {enabled: false, reason: ...}}.")
    of_numbers = [
        str(each)
        for each in problems_of_policy(
            requirements(risk_tier="high", problem="regression", success={"metric": "minutes", "proxy": "mae"})
        )
    ]
    assert not any("no column is named" in each for each in of_numbers)  # no column would do
    enough = requirements(risk_tier="high", slices=["origin"], gates={"fairness": {"attributes": ["carrier"]}})
    assert problems_of_policy(enough) == ()
    (wrong,) = problems_of_policy(enough, known=Known(columns=frozenset({"late", "origin", "carriers"})))
    assert str(wrong).startswith("gates.fairness.attributes[0]: dev.flights.judged has no column 'carrier'.")


def test_a_higher_tier_asks_at_least_what_a_lower_one_asks() -> None:
    low, medium, high = (TIERS[tier] for tier in Tier)
    assert {each.name for each in low.gates} <= {each.name for each in medium.gates}
    assert {each.name for each in medium.gates} <= {each.name for each in high.gates}


def test_the_command_line_says_whether_anything_starts_the_deployment_job() -> None:
    from boathouse.cli.model_requirements import policy_sentences

    by_hand = policy_sentences(policy_json(policy(deployment={"start": False})))
    assert "Nothing starts that job by itself" in by_hand[-1]
    assert "Nothing starts" not in policy_sentences(policy_json(policy()))[-1]
