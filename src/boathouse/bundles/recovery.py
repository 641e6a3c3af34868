"""After a crash: finding out how far a deployment came, from its journal and from what is there."""

import logging
from collections.abc import Callable, Mapping

from boathouse.bundles.desired import DesiredResource
from boathouse.bundles.planning import Action, resolved
from boathouse.bundles.repository import (
    BundleRecord,
    BundleRepository,
    DeploymentRecord,
    DeploymentStatus,
    OwnedResource,
    StepRecord,
    StepStatus,
)
from boathouse.bundles.resources import Origin, ResourceKind
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import SYSTEM

_log = logging.getLogger(__name__)


class Recovery:
    """Settles steps that were begun and never ended. It only looks and writes down; it acts as Boathouse itself, since
    whoever deployed may be gone."""

    def __init__(self, repository: BundleRepository, kinds: Mapping[str, ResourceKind], now: Callable[[], int]) -> None:
        self._repository = repository
        self._kinds = kinds
        self._now = now

    def settle(self, deployment: DeploymentRecord) -> None:
        """End the record of a deployment whose process died."""
        message = "The server stopped while it worked. Deploy again to complete it."
        self.settle_steps(deployment, message)
        self._repository.close(deployment, DeploymentStatus.INTERRUPTED, self._now(), error=message)
        _log.warning("Deployment %s was interrupted; its journal has been settled.", deployment.id)

    def settle_steps(self, deployment: DeploymentRecord, error: str) -> None:
        record = self._repository.bundle(deployment.bundle_id)
        for step in self._repository.steps(deployment.id):
            if step.status is StepStatus.STARTED:
                self._settle(record, deployment, step, error)

    def _settle(self, record: BundleRecord, deployment: DeploymentRecord, step: StepRecord, error: str) -> None:
        match step.action:
            case Action.CREATE:
                self._settle_creation(deployment, step, error)
            case Action.DELETE:
                self._settle_deletion(record, deployment, step, error)
            case _:
                # An update that came half way shows up as a difference in the next plan.
                self._repository.settle_step(deployment.id, step.position, self._now(), StepStatus.FAILED, error)

    def _settle_creation(self, deployment: DeploymentRecord, step: StepRecord, error: str) -> None:
        """A thing that was to be made did not exist when that was written down. If it is there now, we made it."""
        made = self._made(deployment, step)
        if made is None:
            self._repository.settle_step(deployment.id, step.position, self._now(), StepStatus.FAILED, error)
            return
        # Whether its grants came through is not known, so it is recorded as made with nothing: the next plan compares.
        owned = OwnedResource(step.resource, made, step.name, {}, False, False, deployment.id)
        self._repository.finish_step(deployment, step.position, self._now(), owned=owned)

    def _made(self, deployment: DeploymentRecord, step: StepRecord) -> str | None:
        kind = self._kinds[step.resource.section]
        ids = {one.resource: one.resource_id for one in self._repository.owned(deployment.bundle_id)}
        try:
            desired = DesiredResource(step.resource, dict(step.payload))
            payload = resolved(desired, ids, Origin("", "", deployment.id))
            return kind.made_by(SYSTEM, payload, deployment.id)
        except BoathouseError as failure:
            _log.info("Step %s of %s left nothing behind: %s", step.position, deployment.id, failure)
            return None

    def _settle_deletion(
        self, record: BundleRecord, deployment: DeploymentRecord, step: StepRecord, error: str
    ) -> None:
        kind = self._kinds[step.resource.section]
        for owned in self._repository.owned(record.id):
            if owned.resource == step.resource and owned.resource_id == step.resource_id:
                if kind.get(SYSTEM, owned.resource_id, {}) is None:
                    self._repository.finish_step(deployment, step.position, self._now(), gone=owned)
                else:
                    self._repository.settle_step(deployment.id, step.position, self._now(), StepStatus.FAILED, error)
                return
        self._repository.settle_step(deployment.id, step.position, self._now(), StepStatus.DONE)
