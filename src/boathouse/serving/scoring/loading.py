"""From the folder of a model to what answers for it."""

from pathlib import Path

from boathouse.foundation.errors import NotFound
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.flavours import lightgbm
from boathouse.serving.scoring.flavours.native import NotNative
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.scorers import NativeScorer
from boathouse.serving.snapshot.nouns import LiveEntity


def load_scorer(entity: LiveEntity, limits: Limits, *, scratch: Path) -> Scorer:
    """What answers for an entity.

    Args:
        scratch: A folder of this home in which is kept what need not be found out twice.

    Raises:
        BoathouseError: It cannot be loaded.
    """
    if entity.folder is None:
        raise NotFound(f"{entity.name} of {entity.entity} has no folder of a model.")
    folder = read_model_folder(Path(entity.folder))
    if folder.loader != lightgbm.LOADER or folder.signature is None:
        raise NotNative("not yet")
    scorer = NativeScorer(lightgbm.load(folder), folder.signature)
    if folder.example is not None:
        scorer.measure(read_payload(folder.example, JSON, most_rows=limits.rows))
    return scorer
