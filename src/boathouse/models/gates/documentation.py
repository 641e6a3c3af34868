"""Does somebody who meets the model for the first time learn what it is for, and whom to ask?"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from boathouse.models.evaluation.case import Case
from boathouse.models.evidence.nouns import Measurement, Rule
from boathouse.models.gates.contract import Gate, GateSettings, by_settings
from boathouse.models.requirements.requirements import Requirements

NAME = "documentation"
MISSING = "missing_parts"

Part = Literal["objective", "decision", "owner", "on_call", "users", "success", "comment", "card"]


class Settings(GateSettings):
    parts: list[Part] = Field(default_factory=lambda: ["objective", "decision", "owner", "comment", "card"])
    """What has to be said."""
    minimum_words: dict[str, int] = Field(
        default_factory=lambda: {"objective": 4, "decision": 4, "comment": 3, "card": 40}
    )
    """Fewer words say nothing."""


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    texts = _texts(case)
    wrong = {
        part: why
        for part in settings.parts
        if (why := lacks(texts.get(part), settings.minimum_words.get(part, 1), case.missing.get(part)))
    }
    which = ", ".join(f"{part} ({why})" for part, why in wrong.items())
    details = {"missing": wrong, "asked": list(settings.parts), "which": which}
    yield Measurement(NAME, MISSING, float(len(wrong)), len(settings.parts), details=details)


def rules(requirements: Requirements, settings: Settings) -> list[Rule]:
    return [Rule(NAME, MISSING, maximum=0)]


def lacks(text: str | None, minimum_words: int, why_missing: str | None = None) -> str | None:
    """What a text lacks to be documentation, or None."""
    if text is None or not text.strip():
        return why_missing or "nothing is said"
    if found := _BOILERPLATE.search(text):
        return f"{found.group(0).strip()!r} was left in it"
    words = len(_WORD.findall(_without_markup(text)))
    if words < minimum_words:
        return f"{words} words are too few; at least {minimum_words} are asked for"
    return None


_BOILERPLATE = re.compile(
    r"\bTODO\b|\bTBD\b|\bFIXME\b|\bXXX\b|lorem ipsum|\bfill (?:me |this )?in\b|\bchange[ _-]?me\b"
    r"|<[ \w-]*(?:your|describe|insert|name|here)[ \w-]*>|\[(?:[ \w-]*(?:your|describe|insert|here)[ \w-]*)\](?!\()"
    r"|\bmore information needed\b|\bexample\.(?:com|org)\b",
    re.IGNORECASE,
)
"""What templates leave behind."""
_WORD = re.compile(r"\w[\w'-]*")
_MARKUP = re.compile(r"<!--.*?-->|```.*?```|^#+ [^\n]*$|^[|:\- ]+$", re.DOTALL | re.MULTILINE)


def _without_markup(text: str) -> str:
    """Headings, comments and code are no explanation."""
    return _MARKUP.sub(" ", text)


def _texts(case: Case) -> Mapping[str, str | None]:
    said = case.requirements
    return {
        "objective": said.objective,
        "decision": said.decision,
        "owner": said.owner,
        "on_call": said.on_call,
        "users": ", ".join(said.users),
        "success": said.success.metric,
        "comment": case.comment,
        "card": case.card,
    }


GATE = Gate(
    NAME,
    "Does it say what it is for, and whom to ask?",
    Settings,
    measure,
    rules,
    needs=(),
    shaped_by=by_settings("parts", "minimum_words"),
)
