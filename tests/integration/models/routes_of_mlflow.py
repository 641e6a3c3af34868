"""Prints every route that the installed MLflow serves, as JSON: method, path, and whether it is ASGI."""

import json
import sys
from pathlib import Path

from boathouse.models.mlflow_server import MlflowSettings, load_apps


def main() -> None:
    folder = Path(sys.argv[1])
    apps = load_apps(MlflowSettings(f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts"))
    routes = [
        (method, rule.rule, False)
        for rule in apps.wsgi.url_map.iter_rules()  # type: ignore[attr-defined]
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]
    routes += [found for each in apps.asgi.routes for found in native(each, "")]  # type: ignore[attr-defined]
    print(json.dumps(routes))


def native(route: object, prefix: str) -> list[tuple[str, str, bool]]:
    """The routes of a router; FastAPI keeps an included one whole. A mounted application has no methods."""
    if (included := getattr(route, "original_router", None)) is not None:
        inner = prefix + route.include_context.prefix  # type: ignore[attr-defined]
        return [found for each in included.routes for found in native(each, inner)]
    if not getattr(route, "methods", None):
        return []
    return [(method, prefix + route.path, True) for method in route.methods - {"HEAD", "OPTIONS"}]  # type: ignore[attr-defined]


main()
