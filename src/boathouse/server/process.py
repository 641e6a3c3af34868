"""The control plane in a process of its own."""

import uvicorn

from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.server.app import create_app
from boathouse.wiring.control_plane import build_control_plane
from boathouse.wiring.logs import configure_logging

GRACEFUL_SECONDS = 5
"""How long a request in flight may take to finish when we are told to stop."""


def serve(home: Home) -> None:
    """Answer until somebody stops this process."""
    settings = Settings.from_environment()
    configure_logging(settings)
    app = create_app(build_control_plane(home, settings))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # the audit log is the record of who asked for what
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
