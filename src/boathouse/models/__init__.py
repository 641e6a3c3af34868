"""Experiments, runs and registered models: MLflow 3 under the catalog's law."""

from typing import TYPE_CHECKING, Any

from boathouse.models.nouns import ANY, AliasMove, AnyVersion, ModelVersion, RegisteredModel

if TYPE_CHECKING:
    from boathouse.models.mlflow_server import MlflowSettings
    from boathouse.models.models import Models

__all__ = ["ANY", "AliasMove", "AnyVersion", "MlflowSettings", "ModelVersion", "Models", "RegisteredModel"]


def __getattr__(name: str) -> Any:
    """The room's machinery brings SQLAlchemy along; the nouns and autologging, which tasks need, do not wait for it."""
    if name == "Models":
        from boathouse.models.models import Models

        return Models
    if name == "MlflowSettings":
        from boathouse.models.mlflow_server import MlflowSettings

        return MlflowSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
