"""What a target's mode and presets do to its resources.

Development: names say whose they are, schedules sleep, deployments do not lock each other out. Production: the code
comes from the branch that was agreed on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from boathouse.bundles.findings import Findings
from boathouse.bundles.git import GitFacts
from boathouse.bundles.kinds import KINDS, MONITORS
from boathouse.bundles.nodes import Node
from boathouse.bundles.substitution import escape
from boathouse.bundles.user import CurrentUser

DEVELOPMENT, PRODUCTION = "development", "production"
DEVELOPMENT_CONCURRENT_RUNS = 10
"""In development a new run need not wait for the last one."""


@dataclass(frozen=True, slots=True)
class Presets:
    """What every resource of the target gets."""

    name_prefix: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    pause_status: str | None = None
    jobs_max_concurrent_runs: int | None = None

    @property
    def governed_prefix(self) -> str:
        """The prefix as a name in Unity Catalog can hold it: ``[dev ann] `` gives ``dev_ann_``."""
        plain = re.sub(r"\W+", "_", self.name_prefix).strip("_").lower()
        return f"{plain}_" if plain else ""


def presets_of(mode: str | None, written: Node | None, user: CurrentUser) -> Presets:
    """The mode's presets, overridden by what the target says."""
    default = Presets()
    if mode == DEVELOPMENT:
        default = Presets(f"[dev {user.short_name}] ", {"dev": user.short_name}, "PAUSED", DEVELOPMENT_CONCURRENT_RUNS)
    if written is None:
        return default
    said = written.plain()
    return Presets(
        said["name_prefix"] if isinstance(said.get("name_prefix"), str) else default.name_prefix,
        {**default.tags, **{str(key): str(value) for key, value in (said.get("tags") or {}).items()}},
        said.get("trigger_pause_status") or default.pause_status,
        said.get("jobs_max_concurrent_runs") or default.jobs_max_concurrent_runs,
    )


def apply_presets(resources: Node, presets: Presets) -> Node:
    """The resources with names, tags and schedules as the presets want them; what a resource says itself wins."""
    own_schemas = _schemas(resources)
    for section in KINDS:
        of_kind = resources.get(section)
        if of_kind is None:
            continue
        for key, resource in of_kind.mapping.items():
            if isinstance(resource.value, dict):
                changed = _preset(section, key, resource, presets, own_schemas)
                resources = resources.with_path((section, key), changed)
    return resources


def _preset(section: str, key: str, resource: Node, presets: Presets, own_schemas: frozenset[str]) -> Node:
    if section == "jobs" and resource.get("name") is None:
        resource = resource.with_child("name", Node(key, resource.where))
    resource = _prefixed(section, resource, presets, own_schemas)
    if section == "jobs":
        return _preset_job(resource, presets)
    if section == "experiments" and presets.tags:
        return _tag_experiment(resource, presets)
    if section == MONITORS:
        return _paused(resource, "schedule", presets)
    return resource


def _prefixed(section: str, resource: Node, presets: Presets, own_schemas: frozenset[str]) -> Node:
    name = resource.get("name")
    if name is None or name.text is None:
        return resource
    governed = KINDS[section].governed
    is_plain = governed or KINDS[section].has_plain_name
    if governed and section != "schemas" and _lies_in(resource, own_schemas):
        return resource  # its schema carries the prefix already
    if section == "experiments" and "/" in name.text:
        folder, slash, last = name.text.rpartition("/")
        text = f"{folder}{slash}{escape(presets.name_prefix)}{last}"
    else:
        text = escape(presets.governed_prefix if is_plain else presets.name_prefix) + name.text
    return resource.with_child("name", Node(text, name.position, name.key_position))


def _schemas(resources: Node) -> frozenset[str]:
    """How a resource may name a schema of this bundle."""
    schemas = resources.get("schemas") or Node({}, resources.position)
    return frozenset(f"${{resources.schemas.{key}.name}}" for key in schemas.mapping)


def _lies_in(resource: Node, own_schemas: frozenset[str]) -> bool:
    schema = resource.get("schema_name")
    return schema is not None and schema.text in own_schemas


def _preset_job(job: Node, presets: Presets) -> Node:
    if presets.tags:
        own = (job.get("tags") or Node({}, job.where)).mapping
        defaults = {key: Node(escape(value), job.where) for key, value in presets.tags.items()}
        job = job.with_child("tags", Node({**defaults, **own}, job.where))
    if presets.jobs_max_concurrent_runs is not None and job.get("max_concurrent_runs") is None:
        job = job.with_child("max_concurrent_runs", Node(presets.jobs_max_concurrent_runs, job.where))
    for starter in ("schedule", "trigger", "continuous"):
        job = _paused(job, starter, presets)
    return job


def _paused(resource: Node, starter: str, presets: Presets) -> Node:
    """The resource with what starts it asleep, unless it says otherwise itself."""
    written = resource.get(starter)
    if presets.pause_status and written and written.mapping and written.get("pause_status") is None:
        paused = written.with_child("pause_status", Node(presets.pause_status, written.where))
        return resource.with_child(starter, paused)
    return resource


def _tag_experiment(experiment: Node, presets: Presets) -> Node:
    own = (experiment.get("tags") or Node([], experiment.where)).items
    taken = {tag.mapping["key"].text for tag in own if "key" in tag.mapping}
    added = [
        Node.of({"key": key, "value": escape(value)}, experiment.where)
        for key, value in presets.tags.items()
        if key not in taken
    ]
    return experiment.with_child("tags", Node([*own, *added], experiment.where))


def check_production(document: Node, git: GitFacts, *, force: bool, findings: Findings) -> None:
    """Production runs what the agreed branch holds, as a declared identity."""
    branch = document.get("bundle", "git", "branch")
    if branch is not None and branch.text and branch.text != git.branch:
        found = f"the current branch is {git.branch}" if git.branch else "there is no current branch"
        message = f"this target is deployed from the branch {branch.text}, but {found}."
        if force:
            findings.warning(branch, message, "Deployed all the same (--force).")
        else:
            findings.error(branch, message, f"Switch with: git switch {branch.text} (or deploy it with --force).")
    if document.get("run_as") is None and document.get("permissions") is None:
        where = document.get("bundle") or document
        findings.warning(
            where,
            "a production target has neither run_as nor permissions.",
            "Say who its jobs run as, and who may manage them.",
        )
