"""From the files of a bundle to what should exist in one target. Runs in the CLI and needs no server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from boathouse.bundles.alert_settings import AlertSettings
from boathouse.bundles.checking import check_job, check_kinds, check_names, check_order, check_shape
from boathouse.bundles.contract_settings import ContractSettings
from boathouse.bundles.desired import DesiredResource, DesiredState, Place, ResourceId
from boathouse.bundles.document import ArtifactShape, DocumentShape
from boathouse.bundles.endpoint_settings import EndpointSettings, check_endpoint
from boathouse.bundles.files import read_document, read_settings
from boathouse.bundles.findings import Finding, Findings, relative
from boathouse.bundles.git import GitFacts, read_git
from boathouse.bundles.inheritance import give_identity, give_permissions
from boathouse.bundles.kinds import ENDPOINTS, KINDS
from boathouse.bundles.local_files import LocalFiles
from boathouse.bundles.model_settings import JudgedModel, ModelSettings
from boathouse.bundles.modes import DEVELOPMENT, PRODUCTION, apply_presets, check_production, presets_of
from boathouse.bundles.monitor_settings import with_monitor_settings
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.bundles.retraining_settings import RetrainingSettings
from boathouse.bundles.targets import DEFAULT_TARGET, choose_target, with_target
from boathouse.bundles.user import CurrentUser
from boathouse.bundles.variables import variable_values
from boathouse.foundation.shapes import fit


@dataclass(frozen=True, slots=True)
class Reading:
    """How a bundle is to be read."""

    user: CurrentUser
    target: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str | None = None
    """Where the control plane answers, if that is known."""
    force: bool = False
    """Deploy to production from another branch."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One target of a bundle, read, checked and resolved as far as the client can."""

    root: Path
    place: Place
    mode: str | None
    resources: dict[ResourceId, Node]
    artifacts: dict[str, ArtifactShape]
    sync_include: tuple[str, ...]
    sync_exclude: tuple[str, ...]
    git: GitFacts
    lock: bool
    findings: tuple[Finding, ...]
    """Warnings and ignored fields; a bundle with errors is not made."""
    models: tuple[JudgedModel, ...] = ()
    """What ``boathouse.yml`` asks of the models in this target."""

    def desired(self, snapshot: str | None, delete_data: tuple[str, ...] = ()) -> DesiredState:
        return DesiredState(
            self.place, desired_resources(self.root, self.resources), self.git, snapshot, self.lock, delete_data
        )


def desired_resources(root: Path, nodes: Mapping[ResourceId, Node]) -> tuple[DesiredResource, ...]:
    return tuple(
        DesiredResource(one, node.plain(), f"{relative(node.where.file, root)}:{node.where.line}")
        for one, node in nodes.items()
    )


def read_bundle(root: Path, reading: Reading) -> Bundle:
    """Read a bundle for one target.

    Raises:
        InvalidBundle: Anything is wrong with it; everything that is wrong is listed at once.
    """
    findings = Findings(root)
    document = read_document(root, findings)
    settings = read_settings(root, findings)
    if not document.mapping:
        findings.raise_errors()  # nothing could be read, so there is nothing else to say
    check_shape(DocumentShape, document, (), findings)
    target_name, target = choose_target(document, reading.target, findings)
    targets = document.get("targets") or Node({DEFAULT_TARGET: target}, document.position)
    values = variable_values(document, target, reading.variables, reading.environment, findings)
    git = read_git(root, reading.environment)
    document = with_target(document, target)
    mode = _text(target, "mode")
    _note_host(document, reading, findings)
    document = _with_facts(document, target_name, git, reading)

    presets = presets_of(mode, _resolved_section(document, "presets", values, findings), reading.user)
    written = document.get("resources") or Node({}, document.position)
    check_kinds(written, findings)
    document = document.with_child("resources", apply_presets(written, presets))
    references = References(document, values, findings)
    document = document.with_path(("resources",), references.resolve_tree(document.mapping["resources"]))
    for section in ("bundle", "workspace", "artifacts", "sync", "run_as", "permissions"):
        if (node := document.get(section)) is not None:
            document = document.with_child(section, references.resolve_tree(node))
    if mode == PRODUCTION:
        check_production(document, git, force=reading.force, findings=findings)

    artifacts = _artifacts(document, findings)
    files = _local_files(root, artifacts, findings)
    models = ModelSettings(root, document, target_name, references, files, findings)
    of_models = models.read(settings, targets.mapping) if settings is not None else {}
    endpoints = EndpointSettings(document, target_name, references, findings)
    of_endpoints = endpoints.read(settings) if settings is not None else {}
    of_alerts = AlertSettings(target_name, references, findings).read(settings) if settings is not None else {}
    contracts = ContractSettings(root, target_name, references, findings)
    of_contracts = contracts.read(settings) if settings is not None else {}
    retraining = RetrainingSettings(document, target_name, references, findings)
    of_retraining = retraining.read(settings) if settings is not None else {}
    of_settings = {**of_models, **of_endpoints, **of_contracts, **of_alerts, **of_retraining}
    document = with_monitor_settings(document, settings, target_name, references, findings)
    resources = _resources(root, document, files, of_settings, findings)
    findings.raise_errors()
    return Bundle(
        root=root,
        place=Place(str(document.mapping["bundle"].mapping["name"].value), target_name, mode == DEVELOPMENT),
        mode=mode,
        resources=resources,
        artifacts=artifacts,
        sync_include=_texts(document, "sync", "include"),
        sync_exclude=_texts(document, "sync", "exclude"),
        git=git,
        lock=_lock(document, mode),
        findings=tuple(findings.sorted()),
        models=tuple(models.judged),
    )


