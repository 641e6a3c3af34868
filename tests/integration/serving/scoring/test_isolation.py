"""A model in a process of its own may raise, hang, grow and die; whoever asks goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.serving.answering.stacking import Stack
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.nouns import ModelAway, ScoringFailed
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.remote import IsolatedScorer
from boathouse.serving.snapshot.nouns import LiveEntity

pytestmark = pytest.mark.filterwarnings("ignore")

MODEL = """
    import os, signal, time
    import mlflow
    from mlflow.pyfunc import PythonModel

    class Moody(PythonModel):
        def predict(self, context, model_input, params=None):
            mood = model_input["mood"].iloc[0]
            if mood == "raise":
                raise RuntimeError("the wind has turned")
            if mood == "hang":
                time.sleep(60)
            if mood == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if mood == "leave":
                raise SystemExit(3)
            if mood == "grow":
                return [len(bytearray(3_000_000_000))]
            if mood == "environment":
                return [dict(os.environ)]
            if mood == "print":
                print("the tide is out")
            if mood == "none":
                return [float("nan")] * len(model_input)
            return (model_input["seats"] * (params or {}).get("factor", 2)).tolist()

    mlflow.models.set_model(Moody())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    folder = tmp_path_factory.mktemp("models")
    code = folder / "moody_model.py"
    code.write_text(textwrap.dedent(MODEL))
    inputs = Schema([ColSpec(DataType.string, "mood"), ColSpec(DataType.long, "seats")])
    signature = ModelSignature(inputs, params=ParamSchema([ParamSpec("factor", DataType.long, 2)]))
    mlflow.pyfunc.save_model(
        path=str(folder / "moody"), python_model=str(code), signature=signature, pip_requirements=["mlflow"]
    )
    return folder / "moody"


@contextmanager
def served(folder: Path, scratch: Path, **limits: Any) -> Generator[IsolatedScorer]:
    entity = LiveEntity("id", "moody", EntityKind.MODEL, "dev.flights.moody", 1, str(folder))
    scorer = load_scorer(entity, Limits(**limits), scratch=scratch)
    assert isinstance(scorer, IsolatedScorer)
    try:
        yield scorer
    finally:
        scorer.close()


