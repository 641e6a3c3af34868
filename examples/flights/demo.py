"""``make demo``: the whole path on real data, from raw files to governed predictions and answers in production.

Everything goes through the command line and the REST API, as a person would do it by hand; only the bars are ours.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from demo_console import Story
from demo_jobs import (
    SIGNER,
    SIGNERS,
    champion_of,
    in_parallel,
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
from demo_year import FAST, WHOLE, Lived, Year, compare_the_year, live_on, live_the_year

from boathouse.foundation.errors import AlreadyExists, BoathouseError
from boathouse.foundation.home import HOME_VARIABLE

TARGETS = ("dev", "staging", "prod")
LAST = "2013-12-01"
"""The present at which a demo that finds the year lived through makes one more version."""
FAST_VARIABLE, FAST_PERCENT = "FAST", "30"
SETTINGS = {"BOATHOUSE_SERVING_WORKERS": "1", "BOATHOUSE_WORKER_SLOTS": "3", "BOATHOUSE_CAPTURE_SECONDS": "2"}
"""One process that answers is enough for four who ask. A task often waits for something, so there may be one more than
there are cores. What was answered is asked for within seconds."""
PERCENT_VARIABLE = "BUNDLE_VAR_sample_percent"


def main(targets: Sequence[str]) -> int:
    story, server, served = Story(), Server.of_this_repository(), Served()
    year = Year(FAST if is_fast() else WHOLE)
    os.environ[HOME_VARIABLE] = str(server.home.root)  # for `import boathouse as bh` in this process
    story.console.print("Will this flight arrive late? Every flight that left New York City in 2013.\n", style="bold")
    try:
        with story:
            play(story, server, served, year, targets)
        if "prod" in targets:
            print_report(story, server, served, year)
    except KeyboardInterrupt:
        story.failed("Interrupted. Boathouse goes on running; stop it with: .venv/bin/boathouse down")
        return 130
    except (Failed, BoathouseError) as problem:
        story.failed(str(problem), getattr(problem, "output", ""))
        return 1
    return 0


def play(story: Story, server: Server, served: Served, year: Year, targets: Sequence[str]) -> None:
    """The whole path. Development and staging do not wait for each other, except that one is deployed after the other:
    both build the same wheel. Once both have learned, production's tables are made; its model waits for both verdicts,
    and is the only one that predicts a month."""
    start(story, server)
    prepare(story, server)
    before = [target for target in targets if target != "prod"]
    for target in before[:1]:
        deploy(story, server, target)
    in_parallel(
        story,
        *(partial(learn, story, server, target) for target in before[:1]),
        *(partial(deploy_and_learn, story, server, target) for target in before[1:]),
    )
    verdicts = [partial(judge, story, server, target) for target in before]
    if "prod" not in targets:
        in_parallel(story, *verdicts)
        return
    in_parallel(story, *verdicts, partial(open_production, story, server, year))
    play_production(story, server, served, year)


def open_production(story: Story, server: Server, year: Year) -> None:
    """The same code, with the tables that the first model learns from."""
    deploy(story, server, "prod")
    present = year.calendar.first if champion_of(server) is None else LAST
    run_job(story, server, "prod", "features", {"as_of": present}, title=f"features, {present}")


def play_production(story: Story, server: Server, served: Served, year: Year) -> None:
    """The year, and what a day of production may bring. A second demo finds the year lived through, and makes one more
    version at the beginning of its last month."""
    served.token = token_of(server, SIGNER)
    lived = live_the_year(story, server, served, year) if champion_of(server) is None else None
    present = LAST if lived is None else lived.present
    traffic = served.new_traffic(server, present)
    served.example = curl(server, traffic.questions[0])
    try_bad = partial(try_bad_candidate, story, server, present)
    if lived is None:
        make_one_more(story, server, served, traffic)
        let_fall(story, server, traffic, served)
        in_parallel(
            story,
            partial(look_back, story, server, served, present),
            try_bad,
            partial(try_forbidden_write, story, server),
        )
    else:
        play_the_end(story, server, served, year, lived, traffic, try_bad)


def play_the_end(
    story: Story,
    server: Server,
    served: Served,
    year: Year,
    lived: Lived,
    traffic: Traffic,
    try_bad: Callable[[], None],
) -> None:
    """The models are killed and the last stretch is lived, while nonsense is judged; then what the year has come to,
    while we look back at its answers."""
    end = year.calendar.end

    def live_to_the_end() -> None:
        let_fall(story, server, traffic, served)
        live_on(story, server, year, lived.present, end)

    in_parallel(story, live_to_the_end, try_bad)
    in_parallel(
        story,
        partial(compare_the_year, story, server, year, lived.began),
        partial(look_back, story, server, served, end),
        partial(try_forbidden_write, story, server),
    )


def look_back(story: Story, server: Server, served: Served, present: str) -> None:
    """What was answered: is all of it recorded, comes it out the same, and what would a batch have said."""
    check_captured(story, served)
    replay(story, server, served)
    run_job(story, server, "prod", "scoring", {"as_of": present})


def make_one_more(story: Story, server: Server, served: Served, traffic: Traffic) -> None:
    """A version that nobody but us has asked for: it meets the same gates, and comes by the same canary."""
    run_job(story, server, "prod", "training", {"as_of": LAST}, title=f"training, {LAST}")
    version = newest_version(server, "prod")
    with traffic:
        watch_shadow(story, server, traffic, served, version)
        judge(story, server, "prod")
        ended = watch_canary(story, server, traffic, served, version, lambda: run_job(story, server, "prod", "answers"))
    if ended != "done":
        raise Failed(f"The rollout of version {version} ended as {ended}: {served.rollout['why']}")


def learn(story: Story, server: Server, target: str) -> None:
    """Before production: what the job features does, in one process, and a model."""
    run_job(story, server, target, "month", {"land": "yes"}, title="features")
    run_job(story, server, target, "training")


def deploy_and_learn(story: Story, server: Server, target: str) -> None:
    deploy(story, server, target)
    learn(story, server, target)


def try_bad_candidate(story: Story, server: Server, present: str) -> None:
    """A version that has learned from shuffled outcomes registers without a complaint, and gets no further."""
    parameters = {"as_of": present, "shuffle_labels": "yes"}
    run_job(story, server, "prod", "training", parameters, title="training, labels shuffled")
    run = watch_deployment(story, server, "prod", "prod     gates, labels shuffled")
    if result_of(run) == "SUCCESS":
        raise Failed("A model that learned from shuffled outcomes has passed its gates.")


def start(story: Story, server: Server) -> None:
    """A running Boathouse: one that is there already, else a new one."""
    with story.step("start Boathouse") as step:
        if server.is_running:
            step.detail = f"{server.url} (it was running)"
        else:
            for name, value in SETTINGS.items():
                os.environ.setdefault(name, value)
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


def is_fast() -> bool:
    return os.environ.get(FAST_VARIABLE, "") not in ("", "0")


def deploy(story: Story, server: Server, target: str) -> None:
    """Fewer aircraft where it shall be fast; development has fewer by itself."""
    fewer = is_fast() and target != "dev" and PERCENT_VARIABLE not in os.environ
    options = ("--var", f"sample_percent={FAST_PERCENT}") if fewer else ()
    with story.step(f"{target:<8} deploy") as step:
        said = server.command("bundle", "deploy", "--target", target, "--auto-approve", *options)
        step.detail = said.strip().splitlines()[-1]


def try_forbidden_write(story: Story, server: Server) -> None:
    """Development looks at production, and is refused when it wants to write there."""
    with story.step("dev may look at prod, not write") as step:
        token = token_of(server, "flights-dev")
        server.command("sql", "SELECT count(*) FROM prod.flights.labels", token=token)
        attempt = server.attempt("sql", "INSERT INTO prod.flights.labels VALUES ('x', true, now())", token=token)
        if attempt.returncode == 0:
            raise Failed("flights-dev has written to prod.flights.labels, which nobody allowed.")
        step.detail = "refused, as it should be"
        story.refusal = attempt.stderr.strip().splitlines()[0].removeprefix("Error: ")


if __name__ == "__main__":
    # Targets as arguments: only these. `make demo` takes all three.
    sys.exit(main(sys.argv[1:] or TARGETS))
