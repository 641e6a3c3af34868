"""Routes that give or take files."""

from boathouse.catalog import Privilege
from boathouse.foundation.errors import InvalidInput
from boathouse.models.artifact_addresses import FILES
from boathouse.models.policy.call import Call
from boathouse.models.policy.desk import READ, WRITE, Desk, Target
from boathouse.models.policy.rules import Check, Route, model, run, trace


def file_at(privilege: Privilege) -> Check:
    """The file that the path of the request names."""

    def check(desk: Desk, call: Call) -> Target | None:
        return desk.artifact(privilege, call.params["artifact_path"])

    return check


def folder_at(desk: Desk, call: Call) -> Target | None:
    """The folder that the field ``path`` names; the whole artifact folder is nobody's to list."""
    return desk.artifact(READ, call.require("path").strip("/"))


def run_or_model(desk: Desk, call: Call) -> Target | None:
    """A run or a logged model, whichever is named."""
    found = [desk.run(WRITE, each) for each in call.values("run_id")]
    found += [desk.logged_model(WRITE, each) for each in call.values("model_id")]
    if len(found) != 1:
        raise InvalidInput("Name one run or one logged model.")
    return found[0]


ROUTES = (
    Route("GET", f"{FILES}/artifacts", folder_at),
    Route("GET", f"{FILES}/artifacts/<path:artifact_path>", file_at(READ), "downloadArtifact", is_native=True,
          is_frequent=True, reads_body=False),
    Route("PUT", f"{FILES}/artifacts/<path:artifact_path>", file_at(WRITE), "uploadArtifact", is_native=True,
          is_frequent=True, reads_body=False),
    Route("DELETE", f"{FILES}/artifacts/<path:artifact_path>", file_at(WRITE), "deleteArtifact", reads_body=False),
    Route("POST", f"{FILES}/mpu/create/<path:artifact_path>", file_at(WRITE), "uploadArtifact", is_frequent=True),
    Route("POST", f"{FILES}/mpu/complete/<path:artifact_path>", file_at(WRITE), "uploadArtifact", is_frequent=True),
    Route("POST", f"{FILES}/mpu/abort/<path:artifact_path>", file_at(WRITE), "uploadArtifact", is_frequent=True),
    Route("GET", f"{FILES}/presigned/<path:artifact_path>", file_at(READ), "downloadArtifact", is_frequent=True),
    Route("GET", "/api/2.0/mlflow/artifacts/list", run(READ)),
    Route("POST", "/api/2.0/mlflow/artifacts/presigned-download-url", run(READ), "downloadArtifact", is_frequent=True),
    Route("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", run_or_model, "uploadArtifact", is_frequent=True),
    Route("POST", "/api/2.0/mlflow/upload-artifact", run(WRITE, "run_uuid"), "uploadArtifact", reads_body=False),
    Route("GET", "/get-artifact", run(READ), "downloadArtifact", is_frequent=True),
    Route("GET", "/model-versions/get-artifact", model(Privilege.EXECUTE), "downloadArtifact", is_frequent=True),
    Route("GET", "/api/2.0/mlflow/get-trace-artifact", trace(READ, "request_id"), "downloadArtifact", is_frequent=True),
    Route("GET", "/api/3.0/mlflow/get-trace-artifact", trace(READ, "request_id"), "downloadArtifact", is_frequent=True),
)  # fmt: skip
