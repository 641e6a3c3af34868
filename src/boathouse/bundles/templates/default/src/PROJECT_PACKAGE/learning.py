"""Learning, and what a model has to beat: the same weekday of the week before."""

import numpy as np
import polars as pl
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from PROJECT_PACKAGE.feature_table import FEATURES, LABEL


def fit_model(train: pl.DataFrame) -> Pipeline:
    """A model of the rides of a day. The same rows give the same model."""
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), Ridge(alpha=10.0))
    return model.fit(inputs_of(train), train[LABEL].to_numpy())


def inputs_of(rows: pl.DataFrame):
    """The features as pandas, with their names, which the signature keeps; floats, since these can be missing."""
    return rows.select(pl.col(FEATURES).cast(pl.Float64)).to_pandas()


def mean_absolute_error(actual: pl.Series, predicted) -> float:
    return float(np.abs(actual.to_numpy() - np.asarray(predicted)).mean())


def naive_error(test: pl.DataFrame) -> float:
    """The error of saying: as many as a week before."""
    return mean_absolute_error(test[LABEL], test["rides_7_days_before"])
