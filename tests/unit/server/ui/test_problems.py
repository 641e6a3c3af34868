"""What is told to readers, and what is not."""

from typing import NoReturn

import pytest

from boathouse.foundation.errors import NotFound
from boathouse.server.ui.parts import problems


class Left:
    """Where a page was that has been closed."""

    @property
    def client(self) -> NoReturn:
        raise RuntimeError("The parent element this slot belongs to has been deleted.")


def test_who_has_left_hears_nothing_and_the_log_holds_only_what_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(problems.ui, "context", Left())

    problems.tell(NotFound("There is no such job."))
    problems.tell(RuntimeError("The parent element this slot belongs to has been deleted."))
    assert caplog.text == ""

    problems.tell(ZeroDivisionError("a mistake of ours"))
    assert "a mistake of ours" in caplog.text


def test_a_number_beyond_all_numbers_is_the_readers_fault() -> None:
    assert "a number that is too large" in problems.sentence(OverflowError("too large to convert"))
    assert "its log says why" in problems.sentence(ZeroDivisionError())
