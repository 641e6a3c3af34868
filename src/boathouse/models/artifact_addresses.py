"""Where MLflow's artifacts are found: the routes that give and take files, and what their URIs name."""

FILES = "/api/2.0/mlflow-artifacts"
"""The routes."""

EVALUATION_PREFIX = "evaluation/"
"""What an evaluation leaves on the run of its version begins with it: its metrics and its artifacts."""

SCHEME = "mlflow-artifacts:"


def artifact_path(uri: str | None) -> str | None:
    """The path below the artifact folder that a ``mlflow-artifacts:`` URI names; None for any other URI."""
    if uri is None or not uri.startswith(SCHEME):
        return None
    rest = uri.removeprefix(SCHEME)
    if rest.startswith("//"):
        rest = rest[2:].partition("/")[2]
    return rest.strip("/")
