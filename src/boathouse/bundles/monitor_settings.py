"""``monitors`` of ``boathouse.yml``: what Databricks has no field for, added to the monitors of ``databricks.yml`` by
their keys."""

from boathouse.bundles.checking import check_shape
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import MONITORS
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.foundation.errors import did_you_mean
from boathouse.monitoring.monitors.settings import Extras

_FIELD = "boathouse"


def with_monitor_settings(
    document: Node, settings: Node | None, target: str, references: References, findings: Findings
) -> Node:
    """The document with those settings in the monitors that they are for. What is wrong is noted."""
    own = document.get("resources", MONITORS)
    known = own.mapping if own is not None else {}
    for key, monitor in known.items():
        if (written := monitor.get(_FIELD)) is not None:
            findings.error(
                written,
                f"resources.{MONITORS}.{key}: Databricks knows no field {_FIELD!r}.",
                f"Write this under monitors.{key} of boathouse.yml.",
            )
    for key, written in section_of(settings, "monitors", target, findings) if settings is not None else ():
        if key not in known:
            hint = did_you_mean(key, known) or f"Name one of resources.{MONITORS}."
            findings.error(written, f"monitors.{key}: there is no monitor {key!r} among the resources.", hint)
            continue
        node = check_shape(Extras, references.resolve_tree(written), ("monitors", key), findings)
        if node is not None and known[key].mapping:
            document = document.with_path(("resources", MONITORS, key, _FIELD), node)
    return document
