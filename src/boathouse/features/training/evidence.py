"""What the feature store knows of a model's training goes into evidence, where gates look for it.

The model carries the same as files. So what cannot be sent is lost to nobody, and a model that is logged stays logged.
"""

import json
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import ModelName
from boathouse.session import Session

if TYPE_CHECKING:
    from boathouse.features.training.training_sets import TrainingSet
    from boathouse.models.evidence import Measurement


def send_evidence(session: Session, model: str, version: int, training_set: "TrainingSet") -> None:
    """Send certificate and leak signals of the training set, as far as it has them, to the control plane.

    Without a control plane nothing is sent. What fails is a warning.
    """
    from boathouse.models.evidence import Evaluation, EvaluationKind
    from boathouse.models.evidence.client import EvidenceClient
    from boathouse.session.remote import RemoteLaw

    measurements = list(measurements_of(training_set))
    if not measurements or not isinstance(session.law, RemoteLaw):
        return
    name = str(ModelName.parse(model))
    try:
        evaluation = Evaluation(new_id(), name, version, kind=EvaluationKind.NOTE)
        EvidenceClient(session.law.client).record(evaluation, measurements)
    except (BoathouseError, OSError) as error:
        gates = " and ".join(dict.fromkeys(each.gate for each in measurements))
        warnings.warn(
            f"{name}, version {version}, is registered, but its evidence for {gates} was not sent: {error} "
            "The model carries it as files, which the gates read as well.",
            stacklevel=4,
        )


def measurements_of(training_set: "TrainingSet") -> "Iterator[Measurement]":
    """What is known of a training set, in the words of the gates."""
    from boathouse.models.gates import leakage, point_in_time

    if training_set.certificate is not None:
        yield from point_in_time.measurements_of(json.loads(training_set.certificate.to_json()))
    if training_set.leaks is not None:
        yield from leakage.measurements_of(json.loads(training_set.leaks.to_json()), training_set.spine.num_rows)
