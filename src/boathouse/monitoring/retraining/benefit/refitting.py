"""The champion's own estimator, fitted anew on other rows: what a training would give, had it less to learn from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from boathouse.models.evaluation.slicing import text_of
from boathouse.monitoring.retraining.benefit.splitting import FEWEST_TO_LEARN, NoTrial

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


class LoadedChampion(Protocol):
    """A version as it was loaded for an evaluation."""

    @property
    def inputs(self) -> Sequence[str]: ...

    @property
    def raw_model(self) -> Any: ...

    def prepared(self, frame: "pl.DataFrame") -> "pl.DataFrame": ...

    def rows_of(self, frame: "pl.DataFrame") -> Any: ...


class Refitted:
    """Answers as a version of the model does. Rows come prepared, as the champion looks its features up."""

    def __init__(self, champion: LoadedChampion, estimator: Any) -> None:
        import numpy as np

        self._champion = champion
        found = getattr(estimator, "classes_", None)
        self._classes = None if found is None else tuple(text_of(each) for each in np.asarray(found).tolist())
        probabilities = getattr(estimator, "predict_proba", None) if self._classes is not None else None
        self._ask = probabilities or estimator.predict
        self.gives_classes = self._classes is not None and probabilities is None

    @property
    def inputs(self) -> Sequence[str]:
        return self._champion.inputs

    @property
    def classes(self) -> tuple[str, ...] | None:
        return self._classes

    def prepared(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        return self._champion.prepared(frame)

    def __call__(self, frame: "pl.DataFrame") -> "np.ndarray[Any, Any]":
        import numpy as np

        return np.asarray(self._ask(self._champion.rows_of(frame)))


def refitted(champion: LoadedChampion, learn: "pl.DataFrame", label: str, *, is_regression: bool) -> Refitted:
    """Fit a copy of the champion's estimator; the champion itself stays as it is.

    Raises:
        NoTrial: It is of no kind that can be fitted anew by itself, or there is nothing to learn.
    """
    estimator = _copy(champion.raw_model)
    if len(learn) < FEWEST_TO_LEARN:
        raise NoTrial(f"There are {len(learn)} rows to learn from; at least {FEWEST_TO_LEARN} are needed.")
    values = learn[label].cast(float) if is_regression else learn[label]
    if not is_regression and values.n_unique() < 2:
        raise NoTrial("All rows to learn from are of one class.")
    estimator.fit(champion.rows_of(champion.prepared(learn)), values.to_numpy())
    return Refitted(champion, estimator)


def _copy(model: Any) -> Any:
    hint = "Let a job of yours train something small instead: brakes.benefit.method: job."
    if not callable(getattr(model, "fit", None)) or not callable(getattr(model, "get_params", None)):
        kind = "code of its own" if model is None else f"a {type(model).__name__}"
        raise NoTrial(f"The champion is {kind}, which cannot be fitted anew by itself.", hint=hint)
    from sklearn.base import clone

    try:
        return clone(model)
    except Exception as error:
        raise NoTrial(f"The champion cannot be copied: {type(error).__name__}: {error}", hint=hint) from error