@pytest.fixture(scope="module")
def scorer(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[IsolatedScorer]:
    with served(folder, tmp_path_factory.mktemp("scratch"), deadline_ms=2_000) as scorer:
        yield scorer


def ask(scorer: IsolatedScorer, mood: str, seats: Any = 3, **more: Any) -> Any:
    body = json.dumps({"dataframe_records": [{"mood": mood, "seats": seats}], **more}).encode()
    payload = read_payload(body, JSON, most_rows=10)
    return json.loads(scorer.answer(scorer.predict(scorer.read(payload), payload.params)))


def ask_until_it_answers(scorer: IsolatedScorer) -> Any:
    until = time.monotonic() + 60
    while True:
        try:
            return ask(scorer, "calm")
        except ScoringFailed:
            assert time.monotonic() < until, "the model does not come back"
            time.sleep(0.1)


@pytest.mark.parametrize("is_declared", [True, False])
def test_requests_that_wait_for_a_process_are_answered_as_if_each_had_gone_alone(
    folder: Path, tmp_path: Path, is_declared: bool
) -> None:
    with served(folder, tmp_path, stack_requests=is_declared) as scorer:
        stack = Stack(scorer, name="moody")

        def seats(number: int) -> list[int]:
            rows = [{"mood": f"calm {number}", "seats": number + row} for row in range(1 + number % 3)]
            body = json.dumps({"dataframe_records": rows}).encode()
            payload = read_payload(body, JSON, most_rows=10)
            return json.loads(scorer.answer(stack.predict(scorer.read(payload), payload.params, payload.rows)))

        with ThreadPoolExecutor(16) as threads:
            found = list(threads.map(seats, range(200)))
    assert found == [[2 * (number + row) for row in range(1 + number % 3)] for number in range(200)]
    if is_declared:
        assert stack.stacked > 0 or stack.is_off
    else:
        assert stack.stacked == 0, "own code may look at all of its rows"


def eventually(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_a_model_answers_and_takes_parameters(scorer: IsolatedScorer) -> None:
    assert ask_until_it_answers(scorer) == [6]
    assert ask(scorer, "calm", params={"factor": 5}) == [15]
    assert ask(scorer, "none") == [None]


def test_what_a_model_raises_is_told_and_its_process_goes_on(scorer: IsolatedScorer) -> None:
    ask_until_it_answers(scorer)
    pid = scorer.pid

    with pytest.raises(ScoringFailed, match="RuntimeError: the wind has turned"):
        ask(scorer, "raise")
    with pytest.raises(ScoringFailed, match="SystemExit: 3"):
        ask(scorer, "leave")

    assert ask(scorer, "calm") == [6]
    assert scorer.pid == pid


def test_wrong_inputs_are_refused_before_the_model_sees_them(scorer: IsolatedScorer) -> None:
    with pytest.raises(WrongInput, match="Column seats, row 0: 'many' is no long"):
        ask(scorer, "calm", "many")


def test_null_in_a_whole_number_reaches_the_model(scorer: IsolatedScorer) -> None:
    ask_until_it_answers(scorer)

    assert ask(scorer, "calm", None) == [None]
    assert ask(scorer, "calm", 4) == [8], "and the next request is checked as ever"


@pytest.mark.parametrize(
    ("mood", "said"), [("hang", "was not done with answering within 2 s"), ("die", "ended by SIGKILL")]
)
def test_a_process_that_hangs_or_dies_is_replaced(scorer: IsolatedScorer, mood: str, said: str) -> None:
    ask_until_it_answers(scorer)
    pid = scorer.pid

    with pytest.raises(ScoringFailed, match=said):
        ask(scorer, mood)

    assert ask_until_it_answers(scorer) == [6]
    assert scorer.pid != pid
    assert not psutil.pid_exists(pid or 0)


def test_while_it_is_replaced_whoever_asks_is_told_at_once(scorer: IsolatedScorer) -> None:
    ask_until_it_answers(scorer)
    os.kill(scorer.pid or 0, signal.SIGKILL)
    assert eventually(lambda: scorer.pid is None)

    with pytest.raises(ModelAway, match=r"is being started again: .*SIGKILL"):
        ask(scorer, "calm")


def test_a_model_sees_nothing_of_our_environment(scorer: IsolatedScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOATHOUSE_TOKEN", "secret")
    os.kill(scorer.pid or 0, signal.SIGKILL) if scorer.pid else None
    ask_until_it_answers(scorer)

    seen = ask(scorer, "environment")[0]

    assert not [name for name in seen if "BOATHOUSE" in name or "TOKEN" in name]
    assert seen["OMP_NUM_THREADS"] == "1"


def test_many_threads_ask_at_once(scorer: IsolatedScorer) -> None:
    ask_until_it_answers(scorer)
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = ask(scorer, "calm", number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: [2 * number] for number in range(12)}


@pytest.mark.skipif(sys.platform != "linux", reason="the bound on memory is Linux'")
def test_a_model_takes_no_more_memory_than_allowed(folder: Path, tmp_path: Path) -> None:
    with served(folder, tmp_path, memory_mb=1_500) as scorer:
        with pytest.raises(ScoringFailed, match=r"MemoryError|MB of memory"):
            ask(scorer, "grow")

        assert ask_until_it_answers(scorer) == [6]


def test_the_folder_of_a_model_stays_as_it_is(folder: Path, scorer: IsolatedScorer) -> None:
    ask_until_it_answers(scorer)

    assert not list(folder.rglob("__pycache__"))


def test_what_a_model_prints_is_in_its_log(folder: Path, tmp_path: Path) -> None:
    with served(folder, tmp_path) as scorer:
        ask(scorer, "print")
        scorer.close()

    (log,) = (tmp_path / "logs").iterdir()
    assert "the tide is out" in log.read_text()


def test_a_model_that_does_not_load_says_why(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    code = broken / "moody_model.py"
    code.write_text(code.read_text().replace("PythonModel", "PythonRudder"))

    with pytest.raises(Unavailable, match=r"does not load.*PythonRudder"), served(broken, tmp_path):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="Linux ends a process with its parent")
def test_a_models_process_does_not_outlive_its_worker(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "worker_of_a_model.py"
    script.write_text(
        textwrap.dedent(f"""
        import threading, time
        from pathlib import Path
        from boathouse.serving.endpoints.nouns import EntityKind
        from boathouse.serving.endpoints.policy import Limits
        from boathouse.serving.scoring.loading import load_scorer
        from boathouse.serving.snapshot.nouns import LiveEntity

        entity = LiveEntity("id", "moody", EntityKind.MODEL, "dev.flights.moody", 1, {str(folder)!r})
        found = []
        loading = threading.Thread(
            target=lambda: found.append(load_scorer(entity, Limits(), scratch=Path({str(tmp_path)!r})))
        )
        loading.start()
        loading.join()
        time.sleep(1)
        print(found[0].pid, flush=True)
        time.sleep(60)
        """)
    )
    worker = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    with worker.stdout:
        pid = int(worker.stdout.readline())
    assert psutil.pid_exists(pid)

    worker.kill()
    worker.wait()

    assert eventually(lambda: not psutil.pid_exists(pid))
