"""What pages of models say of evidence and of two versions, without a page."""

import pytest

from boathouse.models.evidence.nouns import End, Judgement, Measurement, Rule, Verdict
from boathouse.models.rollback.nouns import WayBack
from boathouse.monitoring.production.models import ServedAt, Share
from boathouse.server.ui.pages.models.comparing import compared
from boathouse.server.ui.pages.models.gates import needed, seen
from boathouse.server.ui.pages.models.going_back import what_happens
from boathouse.server.ui.pages.models.telling import gates_summary, gates_tone, shares_text, worst_by_gate
from boathouse.server.ui.parts.states import Tone

JUDGED = Judgement(Verdict.PASSED, "fine")


def test_one_failed_rule_fails_its_gate() -> None:
    told = [("metric", "passed"), ("slices", "passed"), ("slices", "failed"), ("slices", "waived")]

    assert worst_by_gate(told) == {"metric": "passed", "slices": "failed"}


@pytest.mark.parametrize(
    ("verdicts", "summary", "tone"),
    [
        ([], "none was asked", Tone.QUIET),
        (["passed", "passed"], "2 passed", Tone.GOOD),
        (["passed", "waived"], "1 waived, 1 passed", Tone.DOUBTFUL),
        (["inconclusive", "failed", "passed"], "1 failed, 1 inconclusive, 1 passed", Tone.BAD),
    ],
)
def test_gates_are_summed_up_by_the_worst(verdicts: list[str], summary: str, tone: Tone) -> None:
    assert (gates_summary(verdicts), gates_tone(verdicts)) == (summary, tone)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("g", "auc", minimum=0.65), "≥ 0.65"),
        (Rule("g", "auc", minimum=0.65, maximum=0.99, is_strict=True), "> 0.65 and < 0.99"),
        (Rule("g", "gain", minimum=0.0, judged_by=End.LOWER), "≥ 0 (lower end)"),
        (Rule("g", "log_loss"), "to be measured"),
        (None, None),
    ],
)
def test_what_a_rule_needs_is_said_with_its_sign(rule: Rule | None, said: str | None) -> None:
    assert needed(rule, JUDGED) == said


def test_what_was_seen_has_its_interval_and_what_it_was_held_against() -> None:
    found = Measurement("g", "gain", -0.0, 10, interval=(-0.5, 0.25), baseline="version 2")

    assert seen(found) == "0 [-0.5, 0.25] beside version 2"
    assert seen(Measurement("g", "gain", None, 0, problem="no rows")) == "nothing was measured"


def test_differences_come_first_and_numbers_say_how_large() -> None:
    lines = compared({"auc": 0.7, "rounds": "10", "seed": "1"}, {"auc": 0.75, "seed": "1", "depth": "3"})

    assert [(line.what, line.is_different, line.change) for line in lines] == [
        ("auc", True, "+0.05"),
        ("depth", True, ""),
        ("rounds", True, ""),
        ("seed", False, ""),
    ]
    assert (lines[1].one, lines[1].other) == (None, "3")


def served(follows: str | None, *shares: Share) -> ServedAt:
    return ServedAt("delays", "READY", "NOT_UPDATING", None, follows, shares)


def test_a_rollback_says_which_endpoints_follow() -> None:
    way = WayBack("champion", 4, (2, 1))

    assert "moves, and delays follows. Version 4 stays" in what_happens(way, [served("champion")])
    assert "moves, and no endpoint follows it." in what_happens(way, [served(None)])


def test_a_canary_is_named_beside_its_share() -> None:
    found = served("champion", Share("m", 4, 75.0, "primary"), Share("m", 5, 25.0, "canary"))

    assert shares_text(found) == "version 4: 75 %, version 5: 25 % (canary)"
    assert shares_text(served(None)) == "nothing answers yet"
