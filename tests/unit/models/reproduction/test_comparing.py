"""What came out against what was."""

import math
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.models.reproduction.asking import differences
from boathouse.models.reproduction.comparing import (
    MOST_TOLD,
    compared_files,
    compared_metrics,
    compared_predictions,
    compared_texts,
    status_of,
)
from boathouse.models.reproduction.files import facts_of
from boathouse.models.reproduction.nouns import Aspect, Status, Verdict

numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
metrics = st.dictionaries(st.sampled_from(["rmse", "auc", "loss", "system/cpu", "evaluation/metric/auc"]), numbers)


@given(metrics, metrics)
def test_metrics_are_equal_where_every_one_of_the_model_is(before: dict[str, float], after: dict[str, float]) -> None:
    found = compared_metrics(before, after)

    names = {name for name in before.keys() | after.keys() if not name.startswith(("system/", "evaluation/"))}
    differing = {
        name
        for name in names
        if name not in before
        or name not in after
        or not (before[name] == after[name] or (math.isnan(before[name]) and math.isnan(after[name])))
    }
    assert {each.what for each in found.differences} == differing
    expected = Verdict.NOT_COMPARED if not names else Verdict.DIFFERS if differing else Verdict.EQUAL
    assert found.verdict is expected


def test_how_far_numbers_are_apart_is_told() -> None:
    (found,) = compared_metrics({"rmse": 2.0}, {"rmse": 2.5}).differences

    assert (found.before, found.after, found.relative) == ("2.0", "2.5", 0.25)


def test_texts_that_are_only_on_one_side_differ() -> None:
    found = compared_texts("parameters", {"a": "1", "b": "2"}, {"a": "1", "c": "3"})

    assert [(each.what, each.before, each.after) for each in found.differences] == [("b", "2", None), ("c", None, "3")]


def test_of_many_differences_the_first_are_told_and_all_are_counted() -> None:
    found = compared_texts("parameters", {str(n): "1" for n in range(200)}, {str(n): "2" for n in range(200)})

    assert len(found.differences) == MOST_TOLD
    assert "200 differ" in (found.note or "")


def model(folder: Path, run_id: str, weights: bytes = b"1234") -> Path:
    folder.mkdir()
    (folder / "MLmodel").write_text(
        f"artifact_path: x\nflavors:\n  python_function:\n    python_version: 3.11\nmodel_id: m-{run_id}\n"
        f"run_id: {run_id}\nutc_time_created: '2026-01-0{len(run_id)} 10:00:00'\n"
    )
    (folder / "weights.bin").write_bytes(weights)
    (folder / "said.json").write_text(f'{{"run": "{run_id}"}}')
    return folder


def test_files_that_differ_in_ids_and_times_alone_are_equal_and_named(tmp_path: Path) -> None:
    before, after = model(tmp_path / "a", "aaa"), model(tmp_path / "b", "bbb")

    found = compared_files(facts_of(before, ["m-aaa", "aaa"]), facts_of(after, ["m-bbb", "bbb"]))

    assert found.verdict is Verdict.EQUAL
    assert found.note == "Equal but for ids and times: MLmodel, said.json."


def test_another_flavour_in_mlmodel_is_a_difference(tmp_path: Path) -> None:
    before, after = model(tmp_path / "a", "aaa"), model(tmp_path / "b", "bbb")
    text = (after / "MLmodel").read_text()
    (after / "MLmodel").write_text(text.replace("3.11", "3.12"))

    found = compared_files(facts_of(before, ["m-aaa", "aaa"]), facts_of(after, ["m-bbb", "bbb"]))

    assert [each.what for each in found.differences] == ["MLmodel"]


def test_a_flipped_byte_and_a_missing_file_are_told(tmp_path: Path) -> None:
    before, after = model(tmp_path / "a", "aaa"), model(tmp_path / "b", "aaa", weights=b"1235")
    (after / "said.json").unlink()

    found = compared_files(facts_of(before), facts_of(after))

    assert {each.what: each.after is None for each in found.differences} == {"weights.bin": False, "said.json": True}


def test_times_in_archives_and_addresses_of_skops_are_no_difference(tmp_path: Path) -> None:
    for name, address, year in (("a", 140156729094000, 2025), ("b", 140156192877296, 2026)):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(tmp_path / name / "model.skops", "w") as archive:
            for file, content in (
                (f"{address}.npy", b"numbers"),
                ("schema.json", f'{{"file": "{address}.npy", "__id__": {address}}}'.encode()),
            ):
                archive.writestr(zipfile.ZipInfo(file, (year, 1, 1, 0, 0, 0)), content)

    found = compared_files(facts_of(tmp_path / "a"), facts_of(tmp_path / "b"))

    assert found.verdict is Verdict.EQUAL


def test_predictions_that_differ_say_where_and_how_far() -> None:
    told = {"source": "its input example", **differences({"p": [1.0, 2.0, math.nan]}, {"p": [1.0, 2.5, math.nan]})}

    found = compared_predictions(told, "")

    assert found.verdict is Verdict.DIFFERS
    (one,) = found.differences
    assert (one.what, one.before, one.after, one.relative, one.note) == ("p", "2.0", "2.5", 0.25, "1 of 3 rows")


@given(st.lists(st.one_of(numbers, st.text(max_size=3)), min_size=1, max_size=5))
def test_answers_are_equal_to_themselves(values: list[object]) -> None:
    assert differences({"p": values}, {"p": list(values)})["differences"] == []


def test_predictions_that_could_not_be_made_are_not_compared() -> None:
    assert compared_predictions(None, "no model").verdict is Verdict.NOT_COMPARED
    assert compared_predictions({"reason": "no rows"}, "").note == "no rows"


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ([Verdict.EQUAL, Verdict.NOT_COMPARED], Status.EQUAL),
        ([Verdict.EQUAL, Verdict.DIFFERS], Status.DIFFERS),
        ([Verdict.NOT_COMPARED], Status.FAILED),
        ([], Status.FAILED),
    ],
)
def test_what_was_compared_nowhere_is_not_equal(verdicts: list[Verdict], status: Status) -> None:
    assert status_of([Aspect("x", each) for each in verdicts]) is status
