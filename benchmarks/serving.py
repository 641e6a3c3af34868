"""The same LightGBM model asked over HTTP: ours with everything on, bare apps, and other servers, one after another.

    python benchmarks/serving.py [--seconds 5] [--rounds 3] [--without-peers]

Ours authenticates, checks the signature, routes, captures and counts. All contenders answer the same rows, and first
answers are compared before any time is taken. They take turns; after each the recorder is waited for, so that what it
has left over is in our processor time and is not paid by the next one. Needs wrk. Servers that are not ours live in
environments of their own in ``BOATHOUSE_BENCH_PEERS``.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import urllib3
from peers import serving_features
from peers.serving_changes import move_alias, start_to_first_answer
from peers.serving_contenders import Contender, bare_and_peers, free_port, started, wait_for_answer
from peers.serving_load import Turn, load, script
from table import section

from boathouse.testing import LocalBoathouse, running_boathouse

COLUMNS, TREES, SIZES, CONNECTIONS = 20, 200, (1, 100), 16
OURS, FORWARDED, SHADOWED, UNCAPTURED = "Boathouse", "Boathouse through the control plane", "shadowed", "uncaptured"
LITSERVE, MLFLOW, MLFLOW_ONE = "LitServe", "mlflow models serve", "mlflow models serve, OMP_NUM_THREADS=1"
MODEL = "dev.bench.delay"
IDLE_SHARE, IDLE_WITHIN_SECONDS = 0.1, 60


@dataclass(slots=True)
class Asked:
    """All turns of one contender."""

    turns: dict[int, list[Turn]] = field(default_factory=dict[int, list[Turn]])
    alone: list[Turn] = field(default_factory=list[Turn])
    """One connection, one row."""

    def rate(self, rows: int) -> float:
        return statistics.median(turn.rate for turn in self.turns[rows])

    def cpu(self, rows: int) -> float:
        return statistics.median(turn.cpu_us for turn in self.turns[rows])

    def alone_ms(self, name: str) -> float:
        return statistics.median(getattr(turn, name) for turn in self.alone)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        compete(Path(name), given.seconds, given.rounds, peers=not given.without_peers)


def compete(folder: Path, seconds: float, rounds: int, *, peers: bool) -> None:
    model, booster_file, bodies, expected = make_model(folder)
    variables = {"BOATHOUSE_SERVING_WORKERS": "2", "BOATHOUSE_SERVING_PORT": str(free_port())}
    with running_boathouse(folder, variables=variables) as server, ExitStack() as stack:
        contenders = ours(server, booster_file, bodies[1])
        starts: dict[str, float] = {}
        for each, command, path, more in bare_and_peers(model, folder, peers=peers):
            log = folder / "peers.log"
            running = started(each, command, path, more, booster=booster_file, body=bodies[1], log=log)
            try:
                contender, starts[each] = stack.enter_context(running)
            except TimeoutError as error:
                print(f"  {each} is left out: {error}", file=sys.stderr, flush=True)
                continue
            contenders.append(contender)
        compare(contenders, bodies, expected)
        found = {each.name: Asked() for each in contenders}
        for _ in range(rounds):
            for contender in contenders:
                take_turns(contender, found[contender.name], bodies, folder, seconds, server)
        report(found)
        stack.close()
        report_features(server, folder, seconds, peers=peers)
        starts[OURS] = start_to_first_answer(server, contenders[0], bodies[1])
        version = register(booster_of(folder, 2), server)
        moved = move_alias(contenders[0], bodies[1], lambda: set_alias(server, version), str(version))
        report_changes(starts, moved)


def make_model(folder: Path) -> tuple[Path, Path, dict[int, bytes], dict[int, Any]]:
    """As MLflow lays it out, as LightGBM does, what is sent, and what must come back."""
    import mlflow

    frame = frame_of(1000)
    booster = booster_of(folder, 1)
    model = folder / "model"
    mlflow.lightgbm.save_model(booster, model, signature=signature_of(booster), input_example=frame[:3])
    bodies = {
        size: json.dumps(
            {"dataframe_split": {"columns": list(frame), "data": frame[:size].to_numpy().tolist()}}
        ).encode()
        for size in SIZES
    }
    return model, folder / "booster-1.txt", bodies, {size: booster.predict(frame[:size]) for size in SIZES}


def frame_of(rows: int) -> Any:
    import pandas as pd

    chance = np.random.default_rng(1)
    return pd.DataFrame(chance.normal(size=(rows, COLUMNS)), columns=[f"f{each}" for each in range(COLUMNS)])


def booster_of(folder: Path, seed: int) -> Any:
    import lightgbm

    frame = frame_of(5_000)
    labels = (frame["f0"] + frame["f1"] * frame["f2"] + seed * frame["f3"] > 0).astype(int)
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": seed}
    booster: Any = lightgbm.train(parameters, lightgbm.Dataset(frame, labels), TREES)
    booster.save_model(folder / f"booster-{seed}.txt")
    return booster


def signature_of(booster: Any) -> Any:
    from mlflow.models import infer_signature

    frame = frame_of(3)
    return infer_signature(frame, booster.predict(frame))


@contextmanager
def tracking(server: LocalBoathouse) -> Generator[None]:
    import mlflow

    os.environ["MLFLOW_TRACKING_TOKEN"] = server.token
    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        os.environ.pop("MLFLOW_REGISTRY_URI", None)


def register(booster: Any, server: LocalBoathouse) -> int:
    import mlflow

    with tracking(server):
        mlflow.set_experiment("bench")
        with redirect_stdout(sys.stderr), mlflow.start_run():
            info: Any = mlflow.lightgbm.log_model(
                booster, name="model", signature=signature_of(booster), input_example=frame_of(3),
                registered_model_name=MODEL, pip_requirements=[],
            )  # fmt: skip
    return int(info.registered_model_version)


def ours(server: LocalBoathouse, booster_file: Path, body: bytes) -> list[Contender]:
    """Our endpoints: with everything, with a shadow beside, without capture."""
    import lightgbm

    client = server.client()
    client.post("/api/2.1/unity-catalog/schemas", {"name": "bench", "catalog_name": "dev"})
    version = register(lightgbm.Booster(model_file=booster_file), server)
    set_alias(server, version)
    headers = {"authorization": f"Bearer {server.token}"}
    pids = (server.pids["data-plane"], server.pids["recorder"])
    found: list[Contender] = []
    for name, policy in ((OURS, {}), (SHADOWED, {"shadow": {"version": version}}), (UNCAPTURED, {})):
        entity = {"name": "delay", "entity_name": MODEL, "entity_version": "champion"}
        config: dict[str, Any] = {"served_entities": [entity]}
        config["auto_capture_config"] = {
            "catalog_name": "dev", "schema_name": "bench", "table_name_prefix": name.lower(),
            "enabled": name != UNCAPTURED,
        }  # fmt: skip
        client.post("/api/2.0/serving-endpoints", {"name": name.lower(), "config": config})
        if policy:
            client.put(f"/api/boathouse/v1/endpoints/{name.lower()}/policy", policy)
        url = f"{server.serving_url}/serving-endpoints/{name.lower()}/invocations"
        wait_for_answer(url, body, headers, server.process)
        found.append(Contender(name, url, pids, headers))
    forwarded = f"{server.url}/serving-endpoints/{OURS.lower()}/invocations"
    found.append(Contender(FORWARDED, forwarded, (*pids, server.pids["control-plane"]), headers))
    return found


def set_alias(server: LocalBoathouse, version: int) -> None:
    import mlflow

    with tracking(server):
        mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", str(version))


def compare(contenders: Sequence[Contender], bodies: dict[int, bytes], expected: dict[int, Any]) -> None:
    """Everybody gives what LightGBM gives, or nobody is measured."""
    for contender in contenders:
        for size, body in bodies.items():
            headers = {"content-type": "application/json", **contender.headers}
            answer = urllib3.request("POST", contender.url, body=body, headers=headers, timeout=60)
            if answer.status != 200 or not np.allclose(answer.json()["predictions"], expected[size], rtol=1e-12):
                sys.exit(f"{contender.name} answers {answer.status} {answer.data[:500]!r} to {size} rows.")


def take_turns(
    contender: Contender, asked: Asked, bodies: dict[int, bytes], folder: Path, seconds: float, server: LocalBoathouse
) -> None:
    headers = {"Content-Type": "application/json", **contender.headers}
    settle = partial(wait_until_idle, server)
    settle()
    for size, body in bodies.items():
        lua = script(folder, f"rows-{size}", body, headers)
        turn = load(contender.url, lua, contender.pids, connections=CONNECTIONS, seconds=seconds, settle=settle)
        print(f"  {contender.name}, {size} rows: {turn.rate:,.0f}/s, {turn.cpu_us:.0f} us", file=sys.stderr, flush=True)
        if turn.refused or turn.broken:
            sys.exit(f"{contender.name} refused {turn.refused} requests and broke {turn.broken}.")
        asked.turns.setdefault(size, []).append(turn)
    lua = script(folder, "alone", bodies[1], headers)
    alone = load(contender.url, lua, contender.pids, connections=1, seconds=seconds / 2, settle=settle)
    asked.alone.append(alone)


def wait_until_idle(server: LocalBoathouse) -> None:
    """Until the recorder has moved what the turn before has left."""
    recorder, until = psutil.Process(server.pids["recorder"]), time.monotonic() + IDLE_WITHIN_SECONDS
    while time.monotonic() < until:
        before = sum(recorder.cpu_times()[:2])
        time.sleep(0.5)
        if sum(recorder.cpu_times()[:2]) - before < IDLE_SHARE * 0.5:
            return


def report(found: dict[str, Asked]) -> None:
    bare = {name: asked for name, asked in found.items() if name.startswith("bare")}
    best = {size: max(asked.rate(size) for asked in bare.values()) for size in SIZES}
    cheapest = {size: min(asked.cpu(size) for asked in bare.values()) for size in SIZES}
    rows: list[tuple[str, ...]] = []
    for name, asked in found.items():
        cells = [name]
        for size in SIZES:
            cells += [f"{asked.rate(size):,.0f}", f"{asked.rate(size) / best[size]:.2f}",
                      f"{asked.cpu(size):.0f}", f"{cheapest[size] / asked.cpu(size):.2f}"]  # fmt: skip
        rows.append((*cells, f"{asked.alone_ms('p50_ms'):.3f}", f"{asked.alone_ms('p99_ms'):.2f}"))
    header = [""]
    for size in SIZES:
        label = f"{size} row{'s' if size > 1 else ''}"
        header += [f"{label} req/s", "of the best bare", "processor us", "of the cheapest bare"]
    header += ["1 connection p50 ms", "p99"]
    note = f"{CONNECTIONS} connections; medians. Our processor time holds all that the recorder does. " + " ".join(
        goals(found, best)
    )
    print(section(f"Serving LightGBM: {COLUMNS} columns, {TREES} trees", header, rows, note))


def goals(found: dict[str, Asked], best: dict[int, float]) -> Generator[str]:
    mine = found[OURS]
    for size in SIZES:
        yield goal(f"of the best bare app, {size} row{'s' if size > 1 else ''}", mine.rate(size) / best[size], 0.75)
    for name, least in ((LITSERVE, 5), (MLFLOW, 50), (MLFLOW_ONE, 40)):
        if name in found:
            yield goal(f"times {name}", mine.rate(1) / found[name].rate(1), least)
    quickest = [asked for name, asked in found.items() if name.startswith("bare")]
    for name, most in (("p50_ms", 0.15), ("p99_ms", 2.0)):
        over = mine.alone_ms(name) - min(asked.alone_ms(name) for asked in quickest)
        yield goal(f"ms over the bare app at one connection ({name[:3]})", over, most, least=False)
    # Each is compared with the same thing without it, within a round: the machine is not the same in all of them.
    yield goal("share of throughput that a shadow costs", 1 - paired(found[SHADOWED], mine), 0.15, least=False)
    yield goal("share of throughput that capture costs", 1 - paired(mine, found[UNCAPTURED]), 0.15, least=False)


def paired(one: Asked, other: Asked) -> float:
    """The median of the rounds' ratios of the rates of one row."""
    rounds = zip(one.turns[1], other.turns[1], strict=True)
    return statistics.median(mine.rate / theirs.rate for mine, theirs in rounds)


