"""The versions of a model, newest first, with what points at them and what their gates say."""

from collections.abc import Collection, Sequence

from boathouse.foundation.names import ModelName
from boathouse.models.evidence.nouns import Verdict
from boathouse.models.nouns import ModelVersion, RegisteredModel
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import at, gates_summary, gates_tone, worst_by_gate
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import link
from boathouse.server.ui.visitor import Visitor

COLUMNS = ("Version", "Aliases", "Created", "Gates", "Run", "Comment")


async def versions_card(visitor: Visitor, model: RegisteredModel, versions: list[ModelVersion]) -> None:
    """All of them; gates of those that were evaluated."""
    name = ModelName.parse(model.name)
    with card("Versions"):
        if not versions:
            empty("This model has no versions yet.", "Register one from a run: mlflow.register_model(...)")
            return
        verdicts = await visitor.ask(visitor.plane.governance.evidence.verdicts, name)
        grid(
            COLUMNS,
            [_row(model.name, each, verdicts.get(each.version, ())) for each in versions],
            label=f"Versions of {model.name}",
        )
        if len(versions) > 1:
            _comparison(model, versions)


def _comparison(model: RegisteredModel, versions: Sequence[ModelVersion]) -> None:
    """The newest beside the champion, or beside the one before."""
    newest, before = versions[0].version, versions[1].version
    champion = model.aliases.get("champion", newest)
    other = before if champion == newest else champion
    link(f"Compare version {other} with version {newest}", addresses.model_comparison(model.name, other, newest))


def _row(model: str, version: ModelVersion, told: Collection[tuple[str, Verdict]]) -> list[object]:
    worst = worst_by_gate((gate, verdict.value) for gate, verdict in told)
    return [
        Linked(str(version.version), addresses.model_version(model, version.version)),
        State(", ".join(version.aliases), Tone.GOOD if "champion" in version.aliases else Tone.QUIET)
        if version.aliases
        else None,
        Ago(at(version.created_at)),
        State(gates_summary(worst.values()), gates_tone(worst.values())) if worst else "not evaluated",
        version.run_id[:8] if version.run_id else None,
        (version.comment or "")[:120],
    ]
