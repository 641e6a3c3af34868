"""From text to the words that search compares: ``depDelay`` and ``dep_delay`` are both found by ``delay``."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_WORD = 64

_RUN = re.compile(r"\w+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def words_of(text: str) -> Iterator[str]:
    """The words of a text and the parts of those that are made of several."""
    for run in _RUN.findall(unicodedata.normalize("NFKC", text)):
        yield plain(run)
        parts = [part for piece in run.split("_") for part in _HUMP.split(piece) if part]
        if len(parts) > 1:
            yield from map(plain, parts)


def asked_words(text: str) -> list[str]:
    """The words of a question, each once. A name typed as a whole is one word: it asks for that very name."""
    return list(dict.fromkeys(plain(run) for run in _RUN.findall(unicodedata.normalize("NFKC", text))))


def is_compound(word: str) -> bool:
    """Whether a word is made of several, which are words of their own too."""
    return "_" in word


def parts_of(words: Iterable[str]) -> list[str]:
    """The words with those made of several taken apart, each once."""
    return list(dict.fromkeys(part for word in words for part in word.split("_") if part))


def plain(word: str) -> str:
    """A word as it is compared."""
    return unicodedata.normalize("NFKC", word).casefold()[:LONGEST_WORD]


def trigrams(word: str) -> set[str]:
    """The runs of three letters in a word, its ends marked; a word with a typo keeps most of them."""
    marked = f"\x01{word}\x02"
    return {marked[start : start + 3] for start in range(len(marked) - 2)}


def typing_errors(one: str, other: str, at_most: int) -> int | None:
    """How many letters are wrong, missing, too many or swapped; None when more than ``at_most``."""
    if abs(len(one) - len(other)) > at_most:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        now = [place]
        for column, other_letter in enumerate(other, start=1):
            cost = min(row[column] + 1, now[column - 1] + 1, row[column - 1] + (letter != other_letter))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == other_letter:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > at_most:
            return None
        before, row = row, now
    return row[-1] if row[-1] <= at_most else None


def closest(word: str, candidates: Iterable[str]) -> list[str]:
    """The candidates that may have been meant: one error in a short word, two in a longer one."""
    at_most = 1 if len(word) < 7 else 2
    found = [(errors, each) for each in candidates if (errors := typing_errors(word, each, at_most)) is not None]
    return [each for _, each in sorted(found)]