def goal(what: str, value: float, limit: float, *, least: bool = True) -> str:
    met = value >= limit if least else value <= limit
    return f"{value:.2f} {what} (goal {'at least' if least else 'at most'} {limit:g}: {'met' if met else 'missed'})."


def report_features(server: LocalBoathouse, folder: Path, seconds: float, *, peers: bool) -> None:
    """What one key costs: of an endpoint that gives features, and of a model that looks them up."""
    settle = partial(wait_until_idle, server)

    def turn(asked: Contender, body: bytes, connections: int) -> Turn:
        lua = script(folder, f"keyed-{asked.name}", body, {"Content-Type": "application/json", **asked.headers})
        settle()
        return load(asked.url, lua, asked.pids, connections=connections, seconds=seconds, settle=settle)

    mine = serving_features.feature_endpoint(server)
    found = {mine.name: turn(mine, serving_features.BODY, CONNECTIONS)}
    note = f"{CONNECTIONS} connections; Feast has a worker per processor, over SQLite."
    if peers:
        command, body = serving_features.feast_command(folder), serving_features.FEAST_BODY
        log = folder / "feast.log"
        path = "/get-online-features"
        with started("Feast", command, path, {}, booster=folder, body=body, log=log) as (feast, _):
            serving_features.compare(mine, feast)
            found[feast.name] = turn(feast, body, CONNECTIONS)
        note += f" {goal('times Feast', found[mine.name].rate / found[feast.name].rate, 15)}"
    rows = [
        (name, f"{each.rate:,.0f}", f"{each.cpu_us:.0f}", f"{each.p50_ms:.2f}", f"{each.p99_ms:.2f}")
        for name, each in found.items()
    ]
    print(section("Ten features of one key over HTTP", ("", "req/s", "processor us", "p50 ms", "p99 ms"), rows, note))
    with tracking(server):
        models = serving_features.models(server)
    report_lookup(models, turn)


