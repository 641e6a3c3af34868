"""Models in skops' files: read without running what stands in them.

A file may name any type. MLflow believes the list of trusted types that the model itself brings; here only types of
the libraries named below are made, so that a crafted file is refused instead of run.
"""

from pathlib import Path
from typing import Any

from boathouse.serving.scoring.flavours.bare_lightgbm import require_whole
from boathouse.serving.scoring.flavours.native import NotNative

TRUSTED = frozenset(
    {
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRanker",
        "lightgbm.sklearn.LGBMRegressor",
        "numpy.dtype",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
        "xgboost.sklearn.XGBRanker",
        "xgboost.sklearn.XGBRegressor",
    }
)
"""Beside what skops trusts by itself, which is most of scikit-learn, NumPy and SciPy: types that hold data only."""
_TRUSTED_MODULES = ("sklearn.metrics._dist_metrics.",)


def load_skops(file: Path) -> Any:
    """The object in a file.

    Raises:
        NotNative: It holds other types, or skops is not there.
    """
    try:
        from skops import io
    except ImportError as error:
        raise NotNative("skops is not installed") from error
    asked: list[str] = io.get_untrusted_types(file=file)
    strange = [name for name in asked if name not in TRUSTED and not name.startswith(_TRUSTED_MODULES)]
    if strange:
        raise NotNative(f"the file holds {', '.join(strange[:3])}, which no library that is trusted here has made")
    if any(name.startswith("lightgbm.sklearn.") for name in asked):
        require_whole()
    return io.load(file, trusted=asked)
