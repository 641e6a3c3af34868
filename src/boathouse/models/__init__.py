"""Experiments, runs and registered models: MLflow 3 under the catalog's law."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's own, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from boathouse.models.mlflow_server import MlflowSettings
    from boathouse.models.models import Models
    from boathouse.models.nouns import ANY, AliasMove, AnyVersion, ModelVersion, RegisteredModel

__all__ = ["ANY", "AliasMove", "AnyVersion", "MlflowSettings", "ModelVersion", "Models", "RegisteredModel"]

_MODULES = {"Models": "models", "MlflowSettings": "mlflow_server"}


def __getattr__(name: str) -> Any:
    """Every task passes here on its way to autologging, so nothing is loaded before it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'nouns')}"), name)
