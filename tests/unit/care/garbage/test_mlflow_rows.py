"""What of MLflow is garbage: what was deleted and nothing refers to."""

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.care.garbage.nouns import Garbage, Kind

if TYPE_CHECKING:
    from conftest import GarbageHome

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # within MLflow's stores

OF_MLFLOW = (Kind.RUNS, Kind.MODELS, Kind.EXPERIMENTS, Kind.ARTIFACTS)


def of_kind(found: list[Garbage], kind: Kind) -> set[str]:
    return {each.what for each in found if each.kind is kind}


def test_a_deleted_run_goes_with_its_files_and_a_living_one_stays(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    living, deleted = here.run(experiment, 2), here.run(experiment, 3)
    here.stores.tracking.delete_run(deleted)
    assert here.told(*OF_MLFLOW) == []  # so short after the deletion somebody may want it back
    here.wait_a_week()

    told = here.told(*OF_MLFLOW)
    gone = here.told(*OF_MLFLOW, dry_run=False)

    assert [(each.what, each.files, each.bytes) for each in told] == [(deleted, 3, 300)]
    assert [(each.what, each.files, each.bytes, each.is_removed) for each in gone] == [(deleted, 3, 300, True)]
    assert (here.is_run(living), here.is_run(deleted)) == (True, False)
    assert sorted(each.name for each in (here.home.artifacts / experiment).iterdir()) == [living]
    assert here.told() == []


def test_a_deleted_run_that_a_version_was_made_from_is_kept(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    run = here.run(experiment)
    here.version("main.s.m", run, experiment=experiment)
    here.stores.tracking.delete_run(run)
    here.wait_a_week()

    assert here.told(*OF_MLFLOW) == []

    # when the version is gone, too
    here.stores.registry.delete_model_version("main.s.m", "1")
    here.models.drop_source("main.s.m", 1)

    assert of_kind(here.told(*OF_MLFLOW), Kind.RUNS) == {run}


def test_a_run_that_is_restored_meanwhile_is_kept(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    run = here.run(experiment)
    here.stores.tracking.delete_run(run)
    here.wait_a_week()
    (found,) = here.told(Kind.RUNS)

    here.stores.tracking.restore_run(run)
    runs = next(each for each in here.collectors if each.kind is Kind.RUNS)

    assert runs.remove(found, here.before) is False
    assert here.is_run(run)
    assert (here.home.artifacts / experiment / run).is_dir()


def test_the_logged_model_of_a_deleted_run_goes_unless_a_version_points_to_it(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    runs = [here.run(experiment) for _ in range(2)]
    models = [here.logged_model(experiment, run) for run in runs]
    here.version("main.s.m", runs[0], models[0], experiment)
    for run in runs:
        here.stores.tracking.delete_run(run)
    here.wait_a_week()

    gone = here.told(*OF_MLFLOW, dry_run=False)

    assert of_kind(gone, Kind.RUNS) == {runs[1]}
    assert of_kind(gone, Kind.MODELS) == {models[1]}
    assert here.model_folder(experiment, models[0]).is_dir()
    assert not here.model_folder(experiment, models[1]).exists()


def test_a_deleted_experiment_goes_when_all_in_it_goes(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    run = here.run(experiment)
    here.stores.tracking.delete_experiment(experiment)
    here.wait_a_week()

    told, gone = here.told(*OF_MLFLOW), here.told(*OF_MLFLOW, dry_run=False)

    assert [(each.kind, each.what) for each in told] == [(each.kind, each.what) for each in gone]
    assert of_kind(gone, Kind.EXPERIMENTS) == {f"e ({experiment})"}
    assert of_kind(gone, Kind.RUNS) == {run}
    assert not (here.home.artifacts / experiment).exists()


def test_files_of_no_run_are_orphans_and_what_mlflow_has_not_made_is_left_alone(here: "GarbageHome") -> None:
    experiment = here.experiment("e")
    here.files(here.home.artifacts / experiment / ("a" * 32) / "artifacts", 2)
    here.files(here.home.artifacts / experiment / "models" / "m-gone" / "artifacts", 1)
    here.files(here.home.artifacts / experiment / "traces" / "tr-gone" / "artifacts", 1)
    here.files(here.home.artifacts / "archives" / "kept", 1)
    here.files(here.home.artifacts / experiment / "notes", 1)
    assert here.told(Kind.ARTIFACTS) == []
    here.wait_a_week()

    gone = here.told(Kind.ARTIFACTS, dry_run=False)

    base = f"artifacts/{experiment}"
    assert {each.what for each in gone} == {f"{base}/{'a' * 32}", f"{base}/models/m-gone", f"{base}/traces/tr-gone"}
    assert (here.home.artifacts / "archives" / "kept" / "0.bin").exists()
    assert (here.home.artifacts / experiment / "notes" / "0.bin").exists()


def test_files_that_are_gone_already_do_no_harm(here: "GarbageHome") -> None:
    import shutil

    experiment = here.experiment("e")
    run = here.run(experiment)
    here.stores.tracking.delete_run(run)
    shutil.rmtree(here.home.artifacts / experiment / run)
    here.wait_a_week()

    (gone,) = here.told(*OF_MLFLOW, dry_run=False)

    assert (gone.what, gone.bytes, gone.is_removed) == (run, 0, True)


_names = itertools.count()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "run_deleted": st.booleans(),
                "model": st.booleans(),
                "model_deleted": st.booleans(),
                "version": st.sampled_from(["none", "run", "model", "deleted"]),
            }
        ),
        max_size=4,
    )
)
def test_garbage_is_what_was_deleted_and_no_living_version_refers_to(
    here: "GarbageHome", cases: list[dict[str, object]]
) -> None:
    experiment = here.experiment(f"e{next(_names)}")
    expected: dict[Kind, set[str]] = {Kind.RUNS: set(), Kind.MODELS: set()}
    made: set[str] = set()
    for case in cases:
        run = here.run(experiment)
        model = here.logged_model(experiment, run) if case["model"] else None
        made |= {run, *([model] if model else [])}
        name = f"main.s.m{next(_names)}"
        points_to = None
        if case["version"] != "none":
            points_to = model if case["version"] != "run" else None
            here.version(name, run, points_to, experiment)
        if case["version"] == "deleted":
            here.stores.registry.delete_model_version(name, "1")
            here.models.drop_source(name, 1)
        is_referred_to = case["version"] in ("run", "model")
        if model and case["model_deleted"]:
            here.stores.tracking.delete_logged_model(model)
        if case["run_deleted"]:
            here.stores.tracking.delete_run(run)
            if not is_referred_to:
                expected[Kind.RUNS].add(run)
        if model and (case["run_deleted"] or case["model_deleted"]) and not (is_referred_to and points_to == model):
            expected[Kind.MODELS].add(model)
    now = here.clock.now()
    here.wait_a_week()

    told = here.told(*OF_MLFLOW)
    gone = here.told(*OF_MLFLOW, dry_run=False)
    here.clock.advance(now - here.clock.now())

    assert [(each.kind, each.what) for each in told] == [(each.kind, each.what) for each in gone]
    assert all(each.is_removed for each in gone)
    for kind, ids in expected.items():
        assert of_kind(told, kind) & made == ids
    owners = here.mlflow.owners()
    assert made - (owners.runs | owners.models) == expected[Kind.RUNS] | expected[Kind.MODELS]
