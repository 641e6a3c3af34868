"""What the demo leaves behind, on one screen: what was made, how good it is, where it came from, where to look."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from demo_console import Story
from demo_jobs import MODEL
from demo_server import Server
from demo_serving import ENDPOINT, Served
from demo_timeline import costs_of, months, months_lines, timeline_lines, year_rows
from demo_year import Year
from rich.box import SIMPLE_HEAD
from rich.table import Table

from boathouse.foundation.rest import RestClient

API = "/api/boathouse/v1"
IN_PRODUCTION = f"prod.{MODEL}"
PREDICTIONS = "prod.flights.predictions"
SEVERITY = ("passed", "waived", "inconclusive", "failed")
COLOURS = {"passed": "green", "waived": "cyan", "inconclusive": "yellow", "failed": "red"}
LEARNED = ("TRAINED", "FEATURES")
COMMANDS = (
    'sql "SELECT * FROM prod.flights.daily_report ORDER BY day LIMIT 7"',
    'sql "SELECT carrier, count(*) AS flights, avg(late_probability) AS said FROM prod.flights.predictions GROUP BY 1"',
    'sql "SELECT event_time, user_identity.email FROM system.access.audit WHERE response.statusCode = 403"',
    "lineage prod.flights.predictions --up",
    f"endpoint show {ENDPOINT} --history",
    f"endpoint rollout {ENDPOINT}",
    f"endpoint shadow {ENDPOINT}",
    "model gates prod.flights.delay_model@1",
    "retraining history prod.flights.delay_model",
    "incident review 1",
    "model why prod.flights.delay_model@champion",
    "model card prod.flights.delay_model@champion",
    "features show prod.flights.aircraft_days",
    "features certificate prod.flights.delay_model",
)


def print_report(story: Story, server: Server, served: Served, year: Year) -> None:
    """Print the report."""
    client = server.client()
    show = story.console.print
    show(f"\n[bold green]Done in {story.seconds:.0f} s.[/] What was made:\n")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(client, server):
        facts.add_row(name, text)
    for name, text in _answers(served):
        facts.add_row(name, text)
    facts.add_row("Refused", story.refusal)
    if year.touched:
        facts.add_row("Touched", f"{year.touched['predictions']:,} answers by the broken weather")
    show(facts)
    rows = year_rows()
    show()
    for line in (*timeline_lines(year), "", *(months_lines(months(rows, costs_of(client))) if rows else ())):
        show(line, soft_wrap=True)
    if served.rollout:
        show()
        show(rollout_table(served))
    for version, title in _candidates(client):
        show()
        show(verdicts(client, version, f"Version {version}: {title}"))
    show("\n[bold]Where to look[/]")
    show(
        f"  {server.url}/ui/      the web page; .venv/bin/boathouse ui prints a link that signs you in", soft_wrap=True
    )
    show(
        f"  {server.url}/mlflow   runs and models in MLflow; or sign in with the token in {server.home.token_file}",
        soft_wrap=True,
    )
    show(f"  {server.url}/docs     the REST API", soft_wrap=True)
    for command in COMMANDS:
        show(f"  .venv/bin/boathouse {command}", markup=False, soft_wrap=True)
    show("\n[bold]Ask it[/]")
    show(f"  {served.example}", markup=False, soft_wrap=True)
    show("\nIt goes on running. Stop it with: [bold].venv/bin/boathouse down[/]")


def _facts(client: RestClient, server: Server) -> Iterator[tuple[str, str]]:
    import boathouse as bh

    champion = client.get(f"{API}/models/{IN_PRODUCTION}")["model"]["aliases"]["champion"]
    decision = _decision(client, champion)
    signed = ", ".join(f"signed by {each['principal']}" for each in decision["approvals"])
    yield "Model", f"{IN_PRODUCTION} version {champion} is champion, {signed}"
    yield "Quality", "on the flights of the month after training (in brackets: 95 % of resampled days)"
    yield "", ", ".join(_metrics(decision))
    certificate = server.command_json("features", "certificate", f"{IN_PRODUCTION}/{champion}")
    for line in _certificate(certificate):
        yield "Certificate" if line.startswith(certificate["verdict"]) else "", line
    scored = bh.sql(f"SELECT count(*) AS n, avg(late_probability) AS p FROM {PREDICTIONS}").rows()[0]
    yield "Predictions", f"{PREDICTIONS}: {scored['n']:,} flights, late with probability {scored['p']:.2f} on average"
    for line in _lineage(client, champion):
        yield "Lineage" if line.startswith(PREDICTIONS) else "", line


def _answers(served: Served) -> Iterator[tuple[str, str]]:
    """What was asked over REST, and who has answered."""
    answers = served.answers
    failed = sum(each.status != 200 for each in answers)
    yield "Answers", f"{len(answers):,} requests over REST, {failed} failed; {served.captured:,} in the inference table"
    for who, count in sorted(Counter(each.served_by for each in answers).items()):
        yield "", f"{who} answered {count:,}"
    for told in served.shadow[-1:]:
        yield (
            "Shadow",
            f"version {told['model_version']} beside what callers got, {told['predictions']:,} times: |difference| "
            + " ".join(
                f"{name} {value:.3f}" for name, value in zip(("50 %", "90 %", "99 %"), told["quantiles"], strict=True)
            ),
        )
    yield "Fall", ", ".join(f"{count} answers by {rung}" for rung, count in sorted(served.fallen.items()))
    replayed = served.replay
    yield "Replay", f"{replayed['request_id']}: {replayed['verdict']} ({replayed['model']}@{replayed['version']})"


def rollout_table(served: Served) -> Table:
    """How the new champion came to its traffic."""
    rollout = served.rollout
    title = f"{rollout['model']} {rollout['from_version']} → {rollout['to_version']}: {rollout['state']}"
    table = Table("Step", "Share", "Why", title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for each in sorted(rollout["history"], key=lambda step: step["at"]):
        findings = [finding["text"] for finding in each["findings"]]
        why = "; ".join(findings) or each["reason"] or ""
        table.add_row(each["kind"], f"{each['from_percent']:g} → {each['to_percent']:g} %", why)
    return table


def verdicts(client: RestClient, version: int, title: str) -> Table:
    """What the gates say of a version, a line each: the worst of its rules, and what was measured."""
    table = Table("Gate", "Verdict", "Why", title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    worst: dict[str, dict[str, Any]] = {}
    for row in _decision(client, version)["evidence"]:
        gate = row["measurement"]["gate"]
        if gate not in worst or SEVERITY.index(row["verdict"]) > SEVERITY.index(worst[gate]["verdict"]):
            worst[gate] = row
    for gate, row in worst.items():
        part = row["measurement"]["slice"]
        reason = row["reason"] if part is None else f"{part['key']} {part['value']}: {row['reason']}"
        table.add_row(gate, f"[{COLOURS[row['verdict']]}]{row['verdict']}[/]", reason)
    return table


def _candidates(client: RestClient) -> Iterator[tuple[int, str]]:
    """The champion, and the newest version, which is the one that the gates have stopped."""
    found = client.get(f"{API}/models/{IN_PRODUCTION}")
    yield found["model"]["aliases"]["champion"], "the champion"
    yield max(each["version"] for each in found["versions"]), "the one that has learned from shuffled outcomes"


def _decision(client: RestClient, version: int) -> dict[str, Any]:
    return client.get(f"{API}/models/{IN_PRODUCTION}/versions/{version}/decision")


def _metrics(decision: dict[str, Any]) -> Iterator[str]:
    """The champion's metrics with the naive forecast's beside the one that it has to beat."""
    found = {
        row["measurement"]["metric"]: row["measurement"]
        for row in decision["evidence"]
        if row["measurement"]["gate"] == "metric" and row["measurement"]["slice"] is None
    }
    for name, measured in found.items():
        low, high = measured["interval"] or (None, None)
        yield f"{name} {measured['value']:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None else "")


def _certificate(found: dict[str, Any]) -> Iterator[str]:
    """What was proven of the champion's training set, one line per feature table."""
    yield (
        f"{found['verdict']}: {found['rows']:,} rows of the training set hold what was known when we were asked;"
        f" {found['sample']:,} of each table recomputed by the definition"
    )
    for facts in found["lookups"]:
        checks = [check for check in found["checks"] if check["lookup"] == facts["lookup"]]
        passed, failed = (sum(check["verdict"] == each for check in checks) for each in ("passed", "failed"))
        table = facts["lookup"].split(" ")[0].rpartition(".")[2]
        line = f"{table:<13} {facts['matched'] / facts['rows']:4.0%} matched, {passed} proofs passed, {failed} failed"
        feature, count = max(facts["differing"].items(), key=lambda pair: pair[1], default=("", 0))
        if count:
            line += f"; known time ignored, {count / facts['rows']:.0%} of {feature} would come from the future"
        yield line


