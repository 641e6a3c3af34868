"""Filters of events in ``boathouse.yml``: a type that no event has would wait for ever, so it is noted."""

from boathouse.bundles.findings import Findings
from boathouse.bundles.nodes import Node
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.event_filter import EventFilter, problems_of_filter
from boathouse.foundation.shapes import dotted
from boathouse.foundation.yaml_source import KeyPath


def check_filter(wanted: EventFilter, node: Node, path: KeyPath, place: KeyPath, findings: Findings) -> None:
    """Note what is wrong with a filter that stands at ``place`` within ``node``, which stands at ``path``."""
    for problem in problems_of_filter(wanted, KNOWN_TYPES, place):
        where = dotted((*path, *problem.path))
        findings.error(node.nearest(problem.path), f"{where}: {problem.message}", problem.hint)
