"""Does somebody who meets the model for the first time learn what it is for?"""

from collections.abc import Callable
from typing import Any

import pytest

from boathouse.models.evidence import Verdict
from boathouse.models.gates.documentation import GATE, lacks

CARD = "# Card\n\n" + "The model has seen flights from New York only, and knows nothing of strikes. " * 5
COMMENT = "Probability that a flight is late."


def test_a_model_that_says_what_it_is_for_passes(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(comment=COMMENT, card=CARD))["missing_parts"]
    assert found[1].verdict is Verdict.PASSED


def test_what_is_missing_is_named(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    measured, said = judged(GATE, case(card="TODO: describe the model"))["missing_parts"]
    assert said.verdict is Verdict.FAILED and measured.value == 2
    assert set(measured.details["missing"]) == {"comment", "card"}


def test_only_what_is_asked_for_is_missed(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    assert judged(GATE, case(), parts=["objective", "owner"])["missing_parts"][1].verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "text",
    ["", "   ", "TODO", "Lorem ipsum dolor", "Describes <your model here>", "[Insert limits here]", "tbd",
     "<!-- a comment of five words -->", "# A heading of many words only", "[More Information Needed]"],
)  # fmt: skip
def test_boilerplate_is_no_documentation(text: str) -> None:
    assert lacks(text, 3) is not None


@pytest.mark.parametrize(
    "text",
    ["It answers for [the desk](https://desk.dev) and nobody else.", "Late means fifteen minutes or more; a < b.",
     "Die Antwort gilt für Flüge ab New York.", "Write to method <method@flights.dev> with questions."],
)  # fmt: skip
def test_plain_words_are(text: str) -> None:
    assert lacks(text, 5) is None
