"""What a look at rollouts asks for, and how long an answer will do."""

from boathouse.wiring.rollouts import ASK_SECONDS, NOTHING_SECONDS, _asked  # pyright: ignore[reportPrivateUsage]


def test_nothing_measured_is_asked_again_soon_and_then_more_and_more_seldom() -> None:
    waits = [(asked := _asked(None, None)).good_for]
    for _ in range(9):
        waits.append((asked := _asked(None, asked)).good_for)

    assert waits[0] == NOTHING_SECONDS
    assert waits == sorted(waits)
    assert waits[-1] == ASK_SECONDS


def test_an_answer_will_do_for_a_while() -> None:
    nothing = _asked(None, None)

    found = _asked("found", nothing)

    assert (found.answer, found.good_for) == ("found", ASK_SECONDS)
    assert _asked(None, found).good_for == NOTHING_SECONDS
