"""Which versions of models a task has loaded: seen when it downloads their content.

What the task writes afterwards comes from that version too, so predictions lead back to the model, its run, and the
tables that it was trained on.
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, SecurableKind
from boathouse.foundation.context import current_request
from boathouse.foundation.principals import Principal
from boathouse.models.repository import ModelRepository

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

LOADED = "LOADED"
LOADED_WITHIN_MS = 30 * 86_400_000
"""A job that has not loaded a version for 30 days does not use it any more."""
_MOST_REMEMBERED = 10_000

Load = tuple[int, str, int]
"""A task run, a model and a version of it."""


class Loads:
    """Draws one edge per task and version, however many files the version has."""

    def __init__(self, catalog: "Catalog", repository: ModelRepository) -> None:
        self._catalog = catalog
        self._repository = repository
        self._lock = threading.Lock()
        self._known: OrderedDict[Load, None] = OrderedDict()

    def downloaded(self, principal: Principal, artifact_path: str) -> None:
        """A file below the artifact folder has been given to the principal."""
        task = current_request().task
        if task is None:
            return
        parts = artifact_path.strip("/").split("/")
        places = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        found = self._repository.versions_at(places)
        if not found:
            return
        visible = self._catalog.grants.visible(principal, SecurableKind.REGISTERED_MODEL, {model for model, _ in found})
        new = [
            LineageNode(NodeKind.MODEL_VERSION, model, version)
            for model, version in sorted(found)
            if model in visible and self._is_new((task.task_run_id, model, version))
        ]
        self._catalog.lineage.record(principal, [LineageEdge(node, None, LOADED) for node in new])

    def _is_new(self, load: Load) -> bool:
        with self._lock:
            if load in self._known:
                return False
            self._known[load] = None
            while len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)
            return True
