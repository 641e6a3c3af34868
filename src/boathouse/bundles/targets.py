"""Choosing a target and joining its settings with the top-level ones."""

from boathouse.bundles.findings import Findings
from boathouse.bundles.merging import merge
from boathouse.bundles.nodes import Node
from boathouse.foundation.errors import did_you_mean

DEFAULT_TARGET = "default"
"""The name of the only target of a bundle that declares none."""
_MERGED = ("bundle", "workspace", "artifacts", "resources", "presets", "permissions", "sync")


def choose_target(document: Node, asked: str | None, findings: Findings) -> tuple[str, Node]:
    """The target that was asked for, else the one marked as default, else the only one."""
    targets = (document.get("targets") or Node({}, document.position)).mapping
    empty = Node({}, document.position)
    if asked is not None:
        if asked in targets:
            return asked, targets[asked]
        where = document.get("targets") or document
        known = f"There {'is' if len(targets) == 1 else 'are'}: {', '.join(targets)}." if targets else None
        findings.error(where, f"there is no target {asked!r}.", did_you_mean(asked, targets) or known)
        return asked, empty
    if not targets:
        return DEFAULT_TARGET, empty
    defaults = [name for name, node in targets.items() if (flag := node.get("default")) and flag.value is True]
    if len(defaults) > 1:
        findings.error(targets[defaults[1]], f"{' and '.join(defaults)} are both marked as the default target.")
    if defaults:
        return defaults[0], targets[defaults[0]]
    if len(targets) == 1:
        return next(iter(targets.items()))
    findings.error(
        document.mapping["targets"],
        "no target was named and none is marked as default.",
        f"Name one with -t: {', '.join(targets)}.",
    )
    return next(iter(targets)), empty


def with_target(document: Node, target: Node) -> Node:
    """The document as this target sees it."""
    for section in _MERGED:
        over = target.get(section)
        if over is not None and over.value is not None:
            base = document.get(section)
            document = document.with_child(section, merge(base, over, key=section) if base else over)
    if (identity := target.get("run_as")) is not None:
        document = document.with_child("run_as", identity)  # a user replaces a service principal, so nothing merges
    if (git := target.get("git")) is not None:
        before = document.get("bundle", "git")
        document = document.with_path(("bundle", "git"), merge(before, git) if before else git)
    return document
