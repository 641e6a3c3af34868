"""Levels are read off what happened: all practices of a level and of those below, and nothing that nobody measured."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.monitoring.maturity import Finding, Standing, assess
from boathouse.monitoring.maturity.assessing import standpoint
from boathouse.monitoring.maturity.facts import Deployed, Exercise, Judged, Move, Repeated, Version
from boathouse.monitoring.maturity.findings import met
from boathouse.monitoring.maturity.practices import PRACTICES
from boathouse.monitoring.maturity.scales import FIVE_LEVELS, FOUR_LEVELS, SCALES

DAY = 86_400_000
GOOD = Version(
    3, run_id="r3", commit="a" * 40, is_dirty=False, tables=("c.s.t@4",), has_lock=True, job="train",
    trigger="PERIODIC", has_signature=True,
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """Facts as a test gives them."""

    model: str = "c.s.delay"
    versions: tuple[Version, ...] = ()
    judgements: tuple[Judged, ...] = ()
    moves: tuple[Move, ...] = ()
    rollbacks: tuple[Exercise, ...] = ()
    repetitions: tuple[Repeated, ...] = ()
    deployment: Deployed | None = None
    reports: dict[str, Finding] = field(default_factory=dict)

    def subject(self):
        return next(iter(self.versions), None)

    def recent(self):
        return self.versions

    def judged(self):
        return self.judgements

    def production(self):
        return self.moves

    def exercises(self):
        return self.rollbacks

    def repeated(self):
        return self.repetitions

    def deployed(self):
        return self.deployment

    def reported(self, practice: str):
        return self.reports.get(practice)


EVERYTHING = Told(
    versions=(GOOD,),
    judgements=(Judged(3, DAY, ()), Judged(2, 0, ("calibration",))),
    moves=(Move(3, DAY, True, 1),),
    rollbacks=(Exercise(DAY, True, 2400),),
    repetitions=(Repeated(3, DAY, "equal"),),
    deployment=Deployed("flights/prod", DAY, "ci", True, "a" * 40, False),
)
OTHERS = ("tests_in_ci", "served", "monitored", "alerts_owned", "retraining_gated")


def levels(facts: Told) -> list[tuple[int, int]]:
    return [(each.level, each.level_if_measured) for each in assess(facts).standpoints]


def test_a_model_without_versions_is_at_the_bottom_and_told_what_to_do_first() -> None:
    found = assess(Told())
    assert [each.level for each in found.standpoints] == [0, 0]
    assert [each.next_practice for each in found.standpoints] == ["code_in_git", "code_in_git"]
    assert not any(each.is_met for each in found.findings.values())


def test_what_nobody_measures_counts_as_not_met_and_is_told_apart() -> None:
    assert levels(EVERYTHING) == [(0, 4), (1, 3)]
    found = assess(EVERYTHING)
    assert {name for name, each in found.findings.items() if not each.is_met} == set(OTHERS)
    assert {found.findings[name].standing for name in OTHERS} == {Standing.NOT_MEASURED}
    assert found.standpoints[0].next_practice == "tests_in_ci"


def test_rooms_that_report_lift_the_level() -> None:
    reported = replace(EVERYTHING, reports={"tests_in_ci": met("pytest, 214 tests")})
    assert levels(reported) == [(3, 4), (2, 3)]
    assert levels(replace(EVERYTHING, reports={name: met("so it is") for name in OTHERS})) == [(4, 4), (3, 3)]


@pytest.mark.parametrize(
    ("change", "practice", "evidence"),
    [
        ({"versions": (replace(GOOD, commit=None),)}, "code_in_git", "names no commit"),
        ({"versions": (replace(GOOD, is_dirty=True),)}, "code_in_git", "uncommitted changes"),
        ({"versions": (replace(GOOD, run_id=None),)}, "run_tracked", "comes from no run"),
        ({"versions": (replace(GOOD, tables=()),)}, "data_versions", "No table"),
        ({"versions": (replace(GOOD, has_lock=False),)}, "environment_locked", "No lock"),
        ({"versions": (replace(GOOD, job=None),)}, "trained_by_job", "not trained by a job"),
        ({"versions": (replace(GOOD, has_signature=False),)}, "signature", "no signature"),
        ({"versions": (replace(GOOD, trigger="ONE_TIME"),)}, "training_starts_itself", "No run that started"),
        (
            {"versions": (replace(GOOD, trigger="RUN_JOB_TASK"),)},
            "training_starts_itself",
            "No run that started by itself",
        ),
        ({"judgements": (Judged(2, 0, ("calibration",)),)}, "gated", "Version 3 has not been evaluated"),
        ({"judgements": (Judged(3, 0, ()),)}, "gates_block", "evaluated so far: 1"),
        ({"moves": (Move(3, 0, False),)}, "promoted_by_decision", "by hand on 1970-01-01"),
        ({"moves": (Move(3, 0, True),)}, "approved", "No version came to production"),
        ({"moves": ()}, "promoted_by_decision", "Nothing has been promoted"),
        ({"rollbacks": (Exercise(0, False, 1, "no files"),)}, "rollback_exercised", "did not succeed: no files"),
        ({"rollbacks": ()}, "rollback_exercised", "Nobody has rolled back"),
        ({"repetitions": (Repeated(3, 0, "differs"),)}, "reproduced", "did not come out equal"),
        ({"repetitions": (Repeated(3, 0, "failed"),)}, "reproduced", "did not come to its end"),
        ({"deployment": None}, "deployed_by_pipeline", "not deployed as a bundle"),
        ({"deployment": Deployed("b/dev", 0, "ada", False)}, "deployed_by_pipeline", "a person, not a pipeline"),
        ({"deployment": Deployed("b/dev", 0, "ci", True, None)}, "deployed_by_pipeline", "not from a clean commit"),
    ],
)
def test_each_practice_is_seen_to_be_missing(change: dict, practice: str, evidence: str) -> None:
    finding = assess(replace(EVERYTHING, **change)).findings[practice]
    assert finding.standing is Standing.NOT_MET
    assert evidence in finding.evidence


def test_files_that_cannot_be_read_are_no_answer() -> None:
    found = assess(replace(EVERYTHING, versions=(replace(GOOD, has_signature=None),)))
    assert found.findings["signature"].standing is Standing.NOT_MEASURED


def test_evidence_says_what_happened_and_when() -> None:
    findings = assess(EVERYTHING).findings
    assert findings["gates_block"].evidence == "Version 2 was blocked on 1970-01-01 by calibration."
    assert findings["rollback_exercised"].evidence == (
        "The last drill that succeeded was on 1970-01-02 and took 2.4 s."
    )
    assert findings["approved"].evidence == "Version 3 was promoted on 1970-01-02 with 1 signature."


def test_every_practice_has_a_place_on_both_scales_or_says_why_not() -> None:
    known = {practice.name for practice in PRACTICES}
    for scale in SCALES:
        named = [name for level in scale.levels for name in level.practices]
        assert len(named) == len(set(named))
        assert known - set(named) <= {"reproduced"}
        assert set(named) <= known
    assert len(known) == len(PRACTICES)


@given(st.dictionaries(st.sampled_from([each.name for each in PRACTICES]), st.sampled_from(list(Standing))))
def test_a_level_is_reached_when_all_up_to_it_is_met(said: dict[str, Standing]) -> None:
    findings = {each.name: Finding(said.get(each.name, Standing.MET), "") for each in PRACTICES}
    efforts = {each.name: each.effort for each in PRACTICES}
    for scale in (FIVE_LEVELS, FOUR_LEVELS):
        found = standpoint(scale, findings, efforts)
        up_to = [name for level in scale.levels if level.number <= found.level for name in level.practices]
        assert all(findings[name].is_met for name in up_to)
        assert found.level <= found.level_if_measured
        if found.next_practice is None:
            assert found.level == scale.levels[-1].number
        else:
            following = scale.levels[found.level + 1].practices
            assert found.next_practice in following
            assert found.next_practice == found.cheapest[found.level + 1]
            missing = [name for name in following if findings[name].standing is Standing.NOT_MET]
            assert not missing or efforts[found.next_practice] == min(efforts[name] for name in missing)
