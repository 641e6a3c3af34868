"""What the demo leaves behind, on one screen: what was made, how good it is, where it came from, where to look."""

from collections.abc import Iterator
from typing import Any

from demo_console import Story
from demo_server import Server
from rich.table import Table

from boathouse.foundation.rest import RestClient

API = "/api/boathouse/v1"
MODEL = "prod.flights.delay_model"
PREDICTIONS = "prod.flights.predictions"
METRICS = {"auc": "AUC", "log_loss": "log loss", "brier": "Brier", "calibration_error": "calibration error"}
LEARNED = ("TRAINED", "FEATURES")
COMMANDS = (
    'sql "SELECT * FROM prod.flights.daily_report ORDER BY day LIMIT 7"',
    'sql "SELECT carrier, count(*) AS flights, avg(late_probability) AS said FROM prod.flights.predictions GROUP BY 1"',
    'sql "SELECT event_time, user_identity.email FROM system.access.audit WHERE response.statusCode = 403"',
    "lineage prod.flights.predictions --up",
    "models show prod.flights.delay_model",
    "features show prod.flights.aircraft_days",
    "features certificate prod.flights.delay_model",
)


def print_report(story: Story, server: Server) -> None:
    """Print the report."""
    client = server.client()
    show = story.console.print
    show(f"\n[bold green]Done in {story.seconds:.0f} s.[/] What was made:\n")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(client, server):
        facts.add_row(name, text)
    facts.add_row("Refused", story.refusal)
    show(facts)
    show("\n[bold]Where to look[/]")
    show(f"  {server.url}/mlflow   runs and models; sign in with the token in {server.home.token_file}", soft_wrap=True)
    show(f"  {server.url}/docs     the REST API", soft_wrap=True)
    for command in COMMANDS:
        show(f"  .venv/bin/boathouse {command}", markup=False, soft_wrap=True)
    show("\nIt goes on running. Stop it with: [bold].venv/bin/boathouse down[/]")


def _facts(client: RestClient, server: Server) -> Iterator[tuple[str, str]]:
    import boathouse as bh

    models = client.get(f"{API}/models/{MODEL}")
    champion = models["model"]["aliases"]["champion"]
    version = next(each for each in models["versions"] if each["version"] == champion)
    latest = max(each["version"] for each in models["versions"])
    yield "Model", f"{MODEL} version {champion} is champion ({version['tags'].get('reason', 'no reason given')})"
    if latest != champion:
        newest = next(each for each in models["versions"] if each["version"] == latest)
        yield "", f"version {latest} stays challenger ({newest['tags'].get('reason', 'no reason given')})"
    metrics = _metrics(client, version["run_id"])
    yield "Quality", f"on {metrics['rows']:,.0f} flights of the month after training (in brackets: the naive forecast)"
    yield (
        "",
        ", ".join(f"{shown} {metrics[name]:.3f} ({metrics[f'naive_{name}']:.3f})" for name, shown in METRICS.items()),
    )
    certificate = server.command_json("features", "certificate", f"{MODEL}/{champion}")
    for line in _certificate(certificate):
        yield "Certificate" if line.startswith(certificate["verdict"]) else "", line
    scored = bh.sql(f"SELECT count(*) AS n, avg(late_probability) AS p FROM {PREDICTIONS}").rows()[0]
    yield "Predictions", f"{PREDICTIONS}: {scored['n']:,} flights, late with probability {scored['p']:.2f} on average"
    for line in _lineage(client, champion):
        yield "Lineage" if line.startswith(PREDICTIONS) else "", line


def _metrics(client: RestClient, run_id: str) -> dict[str, float]:
    run = client.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]
    return {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}


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
    upstream = client.get(f"{API}/lineage/upstream", kind="model_version", name=MODEL, version=champion)["edges"]
    data = {(edge["source"]["name"], edge["source"]["version"]) for edge in upstream if edge["operation"] in LEARNED}
    yield f"{MODEL} v{champion} from {', '.join(_versioned(*each) for each in sorted(data))}"


def _table_lineage(client: RestClient) -> Iterator[str]:
    """Each table with what the task that wrote it had read."""
    pending, seen = [PREDICTIONS], set[str]()
    while pending:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        written = [edge for edge in _edges(client, name=name) if (edge["target"] or {}).get("name") == name]
        task = written[0]["entity"].get("task_run_id") if written else None
        of_task = _edges(client, task_run_id=task) if task else []
        sources = {(edge["source"]["name"], edge["source"]["version"]) for edge in of_task if edge["source"]}
        shown = sorted(_versioned(*source) for source in sources if source[0] != name)
        if shown:
            yield f"{_versioned(name, written[0]['target']['version'])} from {', '.join(shown)}"
        pending += [source for source, _ in sources]


def _edges(client: RestClient, **wanted: Any) -> list[dict[str, Any]]:
    return client.get(f"{API}/lineage", **wanted)["edges"]


def _versioned(name: str, version: int | None) -> str:
    return f"{name} v{version}" if version is not None else name
