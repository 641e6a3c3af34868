"""The key under which MLflow keeps the secrets of its webhooks: one of our own secrets, made at the first start."""

import base64
import logging
import secrets

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.notifications.destinations import Safe

log = logging.getLogger(__name__)

_NAME = "mlflow-webhooks"


def webhook_key(safe: Safe) -> str | None:
    """The key, the same at every start; None when secrets cannot be read now: MLflow then makes one for this start."""
    try:
        try:
            return safe.get(_NAME).decode()
        except NotFound:
            safe.put(_NAME, base64.urlsafe_b64encode(secrets.token_bytes(32)))
            return safe.get(_NAME).decode()
    except BoathouseError as error:
        log.warning("The secrets of MLflow's webhooks cannot be read at present: %s", error)
        return None
