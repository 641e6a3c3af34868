"""From the folder of a model to what answers for it: in this process where that is proven to give MLflow's answers and
safe, in a process of its own everywhere else."""

import logging
import re
from pathlib import Path

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.models.serving_check import FindInterpreter, Interpreter, find_interpreter
from boathouse.models.serving_check.interpreters import PLATFORM
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.isolated import IsolatedModel, Isolation
from boathouse.serving.scoring.example import made_up
from boathouse.serving.scoring.flavours.choosing import load_native
from boathouse.serving.scoring.flavours.native import NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder, read_model_folder
from boathouse.serving.scoring.nouns import Scorer, ScoringFailed
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.proofs import Proof, Proofs, key_of, prove
from boathouse.serving.scoring.provisional import ProvisionalScorer, kind_of
from boathouse.serving.scoring.remote import IsolatedScorer
from boathouse.serving.scoring.scorers import NativeScorer
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
    try:
        if interpreter.name != PLATFORM:
            raise NotNative("it asks for other versions than this environment has")
        scorer = _native(folder)
    except NotNative as why:
        log.info("%s version %s answers in a process of its own: %s.", entity.entity, entity.version, why)
        return _isolated(folder, interpreter, limits, scratch, name)
    return _proven(folder, scorer, interpreter, limits, scratch, name, is_settled=is_settled)


def _native(folder: ModelFolder) -> NativeScorer:
    native = load_native(folder)
    if folder.signature is None:
        raise NotNative("it has no signature")
    return NativeScorer(native, folder.signature)


def _isolated(
    folder: ModelFolder, interpreter: Interpreter, limits: Limits, scratch: Path, name: str
) -> IsolatedScorer:
    isolation = Isolation(scratch, limits.deadline_ms / 1000, limits.memory_mb)
    model = IsolatedModel(folder.path, interpreter, isolation, name=name)
    model.start()
    return IsolatedScorer(model, folder)


def _proven(
    folder: ModelFolder,
    ours: NativeScorer,
    interpreter: Interpreter,
    limits: Limits,
    scratch: Path,
    name: str,
    *,
    is_settled: bool,
) -> Scorer:
    proofs, key, kind = Proofs(scratch / "proofs"), key_of(folder), kind_of(folder)

    def settled() -> Proof:
        proof = proofs.known(key)
        if proof is None:
            with proofs.only_one(key):
                proof = proofs.known(key) or _found_out(folder, ours, interpreter, scratch, name)
                proofs.keep(key, proof)
                if proof.is_equal:
                    proofs.keep(kind, proof)
        return proof

    def other() -> IsolatedScorer | None:
        proof = settled()
        if proof.is_equal:
            return None
        log.warning("%s answers in a process of its own: here it does not answer as in MLflow: %s.", name, proof.why)
        return _isolated(folder, interpreter, limits, scratch, name)

    is_provisional = not is_settled and proofs.known(key) is None and proofs.known(kind) is not None
    if not is_provisional and (isolated := other()) is not None:
        ours.close()
        return isolated
    if (body := folder.example or made_up(folder)) is not None:
        try:
            ours.measure(read_payload(body, JSON, most_rows=_EXAMPLE_ROWS))
        except (BoathouseError, ScoringFailed) as error:
            log.warning("%s does not answer its own example: %s", name, error)
            is_provisional = False
            if (isolated := other()) is not None:
                ours.close()
                return isolated
    return ProvisionalScorer(ours, other, name=name) if is_provisional else ours


def _found_out(folder: ModelFolder, ours: NativeScorer, interpreter: Interpreter, scratch: Path, name: str) -> Proof:
    theirs = _isolated(folder, interpreter, Limits(deadline_ms=_PROOF_DEADLINE_MS), scratch, f"{name}-proof")
    try:
        return prove(folder, ours, theirs)
    finally:
        theirs.close()
