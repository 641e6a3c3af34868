"""Which function builds which page. Names in braces are handed to it."""

from boathouse.server.ui.pages.alerts.alert import alert_page
from boathouse.server.ui.pages.alerts.overview import alerts_page
from boathouse.server.ui.pages.audit import audit_page
from boathouse.server.ui.pages.catalog import catalog_page, place_page
from boathouse.server.ui.pages.endpoints.listing import endpoints_page
from boathouse.server.ui.pages.endpoints.page import endpoint_page
from boathouse.server.ui.pages.endpoints.requests import request_page
from boathouse.server.ui.pages.features.listing import features_page
from boathouse.server.ui.pages.features.page import feature_page
from boathouse.server.ui.pages.functions import function_page
from boathouse.server.ui.pages.home.page import home_page
from boathouse.server.ui.pages.incidents.incident import incident_page
from boathouse.server.ui.pages.incidents.overview import incidents_page
from boathouse.server.ui.pages.jobs.listing import jobs_page
from boathouse.server.ui.pages.jobs.page import job_page
from boathouse.server.ui.pages.lineage.page import lineage_page
from boathouse.server.ui.pages.models.compare import compare_page
from boathouse.server.ui.pages.models.listing import models_page
from boathouse.server.ui.pages.models.model import model_page
from boathouse.server.ui.pages.models.version import version_page
from boathouse.server.ui.pages.monitoring.monitor import monitor_page
from boathouse.server.ui.pages.monitoring.overview import monitoring_page
from boathouse.server.ui.pages.principal import principal_page
from boathouse.server.ui.pages.principals import principals_page
from boathouse.server.ui.pages.runs.page import run_page
from boathouse.server.ui.pages.search import search_page
from boathouse.server.ui.pages.sql.page import saved_query_page, sql_page
from boathouse.server.ui.pages.tables.page import table_page
from boathouse.server.ui.pages.tokens import tokens_page
from boathouse.server.ui.pages.volumes import volume_page

PAGES = {
    "/": home_page,
    "/alerts": alerts_page,
    "/alerts/{alert}": alert_page,
    "/audit": audit_page,
    "/catalog": catalog_page,
    "/catalog/{name}": place_page,
    "/endpoints": endpoints_page,
    "/endpoints/{name}": endpoint_page,
    "/endpoints/{name}/requests/{request_id}": request_page,
    "/features": features_page,
    "/features/{name}": feature_page,
    "/functions/{name}": function_page,
    "/incidents": incidents_page,
    "/incidents/{incident}": incident_page,
    "/jobs": jobs_page,
    "/jobs/{job_id:int}": job_page,
    "/lineage": lineage_page,
    "/models": models_page,
    "/models/{name}": model_page,
    "/models/{name}/compare": compare_page,
    "/models/{name}/versions/{version}": version_page,
    "/monitoring": monitoring_page,
    "/monitoring/{table}": monitor_page,
    "/principals": principals_page,
    "/principals/{name}": principal_page,
    "/runs/{run_id:int}": run_page,
    "/search": search_page,
    "/sql": sql_page,
    "/sql/{query_id}": saved_query_page,
    "/tables/{name}": table_page,
    "/tokens": tokens_page,
    "/volumes/{name}": volume_page,
}
