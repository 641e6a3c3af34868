"""Words for feature tables: the same on the list and on their pages."""

from collections.abc import Sequence

from boathouse.features.inventory.nouns import Freshness
from boathouse.features.online.nouns import Publication
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.server.ui.parts.grid import State
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.times import in_words


def known_in_words(table: FeatureTable) -> str:
    """From when on a row counts as known."""
    if table.known.column:
        return f"{table.known.column}{', filled by the commit' if table.known_by_commit else ''}"
    lag = table.known.lag.total_seconds()
    return f"{in_words(lag * 1000)} after its event time" if lag else "at its event time"


def promise_in_words(table: FeatureTable) -> str:
    """How fresh the values are promised to be."""
    return "nothing promised" if table.freshness is None else f"at most {age_in_words(table.freshness.total_seconds())}"


def age_in_words(seconds: float) -> str:
    return in_words(max(0.0, seconds) * 1000)


def freshness_cell(freshness: Freshness | None) -> State | str | None:
    """The age of the newest values, coloured by the promise."""
    if freshness is None or freshness.age_seconds is None:
        return None
    age = age_in_words(freshness.age_seconds)
    if freshness.is_kept is None:
        return age
    return State(age, Tone.GOOD) if freshness.is_kept else State(f"{age}, late", Tone.BAD)


def freshness_in_words(freshness: Freshness | None) -> tuple[str, Tone]:
    """The same as a sentence."""
    if freshness is None:
        return "not known: you may not read the table", Tone.QUIET
    if freshness.age_seconds is None:
        return "not known", Tone.QUIET
    age = f"{age_in_words(freshness.age_seconds)} old"
    if freshness.is_kept is None:
        return age, Tone.QUIET
    return (f"{age}, as promised", Tone.GOOD) if freshness.is_kept else (f"{age}: later than promised", Tone.BAD)


def behind_in_words(publication: Publication, version: int | None) -> State | None:
    """Whether an online store has what the table has."""
    if version is None:
        return None
    behind = version - publication.published_version
    if behind <= 0:
        return State("up to date", Tone.GOOD)
    return State(f"{behind} version{'s' * (behind > 1)} behind", Tone.DOUBTFUL)


def newest_of(published: Sequence[Publication]) -> Publication | None:
    return max(published, key=lambda each: each.published_at, default=None)
