import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boathouse.serving.scoring.answers import as_json, as_numbers
from boathouse.serving.scoring.mlmodel import read_model_folder
from boathouse.serving.scoring.proofs import Proof, Proofs, differs, key_of
from boathouse.serving.scoring.provisional import kind_of


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ([0.5, 1], [0.5, 1.0], None),
        ([0.1 + 0.2], [0.3], None),
        ([0.30000001192092896], [0.30000004172325134], None),  # neighbours among numbers of 32 bits
        ([0.3], [0.3000001], "[0] is 0.3000001 instead of 0.3"),
        ([True], [1], "[0] is 1 instead of True"),
        ([None], [0], "[0] is 0 instead of None"),
        (["late"], ["early"], "[0] is 'early' instead of 'late'"),
        ([1, 2], [1], "predictions has 1 entries instead of 2"),
        ([[1, 2]], [[1, 3]], "[0][1] is 3 instead of 2"),
        ({"a": [1]}, {"b": [1]}, "predictions has b instead of a"),
        ({"a": [1]}, {"a": [2]}, ".a[0] is 2 instead of 1"),
        ([1], {"a": 1}, "predictions is {'a': 1} instead of [1]"),
    ],
)
def test_answers_differ_by_more_than_rounding_or_not(expected: Any, found: Any, said: str | None) -> None:
    assert differs(expected, found) == said


def test_a_proof_is_kept_for_the_same_files_only(mixed_booster: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in mixed_booster.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    first = read_model_folder(mixed_booster)
    assert key_of(first) == key_of(read_model_folder(copy))

    with (copy / "model.lgb").open("a") as file:
        file.write("\n")

    second = read_model_folder(copy)
    assert key_of(second) != key_of(first)
    assert kind_of(second, "dev.flights.delays") == kind_of(first, "dev.flights.delays")
    assert kind_of(second, "dev.flights.others") != kind_of(first, "dev.flights.delays")


def test_of_several_workers_one_finds_out_and_the_others_wait(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path / "proofs")
    found: list[str] = []

    def worker() -> None:
        with proofs.only_one("key"):
            if proofs.known("key") is None:
                found.append("out")
                proofs.keep("key", Proof(True, "equal"))

    workers = [threading.Thread(target=worker) for _ in range(5)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()

    assert found == ["out"]
    assert proofs.known("key") == Proof(True, "equal")
    assert proofs.known("other") is None


def test_predictions_become_the_json_that_mlflow_gives() -> None:
    assert as_json(np.array([0.1, np.nan, np.inf])) == b"[0.1,null,null]"
    assert as_json(np.array([0.1], dtype=np.float32)) == b"[0.10000000149011612]"
    assert as_json(np.array(["late", "early"])) == b'["late","early"]'
    assert as_json(np.array([[1, 2], [3, 4]]).T) == b"[[1,3],[2,4]]"
    assert as_json({"label": np.array([1]), "p": np.array([0.1], dtype=np.float32)}) == (
        b'{"label":[1],"p":[0.10000000149011612]}'
    )
    assert as_json(b"[1]") == b"[1]"


def test_predictions_are_read_as_numbers_wherever_they_come_from() -> None:
    assert as_numbers(b"[0.5, null]") is not None
    np.testing.assert_array_equal(as_numbers(b"[0.5, null]"), [0.5, np.nan])
    np.testing.assert_array_equal(as_numbers(np.array([1, 2])), [1, 2])
    assert as_numbers(b'["late"]') is None
    assert as_numbers(np.array(["late"])) is None
