"""The verb of ``import boathouse as bh``: it uses the default session."""

from collections.abc import Sequence
from typing import Any


def summarize(
    table: str,
    *,
    version: int | None = None,
    columns: Sequence[str] | None = None,
    against: str | int | None = None,
) -> dict[str, Any]:
    """What the columns of a table hold, as plain values; ``against`` another table or version, how far they have moved.

    Example:
        >>> boathouse.summarize("prod.flights.weather")["columns"][0]["median"]
    """
    from boathouse.quality.profiles.summarizing import summarize
    from boathouse.session.default import default_session

    return summarize(default_session(), table, version=version, columns=columns, against=against)
