"""Answering again: the same bytes of the model, the features as they were read, the same code."""

import base64
import json
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from boathouse.catalog import Function
from boathouse.foundation.errors import BoathouseError
from boathouse.serving.capture.bodies import features_of
from boathouse.serving.capture.layout import NOT_MASKABLE, REQUEST_TOO_LONG, RESPONSE_TOO_LONG
from boathouse.serving.capture.masking import PREFIX
from boathouse.serving.capture.model_facts import digest_of, environment
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits, RungKind
from boathouse.serving.replay.comparing import differences
from boathouse.serving.replay.nouns import CannotReplay, Captured, Replay, Verdict
from boathouse.serving.replay.rungs import FindFunction, constant_again, rules_again
from boathouse.serving.scoring.nouns import Payload, Scorer, ScoringFailed, Shape
from boathouse.serving.scoring.payloads import read_payload
from boathouse.serving.snapshot.nouns import LiveEntity

MOST_DIFFERENCES = 20
_DEADLINE_MS = 300_000
_MOST_ROWS = 1 << 40

FetchModel = Callable[[str], AbstractContextManager[Path]]
"""The folder of ``models:/name/version`` on this machine, for as long as it is open."""
FetchBaseline = Callable[[str, int], AbstractContextManager[Path]]
"""The folder of the baseline that the run of a version has logged."""


def _no_baseline(model: str, version: int) -> AbstractContextManager[Path]:
    raise CannotReplay(f"The baseline of {model}@{version} answered, and nobody here can fetch it.")


