from pathlib import Path

from PROJECT_PACKAGE.feature_table import LABEL, build_features, split_by_time
from PROJECT_PACKAGE.learning import fit_model, inputs_of, mean_absolute_error, naive_error
from PROJECT_PACKAGE.rides import read_rides

DATA = Path(__file__).parents[2] / "data" / "rides.csv"


def test_the_model_is_better_than_a_guess_and_always_the_same():
    train, test = split_by_time(build_features(read_rides(DATA)), 120)
    predicted = fit_model(train).predict(inputs_of(test))
    assert mean_absolute_error(test[LABEL], predicted) < naive_error(test)
    assert (fit_model(train).predict(inputs_of(test)) == predicted).all()
