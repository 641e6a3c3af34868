"""Runs the benchmarks named on the command line, or all, and writes what they print into RESULTS.md.

Each benchmark is a script of its own that prints Markdown sections; contenders run side by side in one process run, and
results are compared before times are.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHMARKS = {"filling", "run", "table"}
PACKAGES = ("deltalake", "duckdb", "mlflow", "dbos", "sqlglot", "polars")


def main() -> None:
    known = sorted(file.stem for file in HERE.glob("*.py") if file.stem not in NOT_BENCHMARKS)
    chosen = sys.argv[1:] or known
    if unknown := set(chosen) - set(known):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}. There are: {', '.join(known)}.")
    results = HERE / "RESULTS.md"
    kept = read_sections(results)
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in chosen:
        print(f"{name} ...", flush=True)
        done = subprocess.run([sys.executable, HERE / f"{name}.py"], env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(done.stdout)  # what it had measured until then
            sys.exit(f"{name} failed with code {done.returncode}.")
        kept[name] = f"{stamp()}\n\n{done.stdout.strip()}"
        print(done.stdout)
    results.write_text(HEAD + "".join(f"\n<!-- {name} -->\n{kept[name]}\n" for name in known if name in kept))


HEAD = """# Results

Made by `make bench`. Machines differ and are noisy: read ratios before times. Goals stand beside the figures; a figure
that misses its goal is left as measured.
"""


def stamp() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"_{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors, Python {platform.python_version()}, {versions}_"
    )


def read_sections(results: Path) -> dict[str, str]:
    if not results.exists():
        return {}
    parts = results.read_text().split("\n<!-- ")[1:]
    return {part.partition(" -->\n")[0]: part.partition(" -->\n")[2].strip() for part in parts}


if __name__ == "__main__":
    main()
