"""What the files of a model say about themselves."""

from pathlib import Path

from boathouse.models.cards.contents import contents_of


def test_of_a_lock_what_the_model_asks_for_comes_first(tmp_path: Path) -> None:
    model, lock = tmp_path / "model", tmp_path / "lock.txt"
    model.mkdir()
    (model / "requirements.txt").write_text("scikit_learn==1.6.0\nmlflow[extras]>=3\n")
    lock.write_text("# made\nabsl-py==2\nmlflow==3.1\nnumpy==2.1 --hash=sha256:00\nscikit-learn==1.6.0\n")

    found = contents_of(model, lock)

    assert found.is_locked
    assert found.environment == ("mlflow==3.1", "scikit-learn==1.6.0", "absl-py==2", "numpy==2.1")


def test_without_a_lock_it_is_what_the_model_asks_for(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("scikit-learn\n")

    found = contents_of(tmp_path, None)

    assert (found.is_locked, found.environment) == (False, ("scikit-learn",))
