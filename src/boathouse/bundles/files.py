"""Finding and reading the YAML files of a bundle, and joining them into one document."""

from pathlib import Path

from boathouse.bundles.findings import Findings
from boathouse.bundles.nodes import Node, node_of
from boathouse.foundation.errors import NotFound
from boathouse.foundation.yaml_source import MalformedYaml, Position, read_yaml

ROOT_FILE = "databricks.yml"
ROOT_FILES = (ROOT_FILE, "databricks.yaml", "bundle.yml", "bundle.yaml")
SETTINGS_FILE = "boathouse.yml"
SETTINGS_FILES = (SETTINGS_FILE, "boathouse.yaml")


def find_root(start: Path) -> Path:
    """The folder of the nearest ``databricks.yml``, from ``start`` upward.

    Raises:
        NotFound: There is none.
    """
    here = start.absolute()
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in ROOT_FILES):
            return folder
    raise NotFound(
        f"There is no {ROOT_FILE} in {here} or above it.",
        hint="Go to a bundle's folder, or make a new bundle with: boathouse bundle init",
    )


def read_document(root: Path, findings: Findings) -> Node:
    """All files of the bundle as one tree. What is wrong with a file is noted, and the others are still read."""
    file = next(root / name for name in ROOT_FILES if (root / name).is_file())
    document = read_file(file, findings)
    if document is None:
        return Node({}, Position(file, 1))
    for included in _included(root, file, document, findings):
        if (part := read_file(included, findings)) is not None:
            if "include" in part.mapping:
                findings.ignored(part.mapping["include"], f"include: only the one in {file.name} counts.")
                part = part.without("include")
            document = _join(document, part, (), findings)
    return document


def read_settings(root: Path, findings: Findings) -> Node | None:
    """``boathouse.yml`` as a tree; None when there is none."""
    files = [root / name for name in SETTINGS_FILES if (root / name).is_file()]
    if len(files) > 1:
        findings.error(Position(files[1], 1), f"there is a {SETTINGS_FILE} too.", "Keep one of them.")
    return read_file(files[0], findings) if files else None


def read_file(file: Path, findings: Findings) -> Node | None:
    """One file as a tree; None when it cannot be read, which is noted."""
    try:
        node = node_of(read_yaml(file))
    except MalformedYaml as error:
        findings.error(_position_in(error, file), _without_position(error.message, file), error.hint)
        return None
    except UnicodeDecodeError as error:
        findings.error(Position(file, 1), f"the file is not UTF-8 text ({error.reason} at byte {error.start}).")
        return None
    except OSError as error:
        findings.error(Position(file, 1), f"the file cannot be read: {error.strerror}.")
        return None
    if not isinstance(node.value, dict):
        findings.error(node, "a mapping is expected at the top of the file.")
        return None
    return node


def _included(root: Path, file: Path, document: Node, findings: Findings) -> list[Path]:
    include = document.get("include")
    if include is None:
        return []
    found: dict[Path, None] = {}
    for item in include.items:
        if item.text is None:
            continue  # the shape check says so
        if Path(item.text).is_absolute() or ".." in Path(item.text).parts:
            findings.error(item, f"include: {item.text!r} leads out of the bundle's folder.")
            continue
        apart = {file, *(root / name for name in SETTINGS_FILES)}
        try:
            matches = sorted(path for path in root.glob(item.text) if path.is_file() and path not in apart)
        except (ValueError, IndexError, OSError):  # so Python says of "", ".", "a**" and of what is too long for a name
            findings.error(item, f"include: {item.text[:100]!r} is no pattern of files.")
            continue
        if not matches:
            findings.warning(item, f"include: no file matches {item.text!r}.")
        found |= dict.fromkeys(matches)
    return list(found)


def _join(first: Node, second: Node, path: tuple[str, ...], findings: Findings) -> Node:
    """Put the mappings of two files together; the same thing said in both is an error."""
    joined = dict(first.mapping)
    for key, child in second.mapping.items():
        here = (*path, key)
        if key not in joined:
            joined[key] = child
        elif _is_section(here) and isinstance(joined[key].value, dict) and isinstance(child.value, dict):
            joined[key] = _join(joined[key], child, here, findings)
        else:
            before = joined[key].where
            findings.error(child, f"{'.'.join(here)} is defined twice (first in {_short(before, findings.root)}).")
    return Node(joined, first.position, first.key_position)


def _is_section(path: tuple[str, ...]) -> bool:
    """Whether the mapping at this path may be spread over files. A single resource or variable may not."""
    match path:
        case ("resources",) | ("resources", _) | ("variables",) | ("artifacts",) | ("targets",) | ("targets", _):
            return True
        case ("targets", _, *rest):
            return _is_section(tuple(rest))
        case ("workspace",) | ("bundle",) | ("sync",) | ("presets",):
            return True
        case _:
            return False


def _short(position: Position, root: Path) -> str:
    from boathouse.bundles.findings import relative

    return f"{relative(position.file, root)}:{position.line}"


def _position_in(error: MalformedYaml, file: Path) -> Position:
    rest = error.message.removeprefix(f"{file}:")
    number = rest.split(":", 1)[0]
    return Position(file, int(number)) if rest != error.message and number.isdigit() else Position(file, 1)


def _without_position(message: str, file: Path) -> str:
    rest = message.removeprefix(f"{file}:")
    number, colon, text = rest.partition(":")
    return text.strip() if colon and number.isdigit() else rest.strip()
