"""Who gives the rows of the system tables of higher rooms."""

from boathouse.catalog import Catalog
from boathouse.metastore import Database
from boathouse.models.promotion.system_tables import ModelTables
from boathouse.monitoring.incidents.system_tables import AlertTables
from boathouse.monitoring.retraining.system_tables import RetrainingTables
from boathouse.monitoring.system.system_tables import SystemFigures
from boathouse.serving.capture.usage import EndpointUsage
from boathouse.serving.endpoints.system_tables import ServingTables
from boathouse.session.system_tables import Providers
from boathouse.session.system_tables.higher_rooms import Queried


def system_tables(database: Database, catalog: Catalog) -> Providers:
    """By schema and table, for a law in process."""
    models = ModelTables(database, catalog)
    serving = ServingTables(database, catalog)
    figures = SystemFigures(database, catalog)
    alerts = AlertTables(database, catalog)
    return {
        ("models", "evidence"): models.evidence,
        ("models", "alias_history"): models.alias_history,
        ("serving", "served_entities"): serving.served_entities,
        ("monitoring", "endpoint_metrics"): figures.endpoints,
        ("monitoring", "job_metrics"): figures.jobs,
        ("monitoring", "component_metrics"): figures.components,
        ("monitoring", "alert_firings"): alerts.firings,
        ("monitoring", "incidents"): alerts.incidents,
        ("monitoring", "retraining_decisions"): RetrainingTables(database, catalog).decisions,
        ("serving", "endpoint_usage"): Queried(EndpointUsage(catalog).query),
    }
