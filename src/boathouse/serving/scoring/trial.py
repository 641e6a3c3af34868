"""Loads a model and asks it, in a process that nobody misses: a damaged file may end the process that opens it.

Started as a module by :func:`trouble_with`, with the folder of the model.
"""

import subprocess
import sys
from pathlib import Path

from boathouse.models.serving_process.processes import how_it_ended, variables
from boathouse.serving.scoring.example import made_up
from boathouse.serving.scoring.flavours.bare_lightgbm import import_bare
from boathouse.serving.scoring.mlmodel import ModelFolder, read_model_folder
from boathouse.serving.scoring.payloads import JSON, read_payload
from boathouse.serving.scoring.scorers import open_here

_MODULE = "boathouse.serving.scoring.trial"
_SECONDS = 60.0
_ROWS = 1_000_000


def trouble_with(folder: ModelFolder, home: Path) -> str | None:
    """Why a model should not be loaded here; None when another process has loaded it, and it has answered.

    Args:
        home: A folder for what the process writes.
    """
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-W", "ignore", "-m", _MODULE, str(folder.path.absolute())]
    try:
        done = subprocess.run(
            command, cwd=home, env=variables(home), capture_output=True, timeout=_SECONDS, check=False
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it does not load within {_SECONDS:g} s"
    if done.returncode == 0:
        return None
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return f"{how_it_ended(done.returncode)}: {last[:300]}"


def main(path: Path) -> None:
    folder = read_model_folder(path)
    if folder.flavors.get("lightgbm", {}).get("model_class") == "lightgbm.basic.Booster":
        import_bare()
    scorer = open_here(folder)
    body = folder.example or made_up(folder)
    if body is not None:
        scorer.answer(scorer.predict(scorer.read(read_payload(body, JSON, most_rows=_ROWS)), None))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
