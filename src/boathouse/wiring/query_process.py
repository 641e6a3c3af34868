"""The query process, joined: ``python -m boathouse.wiring.query_process --home FOLDER``."""

import argparse
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.foundation.settings import Settings
from boathouse.lake import DuckDBEngine, DuckDBSettings
from boathouse.session import LocalLaw, Session
from boathouse.session.result import Result
from boathouse.session.running.models_in_queries import AnswersQueries
from boathouse.session.statements.nouns import PROFILE
from boathouse.session.statements.query_process import serve
from boathouse.wiring.databases import boathouse_database, mlflow_url
from boathouse.wiring.logs import configure_logging
from boathouse.wiring.system_tables import system_tables

_BESIDE_THE_ENGINE = 1 << 30
"""Bytes that Python, Arrow and the files being written may take beside the engine's own limit."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m boathouse.wiring.query_process")
    parser.add_argument("--home", type=Path, required=True)
    home = Home(parser.parse_args().home)
    settings = Settings.from_environment()
    configure_logging(settings)
    _limit_memory(settings.query_memory_mb)
    database = boathouse_database(home, settings)
    catalog = Catalog(database, home, SystemClock())
    law = LocalLaw(catalog, system_tables=system_tables(database, catalog))
    engine = DuckDBEngine(DuckDBSettings(memory_limit=f"{settings.query_memory_mb}MB"))

    models = cache(lambda: _models(catalog, home, settings))

    def session_of(principal: Principal) -> Session:
        return Session(principal, law, engine, models)

    serve(catalog.identities.principal, session_of, {PROFILE: _profile})


def _profile(session: Session, values: Mapping[str, Any]) -> Result:
    """Few ask for a profile, and so what makes one is loaded late."""
    from boathouse.quality.profiles.summarizing import summary_rows

    return summary_rows(session, **values)


def _models(catalog: Catalog, home: Home, settings: Settings) -> AnswersQueries:
    """What answers ``ai_query``; few statements ask for it, and so it is loaded late."""
    from boathouse.models.mlflow_server import MlflowSettings
    from boathouse.models.stores import MlflowStores
    from boathouse.models.version_files import VersionFiles
    from boathouse.serving.batch.ai_here import endpoints_here
    from boathouse.serving.batch.ai_query import EndpointsInQueries

    stores = MlflowStores(MlflowSettings(mlflow_url(home, settings), home.artifacts))
    files = VersionFiles(stores, catalog.database, home.artifacts)
    return EndpointsInQueries(endpoints_here(catalog, home, files.folder))


def _limit_memory(megabytes: int) -> None:
    """A wall behind the engine's own limit, above which it spills: what leaks past it ends this process alone."""
    if sys.platform == "linux":
        most = (megabytes << 20) + _BESIDE_THE_ENGINE
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
