"""Learning, and what a model has to beat: the same weekday of the week before."""

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingRegressor

from PROJECT_PACKAGE.feature_table import FEATURES, LABEL


def fit_model(train: pl.DataFrame) -> HistGradientBoostingRegressor:
    """A model of the rides of a day. The same rows give the same model."""
    model = HistGradientBoostingRegressor(max_iter=200, learning_rate=0.05, random_state=0)
    return model.fit(inputs_of(train), train[LABEL].to_numpy())


def inputs_of(rows: pl.DataFrame):
    """The features as pandas, with their names: the model's signature keeps them."""
    return rows.select(FEATURES).to_pandas()


def mean_absolute_error(actual: pl.Series, predicted) -> float:
    return float(np.abs(actual.to_numpy() - np.asarray(predicted)).mean())


def naive_error(test: pl.DataFrame) -> float:
    """The error of saying: as many as a week before."""
    return mean_absolute_error(test[LABEL], test["rides_7_days_before"])