def _no_function(name: str) -> Function:
    raise CannotReplay(f"The function {name} answered, and nobody here can find it.")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where what answered is found again."""

    model: FetchModel
    baseline: FetchBaseline = _no_baseline
    function: FindFunction = _no_function


@dataclass(frozen=True, slots=True)
class _Model:
    scorer: Scorer
    files: str | None
    inputs: tuple[str, ...]
    """What a model with a recipe of features takes, in its order; none for any other."""
    has_recipe: bool


class Replayer:
    """Answers requests again; loads each version once.

    Example:
        with Replayer(Sources(feature_models.fetched), scratch) as replayer:
            replay = replayer.replay(find(session, request_id))
    """

    def __init__(self, sources: Sources, scratch: Path | None = None) -> None:
        """
        Args:
            scratch: Where the scorers keep what need not be found out twice; by default nothing is kept.
        """
        self._sources = sources
        self._scratch = scratch
        self._open = ExitStack()
        self._models: dict[tuple[str, int, bool], _Model | str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def replay(self, captured: Captured) -> Replay:
        """What comes out now, beside what came out then."""
        try:
            _require_complete(captured)
            then = cast("dict[str, Any]", _json(captured.response or "")).get("predictions")
            now, notes = self._now(captured, then)
        except CannotReplay as reason:
            return _replay(captured, Verdict.IMPOSSIBLE, reason=str(reason))
        found = list(differences(then, now))
        if not found:
            return _replay(captured, Verdict.EQUAL, notes=notes)
        shown = tuple(islice(found, MOST_DIFFERENCES))
        return _replay(captured, Verdict.DIFFERS, differences=shown, differing=len(found), notes=notes)

    def _now(self, captured: Captured, then: Any) -> tuple[Any, tuple[str, ...]]:
        """What answers now, and what is not as it was."""
        if captured.rung == RungKind.CONSTANT:
            return constant_again(captured, then), ()
        if captured.rung == RungKind.RULES:
            return rules_again(captured, _payload(captured), self._sources.function)
        is_baseline = captured.rung == RungKind.BASELINE
        model = self._model(captured, is_baseline=is_baseline)
        answer = _answer(captured, model, takes_features=not is_baseline)
        return _json(answer.decode()), tuple(_notes(captured, model))

    def _model(self, captured: Captured, *, is_baseline: bool) -> _Model:
        if captured.model is None or captured.version is None:
            raise CannotReplay("No version of a model has answered: a feature spec looks values up.")
        key = (captured.model, captured.version, is_baseline)
        if key not in self._models:
            try:
                self._models[key] = self._loaded(*key)
            except (BoathouseError, ScoringFailed, OSError) as error:
                what = "The baseline of version" if is_baseline else "Version"
                self._models[key] = f"{what} {key[1]} of {key[0]} cannot be loaded: {error}"
        found = self._models[key]
        if isinstance(found, str):
            raise CannotReplay(found)
        return found

    def _loaded(self, model: str, version: int, is_baseline: bool) -> _Model:
        from boathouse.features.specs.spec_files import SPEC_FILE, read_spec
        from boathouse.serving.scoring.loading import load_scorer

        sources = self._sources
        place = sources.baseline(model, version) if is_baseline else sources.model(f"models:/{model}/{version}")
        folder = self._open.enter_context(place)
        scratch = self._scratch or Path(
            self._open.enter_context(tempfile.TemporaryDirectory(prefix="boathouse-replay-"))
        )
        (folder / "registered_model_meta").unlink(missing_ok=True)  # not the model's; MLflow adds it to what it fetches
        entity = LiveEntity(f"{model}/{version}", model, EntityKind.MODEL, model, version, str(folder))
        scorer = load_scorer(entity, Limits(deadline_ms=_DEADLINE_MS), scratch=scratch)
        self._open.callback(scorer.close)
        recipe = folder / SPEC_FILE
        has_recipe = recipe.is_file()
        spec = read_spec(recipe.read_text(encoding="utf-8"), place=str(recipe)) if has_recipe else None
        shown = tuple(name for name in spec.features if name not in spec.exclude) if spec is not None else ()
        return _Model(scorer, digest_of(folder), spec.inputs or shown if spec else (), has_recipe)


def _require_complete(captured: Captured) -> None:
    """
    Raises:
        CannotReplay: Something is missing that the model was given, or there is nothing to compare with.
    """
    codes = captured.error_codes
    if captured.status != 200:
        raise CannotReplay(f"The request was not answered: it got {captured.status}.")
    if captured.rung == RungKind.CONSTANT and captured.response is not None:
        return  # whatever was asked
    if NOT_MASKABLE in codes or any(PREFIX in (text or "") for text in (captured.request, captured.features)):
        raise CannotReplay(f"Values are masked: {', '.join(captured.masked)}.")
    for code, text in ((REQUEST_TOO_LONG, "request"), (RESPONSE_TOO_LONG, "answer")):
        if code in codes:
            raise CannotReplay(f"The {text} was too long to be kept.")
    if captured.request is None or captured.response is None:
        raise CannotReplay("Request or answer is not in the table any more.")


def _payload(captured: Captured) -> Payload:
    text = captured.request or ""
    is_text = not captured.content_type or captured.content_type.startswith(("application/json", "text/"))
    try:
        body = text.encode() if is_text else base64.b64decode(text)
        return read_payload(body, captured.content_type or "application/json", most_rows=_MOST_ROWS)
    except (BoathouseError, ValueError) as error:
        raise CannotReplay(f"The request that was kept cannot be read: {error}") from error


def _answer(captured: Captured, model: _Model, *, takes_features: bool) -> bytes:
    """The value of ``predictions`` that the model gives now."""
    try:
        payload = _payload(captured)
        if takes_features and captured.features is not None:
            payload = _with_features(payload, captured.features, model)
        elif takes_features and model.has_recipe:
            raise CannotReplay("The features that the model was given were not kept.")
        scorer = model.scorer
        return scorer.answer(scorer.predict(scorer.read(payload), payload.params))
    except CannotReplay:
        raise
    except Exception as error:  # whatever a model raises is what came of it
        raise CannotReplay(f"The model does not answer any more: {error}") from error


def _with_features(payload: Payload, features: str, model: _Model) -> Payload:
    """The request with the features as they were read, in the order that the data plane gives them in."""
    from boathouse.serving.scoring.columns import column_of, with_columns

    rows = features_of(features)
    if len(rows) != payload.rows:
        raise CannotReplay("The features that were kept are not those of the request's rows.")
    values = {name: [values.get(name) for values, _ in rows] for name in dict.fromkeys(n for v, _ in rows for n in v)}
    joined = with_columns(payload, values)
    wanted = [name for name in model.inputs if name in (joined.columns or ())]
    if not wanted:
        return joined
    columns = {name: column_of(joined, name) or [] for name in wanted}
    data = [[columns[name][row] for name in wanted] for row in range(payload.rows)]
    return Payload(Shape.SPLIT, payload.rows, wanted, data, payload.params, payload.client_request_id)


def _notes(captured: Captured, model: _Model) -> list[str]:
    notes: list[str] = []
    if captured.model_files is not None and model.files != captured.model_files:
        notes.append("the files of the model have changed since")
    if captured.environment is not None and captured.environment != environment():
        then, now = set(captured.environment.split()), set(environment().split())
        changed = sorted(then - now) + [f"now {each}" for each in sorted(now - then)]
        notes.append(f"it was answered with other libraries: {', '.join(changed)}")
    return notes


def _replay(captured: Captured, verdict: Verdict, **facts: Any) -> Replay:
    known = (captured.request_id, captured.endpoint, verdict, captured.model, captured.version, captured.rung)
    return Replay(*known, **facts)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CannotReplay("The answer that was kept is no JSON.") from error
