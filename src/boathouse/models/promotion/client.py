"""Decisions and promotions through a control plane's REST API: what the tasks of a deployment job call."""

from typing import Any

from boathouse.foundation.names import ModelName
from boathouse.foundation.rest import RestClient
from boathouse.models.evidence.client import version_path
from boathouse.models.nouns import ANY, AnyVersion
from boathouse.models.promotion.nouns import Decision, Promotion
from boathouse.models.promotion.wire import decision_from_json, promotion_from_json


class PromotionClient:
    """Asks for decisions, and promotes."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def decision(self, name: ModelName | str, version: int | str) -> Decision:
        """What evidence and signatures of a version come to now."""
        return decision_from_json(self._client.get(f"{version_path(name, version)}/decision"))

    def promote(
        self,
        name: ModelName | str,
        version: int | str,
        *,
        stage: str | None = None,
        expected: int | AnyVersion | None = ANY,
        reason: str | None = None,
    ) -> Promotion:
        """Bring a version to a stage, to production by default.

        Raises:
            Conflict: It may not go there, or somebody was faster; the message says which.
        """
        body: dict[str, Any] = {"reason": reason}
        if stage is not None:
            body["stage"] = stage
        if expected is not ANY:
            body["expected"] = expected
        return promotion_from_json(self._client.post(f"{version_path(name, version)}/promote", body))
