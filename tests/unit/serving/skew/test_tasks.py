"""What measuring skew tells, also of versions that are gone."""

from datetime import UTC, datetime, timedelta

from boathouse.features.feature_spec import FeatureSpec
from boathouse.foundation.errors import NotFound
from boathouse.serving.skew.nouns import FeatureSkew, Skew, Subject
from boathouse.serving.skew.tasks import known_spec, rows_of, told

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR_AGO = NOW - timedelta(hours=1)
THERE, GONE = (Subject("delay", "id", "dev.flights.delay", version) for version in (2, 1))


def test_a_version_that_was_deleted_keeps_no_other_from_being_measured() -> None:
    def find(subject: Subject) -> FeatureSpec:
        if subject is GONE:
            raise NotFound("Model Version (name=dev.flights.delay, version=1) not found")
        return FeatureSpec(steps=())

    assert known_spec(THERE, find) == (FeatureSpec(steps=()), None)
    spec, problem = known_spec(GONE, find)
    done = [
        Skew(THERE, NOW, HOUR_AGO, NOW, (FeatureSkew("wind", "dev.flights.weather", rows=4, mismatches=1),)),
        Skew(GONE, NOW, HOUR_AGO, NOW, (), problem=problem),
    ]

    assert spec is None
    assert rows_of(done)["model_version"].to_pylist() == [2]
    assert told("delay", done) == [
        "dev.flights.delay@2: 4 rows, 0 requests left out",
        "  wind of dev.flights.weather: 1 of 4 differ without a reason (25.00%), 0 late, 0 corrected since",
        "dev.flights.delay@1: not measured. Model Version (name=dev.flights.delay, version=1) not found",
    ]
