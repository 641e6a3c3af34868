"""The two databases compared, at every start: what MLflow has and the catalog does not know, and the other way round.

An intent that a killed process left behind says on whose behalf a difference came about.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from boathouse.catalog import SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.principals import ADMINS, SYSTEM, Principal
from boathouse.models.aliases import decision_from_text
from boathouse.models.experiments import Experiments
from boathouse.models.intents import Intents
from boathouse.models.nouns import STARTS_JOB, AliasDecision, AliasMove, Intent, IntentKind
from boathouse.models.provenance import Provenance
from boathouse.models.registry import Registry
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

log = logging.getLogger(__name__)


class Reconciliation:
    """Completes what a killed process began, and takes over what was in MLflow's database before."""

    def __init__(
        self,
        stores: MlflowStores,
        catalog: "Catalog",
        repository: ModelRepository,
        experiments: Experiments,
        registry: Registry,
        intents: Intents,
        provenance: Provenance,
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._catalog = catalog
        self._repository = repository
        self._experiments = experiments
        self._registry = registry
        self._intents = intents
        self._provenance = provenance
        self._clock = clock

    def run(self) -> None:
        """Bring both databases to agree, then strike the intents.

        Requests are answered already: a change that is half way through both databases is let through first.
        """
        with self._intents.alone():
            self._run()

    def _run(self) -> None:
        intents = self._repository.open_intents()
        self._compare_experiments(intents)
        self._follow_renames(intents)
        self._compare_models(intents)
        self._compare_versions(intents)
        self._compare_aliases(intents)
        if inputs := self._repository.unlogged_inputs():
            self._provenance.log_inputs(inputs)
        for intent in intents:
            log.info("Settled %s of %s, begun by %s", intent.kind, intent.subject, intent.principal)
            self._repository.close_intent(intent.id)

    def _compare_experiments(self, intents: Sequence[Intent]) -> None:
        there = {str(each.experiment_id): each for each in self._stores.call(lambda: list(self._stores.experiments()))}
        here = {each.full_name: each for each in self._catalog.securables.list(SYSTEM, SecurableKind.EXPERIMENT)}
        for experiment_id in sorted(there.keys() - here.keys()):
            name = str(there[experiment_id].name)
            owner = _author(intents, IntentKind.CREATE_EXPERIMENT, name)
            self._experiments.register(_acting(owner), experiment_id, name, owner=self._known(owner))
        for experiment_id in here.keys() - there.keys():
            self._catalog.securables.forget(SYSTEM, SecurableKind.EXPERIMENT, experiment_id)
        for experiment_id in here.keys() & there.keys():
            if (name := str(there[experiment_id].name)) != here[experiment_id].title:
                self._experiments.renamed(SYSTEM, experiment_id, name)

    def _follow_renames(self, intents: Sequence[Intent]) -> None:
        there = {model.name for model in self._stores.registered_models()}
        for intent in intents:
            new_name = intent.details.get("new_name", "")
            if intent.kind is IntentKind.RENAME_MODEL and new_name in there and intent.subject not in there:
                self._registry.rename(_acting(intent.principal), intent.subject, ModelName.parse(new_name))

    def _compare_models(self, intents: Sequence[Intent]) -> None:
        there = {model.name: model for model in self._stores.registered_models()}
        here = {each.full_name: each for each in self._catalog.securables.list(SYSTEM, SecurableKind.REGISTERED_MODEL)}
        for name in sorted(there.keys() - here.keys()):
            self._take_over(name, _author(intents, IntentKind.CREATE_MODEL, name))
        for name in sorted(here.keys() - there.keys()):
            author = _author(intents, IntentKind.DELETE_MODEL, name)
            self._registry.forget(_acting(author), name)
        for name in sorted(here.keys() & there.keys()):
            told = (there[name].description, there[name].tags)
            if told != (here[name].comment, here[name].tags):
                self._registry.mirror(SYSTEM, name)

    def _take_over(self, text: str, author: str | None) -> None:
        try:
            name = ModelName.parse(text)
            self._catalog.securables.register(
                _acting(author),
                SecurableKind.REGISTERED_MODEL,
                str(name),
                owner=self._known(author),
                parent=str(name.parent),
            )
            self._registry.mirror(SYSTEM, str(name))
        except (InvalidInput, NotFound) as error:  # a model from elsewhere, without a schema to lie in
            log.warning("The registered model %r is out of reach: %s", text, error)

    def _compare_versions(self, intents: Sequence[Intent]) -> None:
        there, here = self._stores.version_keys(), self._repository.all_versions()
        for key in sorted(there - here):
            intent = _latest(intents, IntentKind.CREATE_VERSION, key[0])
            author = intent.principal if intent else None
            starts_job = intent is not None and intent.details.get(STARTS_JOB) != "no"
            try:
                found = self._stores.model_version(*key)
                self._provenance.version_created(_acting(author), found, starts_job=starts_job)
            except BoathouseError:
                log.exception("Could not pin what version %d of %s was trained on", key[1], key[0])
        for model, number in here - there:
            self._provenance.version_deleted(model, number)

    def _compare_aliases(self, intents: Sequence[Intent]) -> None:
        there = {
            (model.name, alias): version
            for model in self._stores.registered_models()
            for alias, version in model.aliases.items()
        }
        here = self._repository.recorded_aliases()
        differing = {key[0] for key in there.keys() | here.keys() if there.get(key) != here.get(key)}
        for model in sorted(differing):
            self._take_over_moves(model, intents)

    def _take_over_moves(self, model: str, intents: Sequence[Intent]) -> None:
        there = self._stores.aliases(model)
        here = {alias: version for (_, alias), version in self._repository.recorded_aliases(model).items()}
        now = epoch_ms(self._clock.now())
        moves: list[AliasMove] = []
        decisions: list[AliasDecision] = []
        for alias in sorted(there.keys() | here.keys()):
            before, after = here.get(alias), there.get(alias)
            if before == after:
                continue
            intent = _alias_intent(intents, model, alias, after)
            author, reason = (intent.principal, intent.details.get("reason")) if intent else (SYSTEM.name, None)
            move = AliasMove(model, alias, before, after, author, now, reason, "reconciled")
            if intent is not None and (text := intent.details.get("decision")):
                decision = decision_from_text(text)
                decisions.append(decision)
                move = replace(move, decision_id=decision.decision_id)
            moves.append(move)
        if moves:
            self._repository.record_moves(moves, decisions)

    def _known(self, author: str | None) -> str:
        """An owner that exists: the author, else the administrators."""
        if author is None:
            return ADMINS
        try:
            return self._catalog.identities.principal(author).name
        except NotFound:
            return ADMINS


def _author(intents: Sequence[Intent], kind: IntentKind, subject: str) -> str | None:
    found = _latest(intents, kind, subject)
    return found.principal if found else None


def _latest(intents: Sequence[Intent], kind: IntentKind, subject: str) -> Intent | None:
    return next((each for each in reversed(intents) if each.kind is kind and each.subject == subject), None)


def _alias_intent(intents: Sequence[Intent], model: str, alias: str, version: int | None) -> Intent | None:
    """The intent that led to what is found: the last one that meant this version."""
    wanted = None if version is None else str(version)
    mine = (each for each in reversed(intents) if each.kind is IntentKind.MOVE_ALIAS and each.subject == model)
    found = (each for each in mine if each.details.get("alias") == alias)
    return next((each for each in found if each.details.get("version") == wanted), None)


def _acting(author: str | None) -> Principal:
    return Principal(author, groups=SYSTEM.groups) if author else SYSTEM