def _lineage(client: RestClient, champion: int) -> Iterator[str]:
    """Where the predictions come from: each thing with the versions of what it was made of."""
    yield from _table_lineage(client)
    upstream = client.get(f"{API}/lineage/upstream", kind="model_version", name=IN_PRODUCTION, version=champion)[
        "edges"
    ]
    data = {(edge["source"]["name"], edge["source"]["version"]) for edge in upstream if edge["operation"] in LEARNED}
    yield f"{IN_PRODUCTION} v{champion} from {', '.join(_versioned(*each) for each in sorted(data))}"


def _table_lineage(client: RestClient) -> Iterator[str]:
    """Each table with what the task that wrote it had read; of tables that one task wrote, the first tells for all."""
    pending, seen, told = [PREDICTIONS], set[str](), set[int]()
    while pending:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        written = [edge for edge in _edges(client, name=name) if (edge["target"] or {}).get("name") == name]
        task = written[0]["entity"].get("task_run_id") if written else None
        is_new = task is None or task not in told
        of_task = _edges(client, task_run_id=task) if task else []
        sources = {(edge["source"]["name"], edge["source"]["version"]) for edge in of_task if edge["source"]}
        shown = sorted(_versioned(*source) for source in sources if source[0] != name)
        if shown and is_new:
            yield f"{_versioned(name, written[0]['target']['version'])} from {', '.join(shown)}"
        told |= {task} if task is not None else set()
        pending += [source for source, _ in sources]


def _edges(client: RestClient, **wanted: Any) -> list[dict[str, Any]]:
    return client.get(f"{API}/lineage", **wanted)["edges"]


def _versioned(name: str, version: int | None) -> str:
    return f"{name} v{version}" if version is not None else name
