"""Models in skops' files: read without running what stands in them.

A file may name any type. MLflow believes the list of trusted types that the model itself brings; here only types of
the libraries named below are made, so that a crafted file is refused instead of run.
"""

from pathlib import Path
from typing import Any

from boathouse.serving.scoring.flavours.native import NotNative

TRUSTED = frozenset(
    {
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRanker",
        "lightgbm.sklearn.LGBMRegressor",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRFClassifier",
        "xgboost.sklearn.XGBRFRegressor",
        "xgboost.sklearn.XGBRanker",
        "xgboost.sklearn.XGBRegressor",
    }
)
"""Beside those of scikit-learn, NumPy and SciPy that skops trusts by itself."""


def load_skops(file: Path) -> Any:
    """The object in a file.

    Raises:
        NotNative: It holds other types, or skops is not there.
    """
    try:
        from skops import io
    except ImportError as error:
        raise NotNative("skops is not installed") from error
    strange = [name for name in io.get_untrusted_types(file=file) if name not in TRUSTED]
    if strange:
        raise NotNative(f"the file holds {', '.join(strange[:3])}, which no library that is trusted here has made")
    return io.load(file, trusted=sorted(TRUSTED))
