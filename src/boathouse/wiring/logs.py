"""How processes write their logs: lines for people, or JSON for machines."""

import logging
from datetime import UTC, datetime

import orjson

from boathouse.foundation.context import current_request
from boathouse.foundation.settings import LogFormat, Settings

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the request and the task it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = current_request()
        if request.request_id:
            line["request_id"] = request.request_id
        if request.task:
            line["run_id"] = request.task.run_id
            line["task_key"] = request.task.task_key
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging(settings: Settings) -> None:
    """Send every logger of the process to standard error in the chosen format."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format is LogFormat.JSON else logging.Formatter(TEXT))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for chatty in ("urllib3", "alembic.runtime.migration", "dbos"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
