"""Which signatures count, at an instant, under rules."""

from hypothesis import given
from hypothesis import strategies as st

from boathouse.models.approval import Approval, Say, Tally, count_signatures
from boathouse.models.gates.policy import ApprovalRules

NOW = 1_772_359_200_000
DAY = 86_400_000
WEEK = 7 * DAY


def rules(count: int = 1, *groups: str, author: bool = False, waive: bool = True) -> ApprovalRules:
    return ApprovalRules(count, groups, author, WEEK, waive)


def said(
    number: int, say: Say, who: str = "grace", *, ago: int = 0, gate: str | None = None, evidence: str | None = "e1",
    until: int | None = None, groups: tuple[str, ...] = ("risk",), is_author: bool = False,
) -> Approval:  # fmt: skip
    return Approval(
        number, "prod.flights.delay", 3, say, who, "because", NOW - ago,
        valid_until=until, gate=gate, evaluation_id=evidence, groups=groups, is_author=is_author,
    )  # fmt: skip


def counted(policy: ApprovalRules, *words: Approval) -> Tally:
    return count_signatures(words, policy, evaluation_id="e1", now=NOW)


def test_enough_signatures_are_enough() -> None:
    tally = counted(rules(2), said(1, Say.APPROVED), said(2, Say.APPROVED, "ada"))

    assert (tally.missing, tally.is_complete) == (0, True)


def test_who_signed_before_the_rules_were_changed_has_signed_something_else() -> None:
    words = [said(1, Say.APPROVED, ago=2), said(2, Say.APPROVED, "ada", ago=1), said(3, Say.REFUSED, "bob", ago=2)]

    tally = count_signatures(words, rules(2), evaluation_id="e1", now=NOW, asked_since=NOW - 1)

    assert [each.principal for each in tally.approved] == ["ada"]
    assert [each.why for each in tally.ended] == ["What the version has to meet was changed after grace had signed."]
    assert [each.principal for each in tally.refused] == ["bob"]


def test_nobody_counts_twice() -> None:
    tally = counted(rules(2), said(1, Say.APPROVED, ago=DAY), said(2, Say.APPROVED))

    assert [each.approval_id for each in tally.approved] == [2]
    assert tally.missing == 1


def test_one_refusal_outweighs_any_number_of_approvals() -> None:
    tally = counted(rules(1), said(1, Say.APPROVED), said(2, Say.REFUSED, "ada"))

    assert not tally.is_complete


def test_a_refusal_outlives_newer_evidence_and_its_time() -> None:
    tally = counted(rules(), said(1, Say.REFUSED, ago=50 * DAY, evidence="e0"))

    assert tally.refused


def test_an_approval_ends_with_its_time() -> None:
    tally = counted(rules(), said(1, Say.APPROVED, ago=WEEK))

    assert not tally.approved
    assert "held until 2026-03-01" in tally.ended[0].why


def test_newer_evidence_ends_an_approval() -> None:
    tally = counted(rules(), said(1, Say.APPROVED, evidence="e0"))

    assert tally.ended[0].why == "There is newer evidence than lay before grace."


def test_a_withdrawal_takes_back_everything_of_that_person_and_nothing_of_others() -> None:
    words = (
        said(1, Say.APPROVED),
        said(2, Say.WAIVED, gate="slices", until=NOW + DAY),
        said(3, Say.APPROVED, "ada"),
        said(4, Say.WITHDRAWN),
    )

    tally = counted(rules(), *words)

    assert [each.principal for each in tally.approved] == ["ada"]
    assert not tally.waived


def test_the_waiver_of_one_gate_can_be_withdrawn_alone() -> None:
    words = (
        said(1, Say.APPROVED),
        said(2, Say.WAIVED, gate="slices", until=NOW + DAY),
        said(3, Say.WAIVED, gate="fairness", until=NOW + DAY),
        said(4, Say.WITHDRAWN, gate="slices"),
    )

    tally = counted(rules(), *words)

    assert tally.waived_gates == {"fairness"}
    assert tally.approved


def test_a_waiver_ends_when_it_says_and_not_with_newer_evidence() -> None:
    over = said(1, Say.WAIVED, gate="slices", until=NOW)
    holds = said(2, Say.WAIVED, gate="fairness", until=NOW + 1, evidence="e0")

    assert counted(rules(), over, holds).waived_gates == {"fairness"}


def test_a_tier_without_waivers_knows_none() -> None:
    tally = counted(rules(waive=False), said(1, Say.WAIVED, gate="slices", until=NOW + DAY))

    assert "lets no gate be waived" in tally.ended[0].why


def test_other_rules_can_be_asked_of_the_same_signatures() -> None:
    words = (said(1, Say.APPROVED, is_author=True, groups=("team",)),)

    assert counted(rules(author=True), *words).is_complete
    assert "has made the version" in counted(rules(), *words).ended[0].why
    assert "none of the groups" in counted(rules(1, "risk", author=True), *words).ended[0].why


WORDS = st.lists(
    st.tuples(
        st.sampled_from([Say.APPROVED, Say.REFUSED, Say.WITHDRAWN]),
        st.sampled_from(["ada", "grace", "rita"]),
        st.integers(0, 10),
        st.sampled_from(["e0", "e1"]),
    ),
    max_size=12,
)


@given(words=WORDS, count=st.integers(0, 3))
def test_it_is_as_if_everybody_was_asked_for_their_last_word(
    words: list[tuple[Say, str, int, str]], count: int
) -> None:
    spoken = [
        said(number, say, who, ago=days * DAY, evidence=evidence)
        for number, (say, who, days, evidence) in enumerate(words)
    ]

    tally = counted(rules(count, author=True), *spoken)

    approving: set[str] = set()
    refusing: set[str] = set()
    for who in ("ada", "grace", "rita"):
        mine = [each for each in words if each[1] == who]
        if not mine:
            continue
        say, _, days, evidence = mine[-1]
        if say is Say.APPROVED and days < 7 and evidence == "e1":
            approving.add(who)
        if say is Say.REFUSED:
            refusing.add(who)
    assert {each.principal for each in tally.approved} == approving
    assert tally.is_complete == (len(approving) >= count and not refusing)
