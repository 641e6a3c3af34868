"""Deploying from the client: build, pack, upload what the server lacks, and send what should exist."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boathouse.bundles.artifacts import build_artifacts
from boathouse.bundles.code_files import CodeFile, code_files, pack, snapshot_hash
from boathouse.bundles.configuration import Bundle
from boathouse.bundles.desired import DesiredState, Place
from boathouse.foundation.rest import RestClient

PATH = "/api/boathouse/v1/bundles"
DEPLOYMENT_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bundle that is built and ready to be sent."""

    bundle: Bundle
    desired: DesiredState
    files: tuple[CodeFile, ...]
    built: tuple[Path, ...]


def prepare(bundle: Bundle, delete_data: tuple[str, ...] = ()) -> Prepared:
    """Build the artifacts and name the code by its hash; nothing leaves this machine."""
    bundle, built = build_artifacts(bundle)
    files = tuple(code_files(bundle.root, bundle.sync_include, bundle.sync_exclude, built))
    return Prepared(bundle, bundle.desired(snapshot_hash(files), delete_data), files, tuple(built))


class RemoteDeployments:
    """The verbs of the server's deployments, called over REST."""

    def __init__(self, client: RestClient) -> None:
        self._client = client

    def plan(self, prepared: Prepared) -> dict[str, Any]:
        return self._client.post(f"{PATH}/plan", prepared.desired.to_json())

    def deploy(self, prepared: Prepared) -> dict[str, Any]:
        self.upload(prepared)
        return self._client.post(f"{PATH}/deploy", prepared.desired.to_json())

    def upload(self, prepared: Prepared) -> bool:
        """Send the code, unless the server has it already; says whether it was sent."""
        params = {**prepared.desired.place.to_json(), "snapshot": prepared.desired.snapshot}
        if self._client.get(f"{PATH}/snapshot", **params)["exists"]:
            return False
        with pack(prepared.files) as archive:
            self._client.send("PUT", f"{PATH}/snapshot", params=params, content=archive)
        return True

    def plan_destroy(self, place: Place, delete_data: tuple[str, ...]) -> dict[str, Any]:
        body = {"place": place.to_json(), "delete_data": list(delete_data)}
        return self._client.post(f"{PATH}/plan-destroy", body)

    def destroy(self, place: Place, delete_data: tuple[str, ...], *, lock: bool) -> dict[str, Any]:
        body = {"place": place.to_json(), "delete_data": list(delete_data), "lock": lock}
        return self._client.post(f"{PATH}/destroy", body)

    def summary(self, place: Place) -> dict[str, Any]:
        return self._client.get(f"{PATH}/summary", **place.to_json())
