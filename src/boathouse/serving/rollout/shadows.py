"""What there is to say about the shadow of an endpoint, as JSON."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import Principal
from boathouse.foundation.spans import parse_span
from boathouse.serving.endpoints.service import Endpoints
from boathouse.serving.rollout.inference_tables import payload_table, predictions_table
from boathouse.serving.rollout.shadow_report import WINDOWS, differences, traffic
from boathouse.session import Session

Json = dict[str, Any]
_LONGEST = timedelta(days=92)


class ShadowReports:
    """Reads inference tables as whoever asks."""

    def __init__(
        self, catalog: Catalog, endpoints: Endpoints, session_of: Callable[[Principal], Session], clock: Clock
    ) -> None:
        self._catalog = catalog
        self._endpoints = endpoints
        self._session_of = session_of
        self._clock = clock

    def of(self, principal: Principal, name: str, *, last: str = "1d", window: str = "hour") -> Json:
        """How the shadow differed from what callers got.

        Raises:
            InvalidInput: Nothing is captured, or the window is none.
            Denied: The principal may not read the inference tables.
        """
        span = parse_span(last)
        if window not in WINDOWS or span > _LONGEST:
            raise InvalidInput(
                f"{last} by {window} cannot be shown.", hint=f"Use at most 92d, by {' or '.join(WINDOWS)}."
            )
        endpoint = self._endpoints.get(principal, name)
        target = endpoint.config.capture
        requests = payload_table(self._catalog, endpoint.endpoint_id, target)
        predictions = predictions_table(self._catalog, endpoint.endpoint_id, target)
        if requests is None or predictions is None:
            is_kept = target is not None and target.is_enabled
            raise InvalidInput(
                f"Nothing that {name} has answered is in its inference table yet, so there is nothing to compare.",
                hint="What is asked comes there within seconds; its policy needs a shadow."
                if is_kept
                else "Give the endpoint an auto_capture_config, and a policy with a shadow.",
            )
        session, since = self._session_of(principal), self._clock.now() - span
        return {
            "endpoint": name,
            "since": epoch_ms(since),
            "window": window,
            "traffic": [_json(each) for each in traffic(session, requests, since, window=window)],
            "differences": [_json(each) for each in differences(session, predictions, since, window=window)],
        }


def _json(each: Any) -> Json:
    data = asdict(each)
    return {**data, "window": epoch_ms(data["window"])}
