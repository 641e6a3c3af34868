# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A model is logged with the recipe of its features inside, so that whoever has the model can look them up."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from boathouse.catalog import LineageNode, NodeKind, SecurableKind
from boathouse.features.feature_spec import FeatureSpec
from boathouse.features.specs.named_specs import feature_edges
from boathouse.features.specs.spec_files import SPEC_FILE, spec_text
from boathouse.features.training.evidence import send_evidence
from boathouse.features.training.training_sets import TrainingSet
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import ModelName, TableName
from boathouse.models import feature_models
from boathouse.models.model_frames import PREDICTION, model_frame
from boathouse.session import Session

CERTIFICATE_FILE, LEAKS_FILE = "feature_certificate.json", "leak_signals.json"
FEATURES_TAG, CERTIFICATE_TAG = "features", "certificate"
_LONGEST_TAG = 500
_SAMPLE_ROWS, _EXAMPLE_ROWS = 100, 5


def log_model(
    session: Session,
    model: Any,
    flavor: Any,
    training_set: TrainingSet | None,
    *,
    name: str | None = None,
    registered_model_name: str | None = None,
    infer_input_example: bool = False,
    options: Mapping[str, Any] | None = None,
    registry_uri: str | None = None,
) -> Any:
    """As :meth:`FeatureEngineeringClient.log_model`; gives what the flavour's own ``log_model`` gives.

    Raises:
        InvalidInput: The model takes something that the training set does not have.
    """
    if registered_model_name is not None:
        ModelName.parse(registered_model_name)  # a mistake shows before anything is logged
    feature_models.use_registry(registry_uri)
    wanted, files, metadata, spec = dict(options or {}), dict[str, str](), dict[str, Any](), None
    if training_set is not None:
        if not isinstance(training_set, TrainingSet):  # type: ignore[redundant-expr]
            raise InvalidInput(
                f"training_set is a {type(training_set).__name__}, no training set.",
                hint="Give what create_training_set made; what its load_df() gives is a frame without a recipe.",
            )
        _require_room(training_set)
        spec = replace(training_set.spec, inputs=tuple(_inputs(model, training_set, wanted)))
        files = _files(spec, training_set)
        metadata = {"feature_spec": SPEC_FILE}
        _describe_inputs(model, training_set, spec, wanted, with_example=infer_input_example)
    info = feature_models.log_with_files(
        model, flavor, files, name=name, registered_model_name=registered_model_name, metadata=metadata, options=wanted
    )
    if training_set is not None and spec is not None and registered_model_name is not None:
        _registered(session, registered_model_name, int(info.registered_model_version or 0), spec, training_set)
    return info


def _require_room(training_set: TrainingSet) -> None:
    """Refuse a feature with the name that predictions will have."""
    if PREDICTION in training_set.spec.features:
        raise InvalidInput(
            f"A feature of the training set is named {PREDICTION}, which is what score_batch calls its answers.",
            hint=f"Give it another name: rename_outputs={{{PREDICTION!r}: ...}}.",
        )


def _files(spec: FeatureSpec, training_set: TrainingSet) -> dict[str, str]:
    files = {SPEC_FILE: spec_text(spec)}
    if training_set.certificate is not None:
        files[CERTIFICATE_FILE] = training_set.certificate.to_json()
    if training_set.leaks is not None:
        files[LEAKS_FILE] = training_set.leaks.to_json()
    return files


def _inputs(model: Any, training_set: TrainingSet, options: Mapping[str, Any]) -> Sequence[str]:
    """What the model takes, in its order: as its signature or its example says, or the model itself; else everything
    that a model may learn from.

    Raises:
        InvalidInput: Something of it is not in the training set.
    """
    columns = [name for name in training_set.columns if name not in training_set.labels]
    told = _told_inputs(options)
    if told is not None:
        if unknown := [name for name in told if name not in columns]:
            raise InvalidInput(
                f"The model's signature asks for {', '.join(unknown[:5])}, which the training set does not have.",
                hint=f"It has {', '.join(columns[:20])}.",
            )
        return told
    named = feature_models.names_of_inputs(model)
    if named is not None and set(named) <= set(columns):
        return named
    count = len(named) if named is not None else getattr(model, "n_features_in_", None)
    for possible in (training_set.inputs, columns):
        if count is None or count == len(possible):
            return possible  # a model that was fitted on bare numbers, in this order
    told = f" ({', '.join(named[:5])}{', ...' * (len(named) > 5)})" if named else ""
    raise InvalidInput(
        f"The model takes {count} inputs{told}, and the training set has {len(training_set.inputs)}: "
        f"{', '.join(training_set.inputs[:20])}.",
        hint="Let the model do what was done between the two, as a pipeline; or say by signature= what it takes.",
    )


def _told_inputs(options: Mapping[str, Any]) -> list[str] | None:
    signature = options.get("signature")
    if signature is not None and signature.inputs is not None and signature.inputs.has_input_names():
        return list(signature.inputs.input_names())
    columns = getattr(options.get("input_example"), "columns", None)
    return None if columns is None else [str(name) for name in columns]


def _describe_inputs(
    model: Any, training_set: TrainingSet, spec: FeatureSpec, options: dict[str, Any], *, with_example: bool
) -> None:
    """Add signature and example to the options of logging, where they are not given."""
    if "signature" in options or ("input_example" in options and not with_example):
        return
    sample = model_frame(training_set.head(_SAMPLE_ROWS), spec.inputs)
    if len(sample) == 0:
        return
    signature = feature_models.inferred_signature(sample, model)
    if signature is not None:
        options["signature"] = signature
    if with_example:
        options.setdefault("input_example", sample.head(_EXAMPLE_ROWS))


def _registered(session: Session, model: str, version: int, spec: FeatureSpec, training_set: TrainingSet) -> None:
    """Say of a new version what it takes and how it was made: tags for people, lineage and evidence for everybody."""
    feature_models.tag_version(model, version, _tags(spec, training_set))
    versions = {TableName.parse(name): number for name, number in spec.table_versions.items()}
    name = str(ModelName.parse(model))
    node = LineageNode(NodeKind.MODEL_VERSION, name, version)
    is_known = False
    try:
        session.law.get(session.principal, SecurableKind.REGISTERED_MODEL, name)
        is_known = True
        session.law.record_lineage(session.principal, feature_edges(spec, versions, node))
    except BoathouseError as error:  # the version is registered by now, and stays
        warnings.warn(
            f"The lineage of {model}, version {version}, has no features: {error.message} "
            'Is MLFLOW_TRACKING_URI that of this Boathouse? eval "$(boathouse env)" sets it.',
            stacklevel=3,
        )
    if is_known:
        send_evidence(session, model, version, training_set)


def _tags(spec: FeatureSpec, training_set: TrainingSet) -> dict[str, str]:
    tables = ", ".join(f"{name}@v{version}" for name, version in spec.table_versions.items())
    text = f"{len(spec.features)} features of {tables}" if tables else f"{len(spec.features)} features"
    if spec.functions:
        text += f" and functions {', '.join(map(str, spec.functions))}"
    tags = {FEATURES_TAG: text if len(text) <= _LONGEST_TAG else text[: _LONGEST_TAG - 1] + "…"}
    if training_set.certificate is not None:
        tags[CERTIFICATE_TAG] = str(training_set.certificate.verdict)
    return tags
