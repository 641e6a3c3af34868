"""A certificate passes what is right and, each proof by itself, fails what is broken."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from tests.unit.features.certificate.shop import (
    STATIONS,
    flights,
    hour,
    the,
    training_set,
    weather,
    weather_lookup,
)

from boathouse.features import FeatureEngineeringClient, FeatureFunction, FeatureLookup
from boathouse.features.certificate import (
    Certificate,
    CertificateVerdict,
    CheckVerdict,
    boundary,
    computed,
    declared,
    recomputed,
    removed,
)
from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time import LookedUp, look_up
from boathouse.features.specs import augmenting
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.errors import Conflict, InvalidInput
from boathouse.session import Session


@pytest.fixture
def tables(fe: FeatureEngineeringClient) -> None:
    fe.create_table(
        name="dev.shop.weather", primary_keys="station", timeseries_column="at", known_time="known_at", df=weather()
    )
    fe.create_table(
        name="dev.shop.airports", primary_keys="code", df=pl.DataFrame({"code": STATIONS, "runways": [4, 2, 3]})
    )


@pytest.mark.usefixtures("tables")
def test_a_right_training_set_passes_every_proof(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe).certify()
    assert certificate.verdict is CertificateVerdict.PASSED
    for name in (recomputed.NAME, removed.SAMPLE_NAME, removed.WHOLE_NAME, boundary.NAME, declared.NAME):
        assert the(certificate, name).verdict is CheckVerdict.PASSED
        assert the(certificate, name).measured > 0
    assert the(certificate, recomputed.NAME).measured == certificate.sample == certificate.rows == 60
    assert the(certificate, recomputed.NAME, "dev.shop.airports").verdict is CheckVerdict.PASSED
    assert the(certificate, boundary.NAME, "dev.shop.airports").verdict is CheckVerdict.NOT_APPLICABLE
    assert certificate.table_versions == {"dev.shop.weather": 0, "dev.shop.airports": 0}
    assert certificate.require() is certificate
    assert certificate.reasons == []


@pytest.mark.usefixtures("tables")
def test_the_certificate_counts_matches_and_what_known_time_keeps_out(fe: FeatureEngineeringClient) -> None:
    found = training_set(fe)
    facts = found.certify().lookups[0]
    matched = pl.DataFrame(found.load_arrow())["temp"].count()
    assert (facts.rows, facts.matched) == (60, matched)
    known = pl.DataFrame(found.load_arrow())["temp"]
    latest = pl.DataFrame(training_set(fe, as_of="latest").load_arrow())["temp"]
    assert facts.differing["temp"] == known.ne_missing(latest).sum() > 0


@pytest.mark.usefixtures("tables")
def test_the_same_seed_gives_the_same_sample_and_a_small_sample_finds_matches(fe: FeatureEngineeringClient) -> None:
    found = training_set(fe)
    first, second = found.certify(sample=7, seed=3), found.certify(sample=7, seed=3)
    assert first.checks == second.checks
    assert first.sample < 30
    assert first.verdict is CertificateVerdict.PASSED


@pytest.mark.usefixtures("tables")
def test_tampered_values_are_found(fe: FeatureEngineeringClient) -> None:
    found = training_set(fe)
    tampered = pl.DataFrame(found.load_arrow()).with_columns(
        temp=pl.when(pl.col("flight") == 17).then(pl.lit(-1.0)).otherwise("temp")
    )
    certificate = found.certify(frame=tampered)
    assert certificate.verdict is CertificateVerdict.FAILED
    check = the(certificate, recomputed.NAME)
    assert check.violations == 1
    assert check.examples[0]["in the training set"] == "-1.0"
    assert the(certificate, removed.SAMPLE_NAME).violations == 1
    assert the(certificate, removed.WHOLE_NAME).violations == 1
    with pytest.raises(Conflict, match="other values than the definition"):
        certificate.require()


def broken(change: Callable[[Lookup], Lookup], shift: timedelta = timedelta(0)) -> Callable[..., LookedUp]:
    """The real join with a mistake in it."""

    def looked_up(spine: pa.Table, lookups: Sequence[tuple[Lookup, FeatureRows]], **options: Any) -> LookedUp:
        wrong = [(change(lookup), rows) for lookup, rows in lookups]
        if shift:
            for lookup, _ in lookups:
                place = spine.schema.get_field_index(str(lookup.at))
                moved = pl.Series(spine.column(place)) + shift
                spine = spine.set_column(
                    place, spine.schema.field(place), moved.to_arrow().cast(spine.field(place).type)
                )
        return look_up(spine, wrong, **options)

    return looked_up


@pytest.mark.usefixtures("tables")
def test_a_join_that_ignores_known_time_fails_all_proofs(
    fe: FeatureEngineeringClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = broken(lambda lookup: replace(lookup, known=AT_ONCE))
    for module in (augmenting, boundary, removed):
        monkeypatch.setattr(module, "look_up", forgetful)
    certificate = training_set(fe, [weather_lookup()]).certify()
    for name in (recomputed.NAME, removed.SAMPLE_NAME, boundary.NAME):
        assert the(certificate, name).verdict is CheckVerdict.FAILED
        assert the(certificate, name).examples


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("microseconds", [-1, 1])
def test_a_join_that_is_wrong_by_a_tick_fails_at_the_boundary(
    fe: FeatureEngineeringClient, monkeypatch: pytest.MonkeyPatch, microseconds: int
) -> None:
    late = broken(lambda lookup: lookup, timedelta(microseconds=microseconds))
    monkeypatch.setattr(boundary, "look_up", late)
    certificate = training_set(fe, [weather_lookup()]).certify()
    assert the(certificate, recomputed.NAME).verdict is CheckVerdict.PASSED
    check = the(certificate, boundary.NAME)
    assert check.verdict is CheckVerdict.FAILED
    assert check.violations == check.measured // 2


@pytest.mark.usefixtures("tables")
def test_a_join_that_needs_what_became_known_later_fails_when_it_is_removed(
    fe: FeatureEngineeringClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clairvoyant = broken(lambda lookup: lookup, timedelta(hours=3))
    monkeypatch.setattr(augmenting, "look_up", clairvoyant)
    certificate = training_set(fe, [weather_lookup()]).certify()
    assert the(certificate, removed.SAMPLE_NAME).verdict is CheckVerdict.FAILED
    assert the(certificate, removed.WHOLE_NAME).verdict is CheckVerdict.FAILED


@pytest.mark.usefixtures("tables")
def test_the_corrected_view_does_not_pass(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe, [weather_lookup()], as_of="latest").certify()
    assert certificate.verdict is CertificateVerdict.FAILED
    assert certificate.as_of == "latest"


@pytest.mark.usefixtures("tables")
def test_other_clocks_than_those_of_the_catalog_fail(fe: FeatureEngineeringClient) -> None:
    [lookup] = training_set(fe, [weather_lookup()]).spec.lookups
    table = fe.get_table(name="dev.shop.weather")
    assert declared.declared_clocks(lookup, table).verdict is CheckVerdict.PASSED
    for known in (AT_ONCE, KnownTime(lag=timedelta(hours=1)), KnownTime(column="at")):
        check = declared.declared_clocks(replace(lookup, known=known), table)
        assert check.verdict is CheckVerdict.FAILED
        assert "known_at" in check.explanation
    assert declared.declared_clocks(replace(lookup, event="known_at"), table).verdict is CheckVerdict.FAILED


@pytest.mark.usefixtures("tables")
def test_rows_without_a_match_leave_the_question_open(fe: FeatureEngineeringClient) -> None:
    nobody = flights().with_columns(origin=pl.lit("BOS"))
    certificate = training_set(fe, [weather_lookup()], nobody).certify()
    assert certificate.verdict is CertificateVerdict.INCONCLUSIVE
    with pytest.raises(Conflict, match="inconclusive"):
        certificate.require()


@pytest.mark.usefixtures("tables")
def test_keys_that_are_all_null_leave_the_question_open(fe: FeatureEngineeringClient) -> None:
    nobody = flights().with_columns(origin=pl.lit(None, dtype=pl.String))
    certificate = training_set(fe, [weather_lookup()], nobody).certify()
    assert certificate.verdict is CertificateVerdict.INCONCLUSIVE


@pytest.mark.usefixtures("tables")
def test_an_empty_training_set_leaves_the_question_open(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe, df=flights().head(0)).certify()
    assert certificate.verdict is CertificateVerdict.INCONCLUSIVE
    assert certificate.rows == 0


@pytest.mark.usefixtures("tables")
@pytest.mark.filterwarnings("ignore:The lookup in")
def test_a_lookup_without_an_instant_leaves_the_question_open(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe, [weather_lookup(timestamp_lookup_key=None)]).certify()
    assert certificate.verdict is CertificateVerdict.INCONCLUSIVE
    assert the(certificate, recomputed.NAME).verdict is CheckVerdict.PASSED
    assert "no instant" in the(certificate, declared.NAME).explanation


@pytest.mark.usefixtures("tables")
def test_a_set_of_static_features_passes_by_recomputing_alone(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe, [FeatureLookup("dev.shop.airports", lookup_key="origin")]).certify()
    assert certificate.verdict is CertificateVerdict.PASSED


@pytest.mark.usefixtures("tables")
def test_look_back_defaults_nulls_and_renames_are_proven_too(fe: FeatureEngineeringClient) -> None:
    lookup = weather_lookup(
        lookback_window=timedelta(minutes=50), default_values={"temp": -99.0}, rename_outputs={"temp": "degrees"}
    )
    holes = flights().with_columns(
        origin=pl.when(pl.col("flight") % 5 == 0).then(None).otherwise("origin"),
        leaves=pl.when(pl.col("flight") % 7 == 0).then(None).otherwise("leaves"),
    )
    certificate = training_set(fe, [lookup], holes).certify()
    assert certificate.verdict is CertificateVerdict.PASSED
    assert certificate.lookups[0].expired > 0
    assert "degrees" in certificate.lookups[0].lookup


@pytest.mark.usefixtures("tables")
def test_excluded_features_and_the_same_table_twice_are_proven(fe: FeatureEngineeringClient) -> None:
    both = [weather_lookup(), weather_lookup(feature_names="temp", rename_outputs={"temp": "again"})]
    certificate = training_set(fe, both, exclude_columns=["temp", "origin"]).certify()
    assert certificate.verdict is CertificateVerdict.PASSED
    assert len(certificate.lookups) == 2


@pytest.mark.usefixtures("tables")
def test_features_of_functions_are_computed_once_more(fe: FeatureEngineeringClient, session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.double_it(x DOUBLE) RETURNS DOUBLE RETURN x * 2")
    steps = [weather_lookup(), FeatureFunction("dev.shop.double_it", {"x": "temp"}, "twice")]
    found = training_set(fe, steps)
    certificate = found.certify()
    assert certificate.verdict is CertificateVerdict.PASSED
    assert the(certificate, computed.NAME, "function dev.shop.double_it").measured == 60
    assert "function dev.shop.double_it (twice)" in str(certificate)
    tampered = pl.DataFrame(found.load_arrow()).with_columns(twice=pl.lit(1.0))
    check = the(found.certify(frame=tampered), computed.NAME, "function")
    assert check.verdict is CheckVerdict.FAILED
    left_out = training_set(fe, steps, exclude_columns=["twice"]).certify()
    assert left_out.unchecked == ("twice",)
    assert "Not looked at: twice" in str(left_out)


@pytest.mark.usefixtures("tables")
def test_a_function_that_draws_lots_is_found(fe: FeatureEngineeringClient, session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.lots(x DOUBLE) RETURNS DOUBLE RETURN x + rand()")
    steps = [weather_lookup(), FeatureFunction("dev.shop.lots", {"x": "temp"}, "luck")]
    check = the(training_set(fe, steps).certify(), computed.NAME, "function")
    assert check.verdict is CheckVerdict.FAILED


def test_a_partitioned_table_is_proven(fe: FeatureEngineeringClient) -> None:
    rows = weather().with_columns(day=pl.col("at").dt.date())
    fe.create_table(
        name="dev.shop.parted", primary_keys="station", timeseries_column="at", known_time="known_at",
        partition_columns=["day"], df=rows,
    )  # fmt: skip
    lookup = FeatureLookup("dev.shop.parted", lookup_key="origin", timestamp_lookup_key="leaves")
    assert training_set(fe, [lookup]).certify().verdict is CertificateVerdict.PASSED


TIMES = {
    "date": lambda: (pl.Date, pl.Date),
    "timestamps against dates": lambda: (pl.Datetime("us", "UTC"), pl.Date),
    "naive": lambda: (pl.Datetime("us"), pl.Datetime("us")),
    "nanoseconds": lambda: (pl.Datetime("ns", "UTC"), pl.Datetime("us", "UTC")),
    "milliseconds": lambda: (pl.Datetime("ms", "UTC"), pl.Datetime("us", "UTC")),
    "another zone": lambda: (pl.Datetime("us", "America/New_York"), pl.Datetime("us", "UTC")),
}


@pytest.mark.parametrize("kinds", TIMES)
@pytest.mark.parametrize("known", [AT_ONCE, KnownTime(lag=timedelta(hours=30))])
def test_every_kind_of_time_is_proven(fe: FeatureEngineeringClient, kinds: str, known: KnownTime) -> None:
    mine, theirs = TIMES[kinds]()
    days = pl.DataFrame({"station": "JFK", "at": [hour(24 * number) for number in range(9)], "temp": range(9)})
    rows = pl.DataFrame({"origin": "JFK", "leaves": [hour(24 * number + 5) for number in range(9)], "late": True})
    fe.create_table(
        name="dev.shop.days",
        primary_keys="station",
        timeseries_column="at",
        known_time=known,
        df=converted(days, "at", theirs),
    )
    lookup = FeatureLookup("dev.shop.days", lookup_key="origin", timestamp_lookup_key="leaves")
    certificate = training_set(fe, [lookup], converted(rows, "leaves", mine)).certify()
    assert certificate.verdict is CertificateVerdict.PASSED
    assert the(certificate, boundary.NAME, "dev.shop.days").measured >= 14


def converted(frame: pl.DataFrame, column: str, kind: Any) -> pl.DataFrame:
    zone = getattr(kind, "time_zone", None)
    moved = frame[column].dt.convert_time_zone(zone) if zone else frame[column].dt.replace_time_zone(None)
    return frame.with_columns(moved.cast(kind))


def test_keys_of_several_columns_and_types_are_proven(fe: FeatureEngineeringClient) -> None:
    rows = pl.DataFrame(
        {"a": [1, 2, 1], "b": [date(2024, 1, 1)] * 3, "at": [hour(0), hour(0), hour(1)], "x": [[1.0], [2.0], None]}
    ).cast({"a": pl.Int32})
    fe.create_table(name="dev.shop.pairs", primary_keys=["a", "b"], timeseries_column="at", df=rows)
    asked = pl.DataFrame(
        {"k": [1, 2, 3], "day": [date(2024, 1, 1)] * 3, "leaves": [hour(2)] * 3, "late": [True, False, True]}
    )
    lookup = FeatureLookup("dev.shop.pairs", lookup_key=["k", "day"], timestamp_lookup_key="leaves")
    assert training_set(fe, [lookup], asked).certify().verdict is CertificateVerdict.PASSED


@pytest.mark.usefixtures("tables")
def test_a_certificate_goes_to_json_and_back(fe: FeatureEngineeringClient) -> None:
    found = training_set(fe)
    tampered = pl.DataFrame(found.load_arrow()).with_columns(temp=pl.lit(0.0))
    for certificate in (found.certify(), found.certify(frame=tampered)):
        assert Certificate.from_json(certificate.to_json()) == certificate
        assert json.loads(certificate.to_json())["certificate"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no certificate"),
        ("[]", "no certificate"),
        ("{}", "no certificate"),
        ('{"certificate": 9}', "format 9"),
        ('{"certificate": 1, "verdict": "passed"}', "damaged"),
    ],
)
def test_what_is_no_certificate_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Certificate.from_json(text)


@pytest.mark.usefixtures("tables")
def test_people_can_read_it(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe).certify()
    text = str(certificate)
    for words in ("PASSED", "60 rows", "dev.shop.weather version 0", "known time were ignored", "ok"):
        assert words in text
    assert "<td>passed</td>" in certificate._repr_html_()


@pytest.mark.usefixtures("tables")
def test_wrong_arguments_are_refused(fe: FeatureEngineeringClient) -> None:
    found = training_set(fe)
    with pytest.raises(InvalidInput, match="proves nothing"):
        found.certify(sample=0)
    with pytest.raises(InvalidInput, match="has 1 rows"):
        found.certify(frame=pl.DataFrame(found.load_arrow()).head(1))
    with pytest.raises(InvalidInput, match="lacks columns of the training set: temp"):
        found.certify(frame=pl.DataFrame(found.load_arrow()).drop("temp"))
    with pytest.raises(InvalidInput, match="types of the training set"):
        found.certify(frame=pl.DataFrame(found.load_arrow()).with_columns(temp=pl.lit("warm")))


@pytest.mark.usefixtures("tables")
def test_a_look_back_without_end_is_proven_as_well(fe: FeatureEngineeringClient) -> None:
    certificate = training_set(fe, [weather_lookup(lookback_window=timedelta.max)]).certify()
    assert certificate.verdict is CertificateVerdict.PASSED


@pytest.mark.usefixtures("tables")
def test_rows_without_any_instant_prove_nothing(fe: FeatureEngineeringClient) -> None:
    rows = flights(4).to_arrow()
    rows = rows.set_column(rows.schema.get_field_index("leaves"), "leaves", pa.nulls(4))
    certificate = training_set(fe, [weather_lookup()], df=rows).certify()
    assert certificate.verdict is CertificateVerdict.INCONCLUSIVE
