"""One colour meaning on every page: good, working, waiting, doubtful, bad, and nothing to say."""

from enum import StrEnum

from boathouse.server.ui.parts.text import Words, words


class Tone(StrEnum):
    """What a colour means. The word beside it says the same: nobody needs to see the colour."""

    GOOD = "good"
    WORKING = "working"
    WAITING = "waiting"
    DOUBTFUL = "doubtful"
    BAD = "bad"
    QUIET = "quiet"


_TONES: dict[Tone, str] = {
    Tone.GOOD: "success succeeded ready fine passed approved resolved healthy active ok equal kept met online closed",
    Tone.WORKING: "running updating refreshing rolling_out in_progress baking canary acting shadow",
    Tone.WAITING: "pending queued blocked waiting scheduled draft proposed",
    Tone.DOUBTFUL: (
        "warning doubtful inconclusive waived stale acknowledged paused skipped disabled silenced unknown frozen"
        " declined late"
    ),
    Tone.BAD: (
        "failed error canceled cancelled timedout timed_out rejected denied breached firing open triggered dead"
        " upstream_failed aborted rolled_back broken missed differs expired internal_error update_failed not_ready"
    ),
}
_BY_WORD = {word: tone for tone, text in _TONES.items() for word in text.split()}


def tone_of(state: object) -> Tone:
    """The colour of a state, by its word."""
    return _BY_WORD.get(str(state).strip().lower().replace(" ", "_").replace("-", "_"), Tone.QUIET)


def badge(text: object, tone: Tone | None = None) -> Words:
    """A state as a small coloured word."""
    said = str(text)
    shown = said.replace("_", " ").lower() if said.isupper() else said
    return words(shown, style=f"bh-badge bh-{tone or tone_of(said)}")
