# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A version of a model over blocks of Arrow rows: the same scorer that answers requests, with the same proofs."""

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.home import locate_home
from boathouse.models.model_frames import answers
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.nouns import Payload, Scorer, ScoringFailed, Shape
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.scorers import NativeScorer
from boathouse.serving.snapshot.nouns import LiveEntity
from boathouse.session import Session

NATIVE_ROWS = 16_384
"""Rows of a block that is scored in this process: what stays in a processor's memory."""
OTHER_ROWS = 50_000
"""Rows of a block that goes to a process of its own."""
LOOKED_UP_ROWS = 500_000
"""Rows of a block for which features are looked up: each look-up reads the feature tables once."""
_EXAMPLE_ROWS = 1_000_000
_DEADLINE_MS = 3_600_000
"""One block may take an hour; in batch nobody waits at the other end."""

Features = Callable[[pa.Table], pa.Table]
"""Rows with the features that a model's recipe looks up for them."""


@dataclass(frozen=True, slots=True)
class BatchModel:
    """A loaded version. For many threads."""

    name: str
    version: int
    scorer: Scorer
    features: Features | None = None
    """None for a model without a recipe."""
    example: bytes | None = None
    """A request that it was logged with."""

    @property
    def prediction_type(self) -> pa.DataType:
        """What it answers with, as far as its example tells; a floating number without one."""
        if self.example is None:
            return pa.float64()
        try:
            payload = read_payload(self.example, JSON, most_rows=_EXAMPLE_ROWS)
            return self._answers(self.scorer.read(payload), payload.rows).type
        except (BoathouseError, ScoringFailed):
            return pa.float64()

    @property
    def is_native(self) -> bool:
        """Whether it answers in this process, so that threads help."""
        return isinstance(self.scorer, NativeScorer)

    @property
    def block_rows(self) -> int:
        return NATIVE_ROWS if self.is_native else OTHER_ROWS

    def predict(self, rows: pa.Table) -> pa.Array:
        """A prediction for each row, in Arrow's form: a value, a list, or a struct where the model gives names.

        Raises:
            InvalidInput: The rows do not fit the model, or it failed on them.
        """
        if rows.num_rows == 0:
            return pa.array([], pa.float64())
        try:
            read = self.scorer.read(Payload(Shape.ARROW, rows.num_rows, rows.column_names, plain(rows)))
            return self._answers(read, rows.num_rows)
        except ScoringFailed as error:
            raise InvalidInput(f"{self.name}@{self.version} failed: {error}") from error

    def _answers(self, read: Any, rows: int) -> pa.Array:
        found = self.scorer.predict(read, None)
        if isinstance(found, bytes):
            found = orjson.loads(found)
        return _flat(answers(found, rows, f"{self.name}@{self.version}"))


@contextmanager
def open_model(session: Session, name: str, version: int) -> Generator[BatchModel]:
    """A registered version, ready to answer, for the length of the block.

    Raises:
        NotFound, Denied: There is no such version, or the principal may not read it.
    """
    from boathouse.models.feature_models import fetched

    with fetched(f"models:/{name}/{version}") as folder, loaded(folder, name, version, session) as model:
        yield model


@contextmanager
def loaded(
    folder: Path, name: str, version: int, session: Session | None = None, *, scratch: Path | None = None
) -> Generator[BatchModel]:
    """The version whose files lie in a folder.

    Args:
        session: Reads the features that the model's recipe looks up.
        scratch: Where is kept what need not be found out twice; by default in the home, if there is one.
    """
    entity = LiveEntity(f"{name}-{version}", name, EntityKind.MODEL, name, version, str(folder))
    with ExitStack() as stack:
        home = locate_home() if scratch is None else None
        if home is not None and home.root.is_dir():
            scratch = home.serving / "scratch"
        if scratch is None:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="boathouse-score-")))
        scratch.mkdir(parents=True, exist_ok=True)
        scorer = load_scorer(entity, Limits(deadline_ms=_DEADLINE_MS), scratch=scratch, is_settled=True)
        stack.callback(scorer.close)
        example = read_model_folder(folder).example
        yield BatchModel(name, version, scorer, _features(folder, name, version, session), example)


def processors() -> int:
    """How many threads score side by side."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return max(1, os.cpu_count() or 1)


def plain(rows: pa.Table) -> pa.Table:
    """The rows in the types that scorers read without a look at single values: decimals as floating numbers."""
    for place, field in enumerate(rows.schema):
        if pa.types.is_decimal(field.type):
            rows = rows.set_column(place, field.name, rows.column(place).cast(pa.float64()))
    return rows


def _features(folder: Path, name: str, version: int, session: Session | None) -> Features | None:
    from boathouse.features.specs.spec_files import SPEC_FILE

    if session is None or not (folder / SPEC_FILE).is_file():
        return None
    from boathouse.features.training.scoring import features_for, spec_in

    whose = f"Model {name}@{version}"
    spec = spec_in(folder, f"{name}@{version}")

    def looked_up(rows: pa.Table) -> pa.Table:
        found = features_for(session, rows, spec, whose).features
        own = {column: rows.column(column) for column in rows.column_names if column not in found}
        return pa.table({**own, **found})

    return looked_up


def _flat(found: pa.Array) -> pa.Array:
    """The one value of answers that have but one name."""
    if pa.types.is_struct(found.type) and found.type.num_fields == 1:
        return found.flatten()[0]
    return pa.nulls(len(found), pa.float64()) if pa.types.is_null(found.type) else found


def cast_predictions(found: pa.Array, wanted: pa.DataType, whose: str) -> pa.Array:
    """
    Raises:
        InvalidInput: They are of another type.
    """
    try:
        return found.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidInput(
            f"The predictions of {whose} are {found.type} and cannot be {wanted}: {error}.",
            hint="Say the type that all of them have: result_type (--type).",
        ) from error


def as_task_error(error: BoathouseError, first_row: int) -> BoathouseError:
    """The error with the place of its block, from which its rows are counted."""
    return error if first_row == 0 else InvalidInput(f"In the rows from {first_row} on: {error.message}")
