"""Evidence through a control plane's REST API: how tasks send what they have measured."""

from collections.abc import Sequence
from urllib.parse import quote

from boathouse.foundation.names import ModelName
from boathouse.foundation.rest import RestClient
from boathouse.models.evidence.nouns import Evaluation, Evidence, Measurement
from boathouse.models.evidence.wire import all_evidence_from_json, evaluation_json, measurement_json

MODELS = "/api/boathouse/v1/models"


def version_path(name: ModelName | str, version: int | str) -> str:
    """The REST path of a version, given by its number or by an alias."""
    return f"{MODELS}/{quote(str(name), safe='')}/versions/{quote(str(version), safe='')}"


class EvidenceClient:
    """Sends and reads evidence. The server judges: what is sent are measurements, what comes back are verdicts."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def record(self, evaluation: Evaluation, measurements: Sequence[Measurement]) -> list[Evidence]:
        """Send an evaluation; sending it again with the same id writes nothing twice.

        Raises:
            NotFound: The model has no such version.
            Denied: The principal may not manage the model.
        """
        body = evaluation_json(evaluation)
        for name in ("model", "version", "requirements_revision"):
            body.pop(name)
        body["measurements"] = [measurement_json(each) for each in measurements]
        path = version_path(evaluation.model, evaluation.version)
        return all_evidence_from_json(self._client.post(f"{path}/evaluations", body))

    def of(
        self, name: ModelName | str, version: int | str, *, evaluation_id: str | None = None, latest: int | None = None
    ) -> list[Evidence]:
        """The evidence of a version: of one evaluation, or of the latest ones."""
        path = f"{version_path(name, version)}/evidence"
        return all_evidence_from_json(self._client.get(path, evaluation_id=evaluation_id, latest=latest))
