"""Signatures as tags of MLflow."""

import pytest

from boathouse.models.approval import Approval, Say, Tally
from boathouse.models.approval.tagging import is_approval_key, say_of, shown


@pytest.mark.parametrize("key", ["approval", "Approval", "approval_check", "Approval_Check", "approval-by-risk"])
def test_a_key_that_begins_with_approval_is_one(key: str) -> None:
    assert is_approval_key(key)


@pytest.mark.parametrize("key", ["approved", "my_approval", "approval\n", "boathouse.approval", "appro"])
def test_any_other_is_none(key: str) -> None:
    assert not is_approval_key(key)


@pytest.mark.parametrize(
    ("value", "say"),
    [("Approved", Say.APPROVED), (" approved ", Say.APPROVED), ("Rejected", Say.REFUSED), ("1 of 2", None), ("", None)],
)
def test_only_two_words_say_something(value: str, say: Say | None) -> None:
    assert say_of("approval", value) is say
    assert say_of("note", value) is None


def test_the_tag_says_approved_only_when_enough_have_signed() -> None:
    ada, grace = (
        Approval(number, "m", 1, Say.APPROVED, who, None, 0) for number, who in enumerate(("ada", "grace"), start=1)
    )

    assert shown(Tally(2)) is None
    assert shown(Tally(2, approved=(ada,))) == "1 of 2"
    assert shown(Tally(2, approved=(ada, grace))) == "Approved"
    assert shown(Tally(1, approved=(ada,), refused=(grace,))) == "Rejected"
