"""The fifth proof: the recipe reads the clocks that the catalog declares."""

from boathouse.features.certificate.nouns import Check, CheckVerdict
from boathouse.features.certificate.sampled import label_of
from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Lookup
from boathouse.features.tables.feature_tables import FeatureTable

NAME = "the clocks are those of the table"


def declared_clocks(lookup: Lookup, table: FeatureTable) -> Check:
    """Whether event and known time of the recipe are those of the table today; and whether it has an instant."""
    label = label_of(lookup)
    said: list[str] = []
    if lookup.event != table.timeseries_column:
        said.append(f"the recipe has the event time {lookup.event}, the table {table.timeseries_column}")
    if lookup.known != table.known:
        said.append(f"the recipe has {_known(lookup.known)}, the table {_known(table.known)}")
    if said:
        return Check(NAME, label, CheckVerdict.FAILED, 1, 1, "; ".join(said) + ".")
    if lookup.event is not None and lookup.at is None:
        why = "the lookup has no instant (timestamp_lookup_key): every row has the newest values, whatever its time."
        return Check(NAME, label, CheckVerdict.INCONCLUSIVE, 0, 0, why)
    clocks = f"event time {lookup.event}, {_known(lookup.known)}." if lookup.event else "the table has no time."
    return Check(NAME, label, CheckVerdict.PASSED, 1, 0, clocks)


def _known(known: KnownTime) -> str:
    if known.column is not None:
        return f"the known time {known.column}"
    return f"values known {known.lag} after their event time" if known.lag else "values known at their event time"
