"""The desk where one request is judged: who asks, and the questions that the rules put to catalog and stores."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import Principal
from boathouse.models.policy.call import Call, Reply
from boathouse.models.registry import parse_model_name

if TYPE_CHECKING:
    from boathouse.models.parts import ModelParts

Target = tuple[SecurableKind, str]
"""What a request is about, for the audit log."""

Forward = Callable[[Call], Reply]
"""Lets MLflow answer."""

READ = Privilege.READ_EXPERIMENT
WRITE = Privilege.WRITE_EXPERIMENT
MANAGE = Privilege.MANAGE


@dataclass(frozen=True, slots=True)
class Desk:
    """One acting principal at the door to MLflow."""

    principal: Principal
    models: "ModelParts"

    # --- experiments

    def experiment(self, privilege: Privilege, experiment_id: str) -> Target:
        """Go on only if the principal holds the privilege on the experiment."""
        if not experiment_id.isdecimal():
            raise NotFound(f"There is no experiment {experiment_id!r}.")
        self.models.catalog.grants.require(self.principal, privilege, SecurableKind.EXPERIMENT, experiment_id)
        return SecurableKind.EXPERIMENT, experiment_id

    def experiments(self, privilege: Privilege, ids: Iterable[str]) -> Target:
        """As :meth:`experiment`, for each of several; there has to be one."""
        targets = [self.experiment(privilege, each) for each in dict.fromkeys(ids)]
        if not targets:
            raise InvalidInput("The request names no experiment.", hint="Give experiment_ids.")
        return targets[0]

    def readable_experiments(self, ids: Iterable[str]) -> list[str]:
        """Those of the experiments that the principal may read.

        Raises:
            BoathouseError: It may read none of them; the error is that of the first.
        """
        given = list(dict.fromkeys(ids))
        allowed = [each for each in given if each.isdecimal() and self._may(READ, each)]
        if given and not allowed:
            self.experiment(READ, given[0])
        return allowed

    def run(self, privilege: Privilege, run_id: str) -> Target:
        return self._through(privilege, f"run {run_id!r}", lambda: self.models.stores.experiment_of_run(run_id))

    def logged_model(self, privilege: Privilege, model_id: str) -> Target:
        return self._through(
            privilege, f"logged model {model_id!r}", lambda: self.models.stores.experiment_of_logged_model(model_id)
        )

    def logged_model_content(self, model_id: str) -> Target:
        """Reading is allowed to readers of the experiment, and of a registered model made from it."""
        try:
            return self.logged_model(READ, model_id)
        except BoathouseError:
            if readable := self._readable_models(self.models.provenance.models_of_logged_model(model_id)):
                return SecurableKind.REGISTERED_MODEL, readable
            raise

    def trace(self, privilege: Privilege, trace_id: str) -> Target:
        return self._through(privilege, f"trace {trace_id!r}", lambda: self.models.stores.experiment_of_trace(trace_id))

    def trace_if_known(self, privilege: Privilege, trace_id: str) -> None:
        """A trace that exists already may be written only where it lies."""
        try:
            self.models.stores.experiment_of_trace(trace_id)
        except NotFound:
            return
        self.trace(privilege, trace_id)

    def dataset(self, privilege: Privilege, dataset_id: str) -> Target:
        ids = self.models.stores.experiments_of_dataset(dataset_id)
        if not ids and not self.principal.is_admin:
            raise NotFound(f"There is no dataset {dataset_id!r}.")
        return self.experiments(privilege, ids) if ids else (SecurableKind.METASTORE, "metastore")

    def artifact(self, privilege: Privilege, path: str) -> Target:
        """A path below the artifact folder: its first part is the experiment.

        Raises:
            InvalidInput: The path leads out of its folder.
        """
        parts = checked_parts(path)
        if not parts[0].isdecimal():
            raise NotFound(f"There is no artifact {path!r}.", hint="Paths begin with the id of an experiment.")
        try:
            return self.experiment(privilege, parts[0])
        except BoathouseError:
            if privilege is READ and (name := self._readable_models(self.models.provenance.models_at(path))):
                return SecurableKind.REGISTERED_MODEL, name
            raise

    # --- registered models

    def model_name(self, text: str) -> ModelName:
        return parse_model_name(text)

    def model(self, privilege: Privilege, text: str) -> Target:
        """Go on only if the principal holds the privilege on the registered model."""
        name = str(parse_model_name(text))
        self.models.catalog.grants.require(self.principal, privilege, SecurableKind.REGISTERED_MODEL, name)
        return SecurableKind.REGISTERED_MODEL, name

    def may_use_model(self, privilege: Privilege, text: str) -> bool:
        try:
            name = str(parse_model_name(text))
        except InvalidInput:
            return self.principal.is_admin  # a name that Boathouse would not have given
        grants = self.models.catalog.grants
        return grants.allows(self.principal, privilege, SecurableKind.REGISTERED_MODEL, name)

    # --- the rest

    def within_reach(self, privilege: Privilege, kind: SecurableKind) -> set[str]:
        """The names of everything of a kind on which the principal holds the privilege."""
        return self.models.catalog.grants.within_reach(self.principal, privilege, kind)

    def administrator(self, why: str) -> None:
        if not self.principal.is_admin:
            raise Denied(f"Only administrators may do this: {why}.")

    @property
    def task(self) -> "object | None":
        return current_request().task

    def _through(self, privilege: Privilege, what: str, find: Callable[[], str]) -> Target:
        """Judge a thing by its experiment; what one may not see and what is not there read the same."""
        try:
            experiment_id = find()
        except NotFound as error:
            raise NotFound(f"There is no {what}.") from error
        try:
            return self.experiment(privilege, experiment_id)
        except NotFound as error:
            raise NotFound(f"There is no {what}.") from error

    def _may(self, privilege: Privilege, experiment_id: str) -> bool:
        grants = self.models.catalog.grants
        return grants.allows(self.principal, privilege, SecurableKind.EXPERIMENT, experiment_id)

    def _readable_models(self, names: Iterable[str]) -> str | None:
        return next((name for name in sorted(names) if self.may_use_model(Privilege.EXECUTE, name)), None)


def checked_parts(path: str) -> list[str]:
    """The parts of an artifact path.

    Raises:
        InvalidInput: It is empty, absolute, or climbs out of its folder, however that is spelled.
    """
    from urllib.parse import unquote

    plain = path
    while (decoded := unquote(plain)) != plain:
        plain = decoded
    parts = plain.split("/")
    climbs = any(each in ("", ".", "..") for each in parts[:-1]) or parts[-1] in (".", "..")
    if climbs or "\\" in plain or "\0" in plain or parts[0] != path.split("/")[0]:
        raise InvalidInput(f"{path!r} is not a path below the artifact folder.")
    return [each for each in parts if each] or [""]
