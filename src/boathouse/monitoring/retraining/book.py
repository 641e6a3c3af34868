"""The verbs on what was said of retraining: put, withdraw, look up."""

from collections.abc import Sequence

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.monitoring.retraining import repository as rows
from boathouse.monitoring.retraining.nouns import NoRetraining, Revision
from boathouse.monitoring.retraining.policy import RetrainingPolicy, TrialMethod
from boathouse.monitoring.retraining.telling import KIND, SERVICE
from boathouse.monitoring.retraining.trainings import TrainingRuns


class PolicyBook:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, database: Database, catalog: Catalog, trainings: TrainingRuns, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._trainings = trainings
        self._clock = clock

    def put(self, principal: Principal, model: ModelName, policy: RetrainingPolicy) -> Revision:
        """Say how a model is trained again from now on, with the rights of the principal. What is said already makes
        no new revision.

        Raises:
            NotFound: There is no such model or job.
            Denied: The principal may not manage the model, or not run the job.
        """
        name = str(model)
        with self._catalog.audit.verb(principal, SERVICE, "putRetraining", KIND, name) as event:
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, name)
            self.require_jobs(principal, policy)
            now = epoch_ms(self._clock.now())
            with self._database.write() as connection:
                held = rows.policy(connection, name)
                same = held is not None and rows.document_of(held.policy) == rows.document_of(policy)
                if held is None:
                    rows.begin_anew(connection, name, self._catalog.events.latest())
                if held is None or not same or held.principal != principal.name:
                    held = rows.put_policy(connection, name, policy, principal.name, now)
                event.params["revision"] = str(held.revision)
                event.commit_with(connection)
        return held

    def require_jobs(self, principal: Principal, policy: RetrainingPolicy) -> None:
        """
        Raises:
            NotFound, Denied: A job is not there, or the principal may not run it.
        """
        self._trainings.require_may_run(principal, policy.job)
        trial = policy.brakes.benefit
        if trial.method is TrialMethod.JOB and trial.job is not None:
            self._trainings.require_may_run(principal, trial.job)

    def withdraw(self, principal: Principal, model: ModelName) -> None:
        """Train no more by itself; the history stays.

        Raises:
            NoRetraining: Nothing is said.
        """
        name = str(model)
        with self._catalog.audit.verb(principal, SERVICE, "withdrawRetraining", KIND, name) as event:
            self._catalog.grants.require(principal, Privilege.MANAGE, KIND, name)
            with self._database.write() as connection:
                self._required(rows.policy(connection, name), name)
                rows.end_policy(connection, name, epoch_ms(self._clock.now()))
                event.commit_with(connection)

    def get(self, principal: Principal, model: ModelName) -> Revision:
        """
        Raises:
            NoRetraining: Nothing is said.
            Denied: The principal lacks EXECUTE on the model.
        """
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(model))
        with self._database.read() as connection:
            return self._required(rows.policy(connection, str(model)), str(model))

    def history(self, principal: Principal, model: ModelName, limit: int = 100) -> Sequence[Revision]:
        """All that was said, newest first."""
        self._catalog.grants.require(principal, Privilege.EXECUTE, KIND, str(model))
        with self._database.read() as connection:
            return rows.revisions(connection, str(model), limit)

    def require_manage(self, principal: Principal, model: str) -> None:
        """
        Raises:
            Denied: The principal may not say how this model is trained again.
        """
        self._catalog.grants.require(principal, Privilege.MANAGE, KIND, model)

    def _required(self, found: Revision | None, model: str) -> Revision:
        if found is None:
            raise NoRetraining(
                f"Nobody has said how {model} is trained again.",
                hint="Write it under retraining in boathouse.yml and deploy: boathouse bundle deploy",
            )
        return found
