"""``contracts`` of ``boathouse.yml``, read for one target and checked with file and line."""

from pathlib import Path

from pydantic import ValidationError

from boathouse.bundles.checking import check_shape, final
from boathouse.bundles.desired import ResourceId
from boathouse.bundles.findings import Findings
from boathouse.bundles.kinds import CONTRACTS
from boathouse.bundles.merging import section_of
from boathouse.bundles.nodes import Node
from boathouse.bundles.references import References
from boathouse.bundles.substitution import escape
from boathouse.foundation.errors import BoathouseError
from boathouse.quality.contracts.given import ContractGiven, document_of


class ContractSettings:
    """Reads the contracts of one target."""

    def __init__(self, root: Path, target: str, references: References, findings: Findings) -> None:
        self._root = root
        self._target = target
        self._references = references
        self._findings = findings

    def read(self, settings: Node) -> dict[ResourceId, Node]:
        """What is to be deployed. What is wrong is noted."""
        found: dict[ResourceId, Node] = {}
        for key, written in section_of(settings, "contracts", self._target, self._findings):
            node = check_shape(
                ContractGiven, self._references.resolve_tree(written), ("contracts", key), self._findings
            )
            document = self._document(key, node) if node is not None else None
            if node is None or document is None:
                continue
            payload = {
                "table": node.mapping["table"],
                "document": Node(escape(document), written.where, written.where),  # its ${object} is not ours
                **({"quarantine": node.mapping["quarantine"]} if "quarantine" in node.mapping else {}),
            }
            found[ResourceId(CONTRACTS, key)] = Node(payload, written.position, written.key_position)
        return found

    def _document(self, key: str, node: Node) -> str | None:
        """The contract, in the words of the standard; None when what is wrong with it has been noted."""
        try:
            given = ContractGiven.model_validate(final(node.plain()))
        except ValidationError:
            return None  # it holds a reference that cannot be resolved, which has been noted
        if given.file is not None:
            return self._of_file(key, node.mapping["file"], given)
        wrong = [each for each in node.mapping["expectations"].items if not self._is_condition(key, each)]
        return None if wrong else document_of(key, given.table, given.expectations or ())

    def _of_file(self, key: str, node: Node, given: ContractGiven) -> str | None:
        path = (node.where.file.parent / (given.file or "")).resolve()
        if not path.is_relative_to(self._root.resolve()):
            self._findings.error(node, f"contracts.{key}: the path {given.file!r} leads out of the bundle's folder.")
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            hint = f"Write it: boathouse contract infer {given.table} --file {given.file}"
            self._findings.error(node, f"contracts.{key}: the file {given.file!r} cannot be read.", hint)
            return None
        from boathouse.quality.contracts.reading import read_contract

        try:
            read_contract(text, path.relative_to(self._root.resolve()), table=given.table)
        except BoathouseError as error:
            self._findings.error(node, f"contracts.{key}: {error.message}", error.hint)
            return None
        return text

    def _is_condition(self, key: str, node: Node) -> bool:
        from boathouse.session.sql.reading import read_query

        condition = node.mapping["expect"]
        try:
            read_query(f"SELECT ({condition.text}\n)")
        except BoathouseError as error:
            self._findings.error(condition, f"contracts.{key}: {condition.text} is no condition: {error.message}")
            return False
        return True
