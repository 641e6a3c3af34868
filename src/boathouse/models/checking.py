"""Does MLflow read this database? Opens its stores as its server would, and counts."""

from boathouse.foundation.errors import Unavailable


def check_store(database_url: str) -> tuple[int, int]:
    """The number of experiments and of registered models.

    Raises:
        Unavailable: MLflow cannot read it.
    """
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore

        from boathouse.models.mlflow_server import ARTIFACT_ROOT

        tracking, registry = TrackingStore(database_url, ARTIFACT_ROOT), RegistryStore(database_url)
        experiments = tracking.search_experiments(view_type=3, max_results=1000)
        models = registry.search_registered_models(max_results=1000)
        tracking.engine.dispose()
        registry.engine.dispose()
    except (MlflowException, SQLAlchemyError) as error:
        raise Unavailable(
            f"MLflow {mlflow.__version__} cannot read the database {database_url}: {error}",
            hint="Perhaps another release of MLflow wrote it.",
        ) from error
    return len(experiments), len(models)
