"""``make demo``: the whole path on real data, from raw files to governed predictions and answers in production.

Everything goes through the command line and the REST API, as a person would do it by hand; only the bars are ours.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import partial

from demo_console import Story
from demo_jobs import (
    SIGNER,
    SIGNERS,
    champion_of,
    judge,
    newest_version,
    result_of,
    run_job,
    token_of,
    watch_deployment,
)
from demo_report import print_report
from demo_server import Failed, Server
from demo_serving import Served, check_captured, curl, let_fall, replay, watch_canary, watch_shadow
from demo_traffic import Traffic
from demo_year import FAST, WHOLE, Year, live_the_year

from boathouse.foundation.errors import AlreadyExists, BoathouseError
from boathouse.foundation.home import HOME_VARIABLE

TARGETS = ("dev", "staging", "prod")
LAST = "2013-12-01"
"""The present at which a demo that finds the year lived through makes one more version."""
FAST_VARIABLE, FAST_PERCENT = "FAST", "30"


def main(targets: Sequence[str]) -> int:
    story, server, served = Story(), Server.of_this_repository(), Served()
    is_fast = os.environ.get(FAST_VARIABLE, "") not in ("", "0")
    if is_fast:
        os.environ.setdefault("BUNDLE_VAR_sample_percent", FAST_PERCENT)
    year = Year(FAST if is_fast else WHOLE)
    os.environ[HOME_VARIABLE] = str(server.home.root)  # for `import boathouse as bh` in this process
    story.console.print("Will this flight arrive late? Every flight that left New York City in 2013.\n", style="bold")
    try:
        with story:
            play(story, server, served, year, targets, is_whole=not is_fast)
        if "prod" in targets:
            print_report(story, server, served, year)
    except KeyboardInterrupt:
        story.failed("Interrupted. Boathouse goes on running; stop it with: .venv/bin/boathouse down")
        return 130
    except (Failed, BoathouseError) as problem:
        story.failed(str(problem), getattr(problem, "output", ""))
        return 1
    return 0


def play(story: Story, server: Server, served: Served, year: Year, targets: Sequence[str], *, is_whole: bool) -> None:
    """The whole path. Development and staging do not wait for each other; production waits for both, and in a short
    demo is the only one whose champion predicts a month."""
    start(story, server)
    prepare(story, server)
    before = [target for target in targets if target != "prod"]
    for target in before:
        deploy(story, server, target)
    in_parallel(story, *(partial(run_jobs, story, server, target, is_whole=is_whole) for target in before))
    if "prod" in targets:
        play_production(story, server, served, year)
        try_forbidden_write(story, server)


def play_production(story: Story, server: Server, served: Served, year: Year) -> None:
    """The year, and what a day of production may bring. A second demo finds the year lived through, and makes one more
    version at the beginning of its last month."""
    deploy(story, server, "prod")
    served.token = token_of(server, SIGNER)
    present = year.calendar.end if champion_of(server) is None else LAST

    def let_the_day_come(traffic: Traffic) -> None:
        with traffic:
            if present == LAST:
                make_one_more(story, server, served, traffic)
            let_fall(story, server, traffic, served)
        served.example = curl(server, traffic.questions[0])

    if present == LAST:
        run_job(story, server, "prod", "features", "--params", f"as_of={LAST}", title=f"features, {LAST}")
        let_the_day_come(served.new_traffic(server, LAST))
    else:
        live_the_year(story, server, served, year, let_the_day_come)

    def look_back() -> None:
        check_captured(story, served)
        replay(story, server, served)
        run_job(story, server, "prod", "scoring", "--params", f"as_of={present}")

    in_parallel(story, look_back, lambda: try_bad_candidate(story, server, present))


def in_parallel(story: Story, *parts: Callable[[], None]) -> None:
    """Parts that do not wait for each other; the first that fails ends the others."""
    with ThreadPoolExecutor() as threads, story.stopping_together():
        for done in as_completed([threads.submit(part) for part in parts]):
            done.result()


def make_one_more(story: Story, server: Server, served: Served, traffic: Traffic) -> None:
    """A version that nobody but us has asked for: it meets the same gates, and comes by the same canary."""
    run_job(story, server, "prod", "training", "--params", f"as_of={LAST}", title=f"training, {LAST}")
    version = newest_version(server, "prod")
    watch_shadow(story, server, traffic, served, version)
    judge(story, server, "prod")
    ended = watch_canary(story, server, traffic, served, version, lambda: run_job(story, server, "prod", "answers"))
    if ended != "done":
        raise Failed(f"The rollout of version {version} ended as {ended}: {served.rollout['why']}")


def run_jobs(story: Story, server: Server, target: str, *, is_whole: bool) -> None:
    """Before production: what the job features does, in one process, and everything that follows it."""
    run_job(story, server, target, "month", "--params", "land=yes", title="features")
    run_job(story, server, target, "training")
    judge(story, server, target)
    if is_whole:
        run_job(story, server, target, "scoring")


def try_bad_candidate(story: Story, server: Server, present: str) -> None:
    """A version that has learned from shuffled outcomes registers without a complaint, and gets no further."""
    options = ("--params", f"as_of={present}", "--params", "shuffle_labels=yes")
    run_job(story, server, "prod", "training", *options, title="training, labels shuffled")
    run = watch_deployment(story, server, "prod", "prod     gates, labels shuffled")
    if result_of(run) == "SUCCESS":
        raise Failed("A model that learned from shuffled outcomes has passed its gates.")


def start(story: Story, server: Server) -> None:
    """A running Boathouse: one that is there already, else a new one."""
    with story.step("start Boathouse") as step:
        if server.is_running:
            step.detail = f"{server.url} (it was running)"
        else:
            # One process that answers is enough for four who ask, and leaves the cores to the jobs.
            os.environ.setdefault("BOATHOUSE_SERVING_WORKERS", "1")
            server.command("up", "--detach", "--home", str(server.home.root))
            step.detail = server.url


def prepare(story: Story, server: Server) -> None:
    """A service principal for each target, who may use that target's catalog; dev's may also look at prod."""
    import boathouse as bh

    with story.step("principals and grants") as step:
        client = server.client()
        for target in TARGETS:
            with suppress(AlreadyExists):
                client.post("/api/boathouse/v1/principals", {"name": f"flights-{target}", "kind": "service_principal"})
            bh.sql(f"GRANT USE CATALOG ON CATALOG {target} TO `flights-{target}`")
        bh.sql("GRANT USE CATALOG ON CATALOG prod TO `flights-dev`")
        for kind, name in (("group", SIGNERS), ("user", SIGNER)):
            with suppress(AlreadyExists):
                client.post("/api/boathouse/v1/principals", {"name": name, "kind": kind})
        server.command("groups", "add-member", SIGNERS, SIGNER)
        bh.sql(f"GRANT USE CATALOG ON CATALOG prod TO `{SIGNERS}`")
        step.detail = ", ".join(f"flights-{target}" for target in TARGETS)


def deploy(story: Story, server: Server, target: str) -> None:
    with story.step(f"{target:<8} deploy") as step:
        said = server.command("bundle", "deploy", "--target", target, "--auto-approve")
        step.detail = said.strip().splitlines()[-1]


def try_forbidden_write(story: Story, server: Server) -> None:
    """Development looks at production, and is refused when it wants to write there."""
    with story.step("dev may look at prod, not write") as step:
        token = token_of(server, "flights-dev")
        server.command("sql", "SELECT count(*) FROM prod.flights.predictions", token=token)
        attempt = server.attempt("sql", "INSERT INTO prod.flights.labels VALUES ('x', true, now())", token=token)
        if attempt.returncode == 0:
            raise Failed("flights-dev has written to prod.flights.labels, which nobody allowed.")
        step.detail = "refused, as it should be"
        story.refusal = attempt.stderr.strip().splitlines()[0].removeprefix("Error: ")


if __name__ == "__main__":
    # Targets as arguments: only these. `make demo` takes all three.
    sys.exit(main(sys.argv[1:] or TARGETS))
