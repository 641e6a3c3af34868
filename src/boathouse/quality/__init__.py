"""Checks of data: pure functions over a relation that say what is wrong with it, or different from before."""

from boathouse.quality.chi_square import ChiSquare, chi_square
from boathouse.quality.columns import Kind, kind_of
from boathouse.quality.distances import (
    jensen_shannon_distance,
    l_infinity_distance,
    population_stability_index,
    total_variation_distance,
    wasserstein_distance,
)
from boathouse.quality.drift import Drift, drifts
from boathouse.quality.kolmogorov_smirnov import (
    KolmogorovSmirnov,
    binned_kolmogorov_smirnov,
    kolmogorov_smirnov,
)
from boathouse.quality.missingness import Missing, missing_values
from boathouse.quality.multiple_testing import adjust
from boathouse.quality.outliers import Outliers, outliers
from boathouse.quality.schema import SchemaChange, schema_changes

__all__ = [
    "ChiSquare",
    "Drift",
    "Kind",
    "KolmogorovSmirnov",
    "Missing",
    "Outliers",
    "SchemaChange",
    "adjust",
    "binned_kolmogorov_smirnov",
    "chi_square",
    "drifts",
    "jensen_shannon_distance",
    "kind_of",
    "kolmogorov_smirnov",
    "l_infinity_distance",
    "missing_values",
    "outliers",
    "population_stability_index",
    "schema_changes",
    "total_variation_distance",
    "wasserstein_distance",
]
