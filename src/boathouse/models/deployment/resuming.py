"""Lets a run that has asked for signatures go on when the last one is there."""

import logging

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, NotFound, Unavailable
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import SYSTEM
from boathouse.models.approval.book import Approvals
from boathouse.models.approval.repository import ApprovalRepository, ApprovalRequest
from boathouse.models.deployment.runner import JobRunner

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 30_000
"""Something may have changed that nobody has told: another control plane wrote it, a run has come to its end."""


class Resuming:
    """Looks at open requests when something was said, and now and then."""

    def __init__(self, clock: Clock, repository: ApprovalRepository, approvals: Approvals, runner: JobRunner) -> None:
        self._clock = clock
        self._repository = repository
        self._approvals = approvals
        self._runner = runner
        self._seen = -1
        self._look_at = 0

    def go_on(self) -> int:
        """Let those runs go on that have what they asked for; gives how many."""
        now = epoch_ms(self._clock.now())
        changes = self._approvals.changes
        if changes == self._seen and now < self._look_at:
            return 0
        is_settled = True
        gone_on = 0
        for request in self._repository.open_requests():
            try:
                if self._is_answered(request):
                    done = self._answer(request, now)
                    gone_on += done
                    is_settled = is_settled and done
            except Exception:  # one that fails in a way we did not foresee must not keep the others waiting
                log.exception("The run %s, which waits for signatures, could not go on", request.run_id)
        self._seen = changes if is_settled else -1  # a run that has not ended yet is asked again at once
        self._look_at = now + LOOK_EVERY_MS
        return gone_on

    def _is_answered(self, request: ApprovalRequest) -> bool:
        try:
            standing = self._approvals.standing(SYSTEM, ModelName.parse(request.model), request.version)
        except NotFound:
            return True
        return standing.tally.is_complete

    def _answer(self, request: ApprovalRequest, now: int) -> bool:
        """Let the run of a request go on; False while it has not come to its end."""
        problem: str | None = None
        try:
            if request.run_id is not None and not self._runner.repair(request.run_id):
                return False
        except Unavailable:
            return False
        except BoathouseError as error:
            problem = str(error)
            log.warning("The run %s has its signatures and could not go on: %s", request.run_id, error)
        self._repository.answer([request.request_id], now, problem)
        return True
