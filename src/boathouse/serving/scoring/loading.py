"""From the folder of a model to what answers for it: in this process where that is proven to give MLflow's answers and
safe, in a process of its own everywhere else."""

import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.models.serving_check import FindInterpreter, Interpreter, find_interpreter
from boathouse.models.serving_check.interpreters import PLATFORM
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.isolated import IsolatedModel, Isolation
from boathouse.serving.isolated.memory import usual_limit_mb
from boathouse.serving.scoring.example import made_up
from boathouse.serving.scoring.flavours.choosing import check_native
from boathouse.serving.scoring.flavours.native import NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder, read_model_folder
from boathouse.serving.scoring.nouns import Scorer, ScoringFailed
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.proofs import Proof, Proofs, key_of, prove
from boathouse.serving.scoring.provisional import ProvisionalScorer, kind_of
from boathouse.serving.scoring.remote import IsolatedScorer
from boathouse.serving.scoring.scorers import NativeScorer, open_here
from boathouse.serving.scoring.trial import trouble_with
from boathouse.serving.snapshot.nouns import LiveEntity

log = logging.getLogger(__name__)

_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_PROOF_DEADLINE_MS = 60_000
_EXAMPLE_ROWS = 1_000_000


def load_scorer(
    entity: LiveEntity, limits: Limits, *, scratch: Path, find: FindInterpreter | None = None, is_settled: bool = False
) -> Scorer:
    """What answers for an entity. Returns when it answers; a model that nobody has loaded before takes some seconds.

    Args:
        scratch: A folder of this home in which is kept what need not be found out twice, and where models write.
        find: Chooses the Python by what the model requires; by default that of this process where it does, else an
            environment that is built.
        is_settled: Whether what answers shall stay the same: the model's own proof is waited for.

    Raises:
        BoathouseError: It cannot be loaded; the message says why.
    """
    if entity.folder is None:
        raise NotFound(f"{entity.name} of {entity.entity} has no folder of a model.")
    folder = read_model_folder(Path(entity.folder))
    interpreter = (find or find_interpreter)(folder.path)
    name = _NAME.sub("-", f"{entity.entity}-{entity.version}")
    return _Loading(folder, entity.entity, interpreter, limits, scratch, name).load()


@dataclass(frozen=True, slots=True)
class _Loading:
    """One model on its way to answering."""

    folder: ModelFolder
    model: str
    interpreter: Interpreter
    limits: Limits
    scratch: Path
    name: str

    @property
    def proofs(self) -> Proofs:
        return Proofs(self.scratch / "proofs")

    def load(self) -> Scorer:
        try:
            if self.interpreter.name != PLATFORM:
                raise NotNative("it asks for other versions than this environment has")
            check_native(self.folder)
        except NotNative as why:
            log.info("%s answers in a process of its own: %s.", self.name, why)
            return self.isolated()
        key, kind = key_of(self.folder), kind_of(self.folder, self.model)
        if self.proofs.known(key) is None and self.proofs.known(kind) is not None and self.is_harmless(key):
            scorer = self.measured(open_here(self.folder))
            return ProvisionalScorer(scorer, lambda: self.otherwise(key, kind), name=self.name)
        return self.otherwise(key, kind) or self.measured(open_here(self.folder))

    def isolated(self, limits: Limits | None = None, suffix: str = "") -> IsolatedScorer:
        limits = limits or self.limits
        memory_mb = limits.memory_mb or usual_limit_mb()
        isolation = Isolation(self.scratch, limits.deadline_ms / 1000, memory_mb)
        model = IsolatedModel(self.folder.path, self.interpreter, isolation, name=f"{self.name}{suffix}")
        model.start()
        return IsolatedScorer(model, self.folder, stack=limits.stack_requests)

    def otherwise(self, key: str, kind: str) -> IsolatedScorer | None:
        """What has to answer where this process does not answer as MLflow does; None where it does."""
        proof = self.settled(key, kind)
        if proof.is_equal:
            return None
        log.warning(
            "%s answers in a process of its own: here it would not answer as in MLflow: %s.", self.name, proof.why
        )
        return self.isolated()

    def settled(self, key: str, kind: str) -> Proof:
        if (proof := self.proofs.known(key)) is not None:
            return proof
        with self.proofs.only_one(key):
            proof = self.proofs.known(key) or self.found_out()
            self.proofs.keep(key, proof)
            if proof.is_equal:
                self.proofs.keep(kind, proof)
        return proof

    def found_out(self) -> Proof:
        """The other process comes first: what a file may do to the process that opens it, it does there."""
        theirs = self.isolated(Limits(deadline_ms=_PROOF_DEADLINE_MS), "-proof")
        try:
            return prove(self.folder, open_here(self.folder), theirs)
        except NotNative as why:
            return Proof(False, str(why))
        finally:
            theirs.close()

    def is_harmless(self, key: str) -> bool:
        """Whether another process has lived through loading the model."""
        with self.proofs.only_one(key):
            tried = self.proofs.known(f"{key}-trial")
            if tried is None:
                trouble = trouble_with(self.folder, self.scratch / "homes" / self.name)
                tried = Proof(trouble is None, trouble or "it loads, and answers its example")
                self.proofs.keep(f"{key}-trial", tried)
        if not tried.is_equal:
            log.warning("%s is not loaded here: %s.", self.name, tried.why)
        return tried.is_equal

    def measured(self, scorer: NativeScorer) -> NativeScorer:
        if (body := self.folder.example or made_up(self.folder)) is not None:
            with suppress(BoathouseError, ScoringFailed):  # rows that are made up need not be such as it answers
                scorer.measure(read_payload(body, JSON, most_rows=_EXAMPLE_ROWS))
        return scorer
