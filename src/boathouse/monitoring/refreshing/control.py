"""The control plane, as the task of a refresh sees it."""

from boathouse.foundation.rest import RestClient
from boathouse.monitoring.monitors.wire import work_from_json
from boathouse.monitoring.monitors.work import Work
from boathouse.monitoring.refreshing.refreshing import Outcome

_WORK = "/api/boathouse/v1/monitors/work"


class RefreshControl:
    """Says that a refresh begins, and how it ended."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def begin(self, monitor_id: str, *, run_id: int, refresh_id: int | None) -> Work:
        """
        Raises:
            NotFound: The monitor was deleted meanwhile.
            Conflict: The refresh was cancelled.
        """
        body = {"run_id": run_id, "refresh_id": refresh_id}
        return work_from_json(self._client.post(f"{_WORK}/{monitor_id}/begin", body))

    def done(self, refresh_id: int, outcome: Outcome) -> None:
        body = {"progress": outcome.progress.to_json(), "result": dict(outcome.result)}
        self._client.post(f"{_WORK}/refreshes/{refresh_id}/done", body)

    def failed(self, refresh_id: int, message: str) -> None:
        self._client.post(f"{_WORK}/refreshes/{refresh_id}/failed", {"message": message})