def _resources(
    root: Path,
    document: Node,
    files: LocalFiles,
    of_settings: Mapping[ResourceId, Node],
    findings: Findings,
) -> dict[ResourceId, Node]:
    """The resources that we deploy, checked."""
    checked: dict[ResourceId, Node] = {}
    for section, kind in KINDS.items():
        if kind.in_settings:
            continue
        of_kind = document.get("resources", section)
        for key, written in (of_kind.mapping if of_kind else {}).items():
            node = give_permissions(section, written, document.get("permissions"))
            if section == "jobs":
                node = files.rewrite(give_identity(node, document.get("run_as")))
            fitting = check_shape(kind.shape, node, ("resources", section, key), findings)
            if fitting is not None:
                if section == "jobs":
                    check_job(fitting, ("resources", section, key), findings)
                if section == ENDPOINTS:
                    check_endpoint(fitting, ("resources", section, key), findings)
                checked[ResourceId(section, key)] = fitting
    checked |= of_settings
    named = {(one.section, one.key): node for one, node in checked.items()}
    check_names(named, findings)
    check_order(desired_resources(root, checked), named, findings)
    return checked


def _local_files(root: Path, artifacts: Mapping[str, ArtifactShape], findings: Findings) -> LocalFiles:
    folders = [root / artifact.path for artifact in artifacts.values()]
    return LocalFiles(root, [*folders, *(folder / "dist" for folder in folders)], findings)


def _artifacts(document: Node, findings: Findings) -> dict[str, ArtifactShape]:
    node = document.get("artifacts")
    found: dict[str, ArtifactShape] = {}
    for name, artifact in (node.mapping if node else {}).items():
        if check_shape(ArtifactShape, artifact, ("artifacts", name), findings) is None:
            continue
        shape = fit(ArtifactShape, artifact.plain(), what=f"The artifact {name}")
        folder = (artifact.where.file.parent / shape.path).resolve()
        if not folder.is_relative_to(findings.root.resolve()):
            findings.error(artifact.mapping["path"], f"the path {shape.path!r} leads out of the bundle's folder.")
        elif not folder.is_dir():
            findings.error(artifact.get("path") or artifact, f"the folder {shape.path!r} does not exist.")
        else:
            inside = folder.relative_to(findings.root.resolve()).as_posix()
            found[name] = shape.model_copy(update={"path": inside})
    return found


def _with_facts(document: Node, target: str, git: GitFacts, reading: Reading) -> Node:
    """The document with what nobody writes: target, Git, user, host."""
    where = document.position
    facts: dict[tuple[str, ...], str | None] = {
        ("bundle", "target"): target,
        ("bundle", "environment"): target,
        ("bundle", "git", "commit"): git.commit,
        ("bundle", "git", "actual_branch"): git.branch,
        ("workspace", "host"): reading.host,
    }
    for path, value in facts.items():
        if value is not None:
            document = document.with_path(path, Node(value, where))
    written_defaults = {("bundle", "git", "branch"): git.branch, ("bundle", "git", "origin_url"): git.origin_url}
    for path, value in written_defaults.items():
        if value is not None and document.get(*path) is None:
            document = document.with_path(path, Node(value, where))
    return document.with_path(("workspace", "current_user"), Node.of(reading.user.to_json(), where))


def _resolved_section(document: Node, section: str, values: Mapping[str, Node], findings: Findings) -> Node | None:
    node = document.get(section)
    return References(document, values, findings).resolve_tree(node) if node else None


def _note_host(document: Node, reading: Reading, findings: Findings) -> None:
    """A token is good for one server, so the host of a target never decides where it is sent."""
    host = document.get("workspace", "host")
    if host is not None and reading.host is not None and host.text != reading.host:
        findings.ignored(
            host,
            f"workspace.host: the bundle goes to {reading.host}, as BOATHOUSE_URL or the home folder says.",
        )


def _lock(document: Node, mode: str | None) -> bool:
    written = document.get("bundle", "deployment", "lock", "enabled")
    return bool(written.value) if written is not None else mode != DEVELOPMENT


def _text(node: Node, *path: str) -> str | None:
    found = node.get(*path)
    return found.text if found else None


def _texts(node: Node, *path: str) -> tuple[str, ...]:
    found = node.get(*path)
    return tuple(str(item.value) for item in found.items) if found else ()