def report_lookup(models: list[tuple[Contender, bytes]], turn: Callable[[Contender, bytes, int], Turn]) -> None:
    """The same model with features given and looked up, one connection, in turns."""
    turns: dict[str, list[Turn]] = {contender.name: [] for contender, _ in models}
    for _ in range(3):
        for contender, body in models:
            turns[contender.name].append(turn(contender, body, 1))
    p50 = {name: statistics.median(each.p50_ms for each in found) for name, found in turns.items()}
    p99 = {name: statistics.median(each.p99_ms for each in found) for name, found in turns.items()}
    rows = [(name, f"{p50[name]:.3f}", f"{p99[name]:.2f}") for name in turns]
    more = p50[serving_features.LOOKED_UP] - p50[serving_features.GIVEN]
    note = "One connection, medians. " + goal("ms more for ten features from LMDB (p50)", more, 0.05, least=False)
    print(section("A model of ten features, given or looked up", ("features", "p50 ms", "p99 ms"), rows, note))


def report_changes(starts: dict[str, float], moved: tuple[float, int, int]) -> None:
    seconds, answers, failed = moved
    rows = [(name, f"{value:.1f}", "4.0" if name == OURS else "") for name, value in starts.items()]
    print(section("From start to first answer", ("", "s", "goal"), rows, "Ours: the data plane, from its snapshot."))
    told = [("Boathouse", f"{seconds:.2f}", f"{answers:,}", str(failed))]
    header = ("", "s until the last answer of the version before", "answers meanwhile", "failed")
    print(section("An alias moves to another version", header, told, "Goal: at most 3 s and none failed."))


if __name__ == "__main__":
    main()
