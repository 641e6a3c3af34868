"""Features: defined once, read as they were known, carried by the model, served by key.

Example:
    >>> from boathouse.features import FeatureEngineeringClient, FeatureLookup
    >>> fe = FeatureEngineeringClient()
    >>> training_set = fe.create_training_set(
    ...     df=labels,
    ...     feature_lookups=[FeatureLookup("prod.flights.aircraft_days", lookup_key="tailnum")],
    ...     label="late",
    ... )
    >>> training_set.load_df()
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's own, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from boathouse.features.client import FeatureEngineeringClient
    from boathouse.features.clocks import KnownTime
    from boathouse.features.lookups import FeatureFunction, FeatureLookup
    from boathouse.features.tables.feature_tables import FeatureTable
    from boathouse.features.training.training_sets import TrainingSet

__all__ = [
    "FeatureEngineeringClient",
    "FeatureFunction",
    "FeatureLookup",
    "FeatureTable",
    "KnownTime",
    "TrainingSet",
]

_MODULES = {
    "FeatureEngineeringClient": "client",
    "FeatureFunction": "lookups",
    "FeatureLookup": "lookups",
    "FeatureTable": "tables.feature_tables",
    "KnownTime": "clocks",
    "TrainingSet": "training.training_sets",
}


def __getattr__(name: str) -> Any:
    """The parts come when they are used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
