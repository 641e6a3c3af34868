"""What a fitted model itself remembers of its training: curves, or how many rounds its solver took."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

History = Sequence[tuple[int, float]]


def fitted_models(folder: Path) -> list[Any]:
    """The model of a folder, of a pipeline its last step; none where the flavour gives none out."""
    from boathouse.models import feature_models  # brings the database along, which whoever reads a policy does without

    predictor = feature_models.load_predictor(folder, warn=False)
    try:
        model = predictor.get_raw_model()
    except (AttributeError, NotImplementedError):
        return []
    steps: Sequence[tuple[str, Any]] | None = getattr(model, "steps", None)
    return [steps[-1][1]] if steps else [model]


def curves_inside(models: Sequence[Any]) -> dict[str, History]:
    """Curves of scikit-learn's and LightGBM's models, by names that tell their direction and their rows."""
    return {
        name: [(step, float(value)) for step, value in enumerate(values)]
        for model in models
        for name, values in _curves(model)
    }


def rounds_inside(models: Sequence[Any]) -> tuple[int, int] | None:
    """Rounds that the solver took, and how many it was allowed; None when the model counts none."""
    for model in models:
        taken, allowed = getattr(model, "n_iter_", None), getattr(model, "max_iter", None)
        if taken is None or not isinstance(allowed, int) or allowed < 1:
            continue
        counts: list[Any] = list(taken) if hasattr(taken, "__len__") else [taken]
        if counts and all(each is not None for each in counts):
            return max(int(each) for each in counts), allowed
    return None


def _curves(model: Any) -> Iterator[tuple[str, Sequence[float]]]:
    if type(model).__name__.startswith("HistGradientBoosting"):
        yield from _of_histograms(model)
        return
    names = {"train_score_": "training loss", "loss_curve_": "training loss", "validation_scores_": "validation score"}
    for attribute, name in names.items():
        values = getattr(model, attribute, None)
        if values is not None and hasattr(values, "__len__"):
            yield name, values
    results = getattr(model, "evals_result_", None)
    for data, metrics in results.items() if isinstance(results, Mapping) else ():
        for metric, values in metrics.items():
            yield f"{data}-{metric}", values


def _of_histograms(model: Any) -> Iterator[tuple[str, Sequence[float]]]:
    """Their curves are scores; of the loss, they are its negative."""
    is_loss = getattr(model, "scoring", None) == "loss"
    for attribute, rows in (("train_score_", "training"), ("validation_score_", "validation")):
        values = getattr(model, attribute, None)
        if values is not None:
            yield (f"{rows} loss", [-each for each in values]) if is_loss else (f"{rows} score", values)
