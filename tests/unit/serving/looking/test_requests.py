"""What ``boathouse replay`` prints, read back."""

import json
from dataclasses import asdict

import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.serving.looking.requests import replay_of
from boathouse.serving.replay.nouns import Difference, Replay, Verdict


def test_a_replay_comes_back_as_it_was_told() -> None:
    replay = Replay(
        "r1", "delays", Verdict.DIFFERS, "dev.lab.delay", 3, None, None, (Difference("row 0", "1.0", "1.5", 0.5),), 1,
        ("other libraries",),
    )  # fmt: skip

    assert replay_of(json.dumps(asdict(replay)).encode(), b"") == replay


def test_what_kept_it_from_an_answer_is_told() -> None:
    with pytest.raises(Unavailable, match="Request r1 is not in the inference tables"):
        replay_of(b"", b"some warning\nError: Request r1 is not in the inference tables of delays.\n")
