"""Every object's address: pages link through these functions, so that a link never guesses."""

from urllib.parse import quote, urlencode

BASE = "/ui"
HOME = f"{BASE}/"
CATALOG = f"{BASE}/catalog"
LINEAGE = f"{BASE}/lineage"
MODELS = f"{BASE}/models"
FEATURES = f"{BASE}/features"
JOBS = f"{BASE}/jobs"
ENDPOINTS = f"{BASE}/endpoints"
MONITORING = f"{BASE}/monitoring"
ALERTS = f"{BASE}/alerts"
INCIDENTS = f"{BASE}/incidents"
SQL = f"{BASE}/sql"
AUDIT = f"{BASE}/audit"
PRINCIPALS = f"{BASE}/principals"
TOKENS = f"{BASE}/tokens"
SEARCH = f"{BASE}/search"


def with_query(address: str, **query: object) -> str:
    """The address with what is not None behind the question mark."""
    told = {name: str(value) for name, value in query.items() if value is not None and value != ""}
    return f"{address}?{urlencode(told)}" if told else address


def catalog(name: str) -> str:
    """A catalog or a schema: ``prod`` or ``prod.flights``."""
    return f"{CATALOG}/{_part(name)}"


def table(name: str) -> str:
    return f"{BASE}/tables/{_part(name)}"


def volume(name: str) -> str:
    return f"{BASE}/volumes/{_part(name)}"


def function(name: str) -> str:
    return f"{BASE}/functions/{_part(name)}"


def model(name: str) -> str:
    return f"{MODELS}/{_part(name)}"


def model_version(name: str, version: int | str) -> str:
    return f"{MODELS}/{_part(name)}/versions/{version}"


def model_comparison(name: str, one: int, other: int) -> str:
    return with_query(f"{model(name)}/compare", one=one, other=other)


def feature_table(name: str) -> str:
    return f"{FEATURES}/{_part(name)}"


def job(job_id: int) -> str:
    return f"{JOBS}/{job_id}"


def run(run_id: int) -> str:
    return f"{BASE}/runs/{run_id}"


def endpoint(name: str) -> str:
    return f"{ENDPOINTS}/{_part(name)}"


def endpoint_request(name: str, request_id: str) -> str:
    return f"{ENDPOINTS}/{_part(name)}/requests/{_part(request_id)}"


def monitor(table_name: str) -> str:
    return f"{MONITORING}/{_part(table_name)}"


def alert(alert_id: str) -> str:
    return f"{ALERTS}/{_part(alert_id)}"


def incident(incident_id: str) -> str:
    return f"{INCIDENTS}/{_part(incident_id)}"


def principal(name: str) -> str:
    return f"{PRINCIPALS}/{_part(name)}"


def securable(kind: str, name: str) -> str | None:
    """The page of anything governed; None for what has none."""
    match kind:
        case "catalog" | "schema":
            return catalog(name)
        case "table":
            return table(name)
        case "volume":
            return volume(name)
        case "function":
            return function(name)
        case "registered_model":
            return model(name)
        case "endpoint":
            return endpoint(name)
        case "job" if name.isdecimal():
            return job(int(name))
        case "experiment":
            return f"/mlflow/#/experiments/{_part(name)}"
        case _:
            return None


def why(who: str, kind: str, name: str) -> str:
    """Where it is explained what somebody may do with a thing."""
    return with_query(principal(who), tab="Why", kind=kind, name=name)


def lineage(name: str, kind: str | None = None) -> str:
    return with_query(LINEAGE, of=name, kind=kind)


def saved_query(query_id: str) -> str:
    return f"{SQL}/{_part(query_id)}"


def file(path: str) -> str:
    """Where a file of a volume is downloaded: ``/Volumes/prod/flights/landing/a.csv``."""
    return f"/api/2.0/fs/files{quote(path)}"


def mlflow_model(name: str) -> str:
    return f"/mlflow/#/models/{_part(name)}"


def mlflow_run(experiment_id: str, run_id: str) -> str:
    return f"/mlflow/#/experiments/{_part(experiment_id)}/runs/{_part(run_id)}"


def _part(text: str) -> str:
    return quote(text, safe="")
