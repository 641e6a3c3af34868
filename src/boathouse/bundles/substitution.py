"""``${...}`` in texts: parsing, resolving, and what has to wait until the deployment.

A text is literal except for ``${path.to.value}``. References nest (``${var.${bundle.target}_rows}``), and a referenced
value may hold references itself. ``$${`` writes a literal ``${``, and ``${$}`` a dollar sign just before a reference.
A text that is one reference and nothing else takes the referenced value with its type; otherwise the value becomes
part of the text.

What only the server knows (``${resources.jobs.train.id}``) stays a reference. The result is therefore again a
template, in which literal ``${`` is escaped: :func:`resolve_pending` finishes the work on the server.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput

OPEN, ESCAPED_OPEN, CLOSE = "${", "$${", "}"
DOLLAR = "${$}"
MAX_DEPTH = 50
"""How deep references may nest or lead to one another; more is a mistake, or an attack."""
MAX_TEXT = 1_000_000
"""Characters that one text may grow to: references that double each other would fill the memory otherwise."""


class BadReference(InvalidInput):
    """A reference that cannot be read or resolved."""

    @property
    def problems(self) -> "tuple[BadReference, ...]":
        """Each reference that is bad."""
        return (self,)


class BadReferences(BadReference):
    """Several references of one text."""

    def __init__(self, problems: Sequence[BadReference]) -> None:
        self._problems = tuple(problems)
        super().__init__(" ".join(dict.fromkeys(str(problem) for problem in problems)))

    @property
    def problems(self) -> tuple[BadReference, ...]:
        return self._problems


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """``${...}``; its path is a template again, so that references nest."""

    path: "Template"


@dataclass(frozen=True, slots=True)
class Template:
    """A text taken apart."""

    parts: tuple[Literal | Reference, ...]

    @property
    def is_literal(self) -> bool:
        return all(isinstance(part, Literal) for part in self.parts)

    @property
    def only_reference(self) -> Reference | None:
        """The reference, when the text is one reference and nothing else."""
        match self.parts:
            case (Reference() as reference,):
                return reference
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that is known after the deployment of a resource."""

    path: str

    def __str__(self) -> str:
        return f"{OPEN}{self.path}{CLOSE}"


def escape(text: str) -> str:
    """The template that says exactly ``text``."""
    return text.replace(OPEN, ESCAPED_OPEN)


def serialise(parts: Iterable[Literal | Reference]) -> str:
    """The text of a template: parsing it gives the same parts again, adjacent literals joined."""
    written: list[str] = []
    literal = ""
    for part in parts:
        if isinstance(part, Literal):
            literal += part.text
            continue
        plain = literal.rstrip("$")
        # A dollar sign just before a reference would turn it into an escape.
        written += [escape(plain), DOLLAR * (len(literal) - len(plain)), OPEN, serialise(part.path.parts), CLOSE]
        literal = ""
    return "".join([*written, escape(literal)])


def parse(text: str) -> Template:
    """Take a text apart.

    Raises:
        BadReference: A reference is empty or not closed.
    """
    template, _ = _parse(text, 0, depth=0)
    return template


def _parse(text: str, start: int, *, depth: int) -> tuple[Template, int]:
    if depth > MAX_DEPTH:
        raise BadReference(f"References are nested more than {MAX_DEPTH} deep.")
    nested = depth > 0
    parts: list[Literal | Reference] = []
    literal: list[str] = []
    at = start

    def finish_literal() -> None:
        if literal:
            parts.append(Literal("".join(literal)))
            literal.clear()

    while at < len(text):
        if text.startswith(ESCAPED_OPEN, at):
            literal.append(OPEN)
            at += len(ESCAPED_OPEN)
        elif text.startswith(DOLLAR, at):
            literal.append("$")
            at += len(DOLLAR)
        elif text.startswith(OPEN, at):
            finish_literal()
            path, end = _parse(text, at + len(OPEN), depth=depth + 1)
            if not path.parts:
                raise BadReference(f"The reference in {text!r} is empty.", hint="Write $${ for a literal ${.")
            parts.append(Reference(path))
            at = end
        elif nested and text.startswith(CLOSE, at):
            finish_literal()
            return Template(tuple(parts)), at + len(CLOSE)
        else:
            literal.append(text[at])
            at += 1
    if nested:
        raise BadReference(
            f"A reference in {text!r} is not closed.", hint="Add the closing }, or write $${ for a literal ${."
        )
    finish_literal()
    return Template(tuple(parts)), at


Lookup = Callable[[str], Any]
"""Finds what a path says: data that may hold templates again, or a Pending. Raises BadReference for an unknown path."""


class Resolver:
    """Resolves references until only pending ones are left; never loops."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._resolved: dict[str, Any] = {}
        self._failed: dict[str, BadReference] = {}
        """So that references that double each other fail as quickly as they would resolve."""

    def resolve(self, data: Any, under: Sequence[str] = ()) -> Any:
        """The data with every text resolved. Texts come out as templates in which only pending references are left.

        ``under`` is the chain of references that led here.

        Raises:
            BadReference: A reference is unknown, malformed, or leads back to itself.
        """
        if isinstance(data, str):
            return self._resolve_text(data, tuple(under))
        if isinstance(data, dict):
            return {key: self.resolve(value, under) for key, value in cast(dict[str, Any], data).items()}
        if isinstance(data, list):
            return [self.resolve(value, under) for value in cast(list[Any], data)]
        return data

    def _resolve_text(self, text: str, under: tuple[str, ...]) -> Any:
        if OPEN not in text:
            return text
        template = parse(text)
        if reference := template.only_reference:
            found = self._follow(reference, under)
            return str(found) if isinstance(found, Pending) else found
        parts: list[Literal | Reference] = []
        bad: list[BadReference] = []
        for part in template.parts:
            try:
                parts += self._pieces(part, under)
            except BadReference as error:
                bad += error.problems
        bad = list(dict.fromkeys(bad))
        if bad:
            raise bad[0] if len(bad) == 1 else BadReferences(bad)
        return _bounded(serialise(parts))

    def _pieces(self, part: Literal | Reference, under: tuple[str, ...]) -> tuple[Literal | Reference, ...]:
        """What a part comes to: literals, and references that stay."""
        if isinstance(part, Literal):
            return (part,)
        found = self._follow(part, under)
        if isinstance(found, dict | list):
            kind = "a mapping" if isinstance(found, dict) else "a list"
            path = self._path(part, under)
            raise BadReference(
                f"${{{path}}} is {kind} and cannot stand inside a text.", hint="Use it as the whole value instead."
            )
        if isinstance(found, Pending):
            return (Reference(Template((Literal(found.path),))),)
        return parse(found).parts if isinstance(found, str) else (Literal(_plain_text(found)),)

    def _path(self, reference: Reference, under: tuple[str, ...]) -> str:
        pieces = [piece for part in reference.path.parts for piece in self._pieces(part, under)]
        path = "".join(piece.text for piece in pieces if isinstance(piece, Literal)).strip()
        if any(isinstance(piece, Reference) for piece in pieces):
            raise BadReference(
                f"${{{path}...}} cannot be resolved: its path depends on a value that is known after the deployment."
            )
        return path

    def _follow(self, reference: Reference, under: tuple[str, ...]) -> Any:
        path = self._path(reference, under)
        if path in under:
            circle = " → ".join((*under[under.index(path) :], path))
            raise BadReference(f"The references form a circle: {circle}.")
        if len(under) > MAX_DEPTH:
            raise BadReference(f"More than {MAX_DEPTH} references lead to one another, beginning with {under[0]}.")
        if path in self._failed:
            raise self._failed[path]
        if path not in self._resolved:
            try:
                found = self._lookup(path)
                self._resolved[path] = found if isinstance(found, Pending) else self.resolve(found, (*under, path))
            except BadReference as error:
                self._failed[path] = error
                raise
        return self._resolved[path]


def resolve_pending(data: Any, lookup: Lookup) -> Any:
    """What a template says once everything is known: references replaced, escapes undone.

    ``lookup`` gives final values; where it answers with a Pending, the reference stays visible as text.
    """
    if isinstance(data, str):
        if OPEN not in data:
            return data
        template = parse(data)
        if reference := template.only_reference:
            found = lookup(_plain_path(reference))
            return str(found) if isinstance(found, Pending) else found
        return "".join(
            part.text if isinstance(part, Literal) else _plain_text(lookup(_plain_path(part)))
            for part in template.parts
        )
    if isinstance(data, dict):
        return {key: resolve_pending(value, lookup) for key, value in cast(dict[str, Any], data).items()}
    if isinstance(data, list):
        return [resolve_pending(value, lookup) for value in cast(list[Any], data)]
    return data


def pending_in(data: Any) -> list[str]:
    """The paths of the references that a resolved template still holds."""
    found: list[str] = []
    resolve_pending(data, lambda path: found.append(path) or "")
    return found


def _plain_path(reference: Reference) -> str:
    if not reference.path.is_literal:
        raise BadReference("A reference inside a reference must be resolved before the deployment.")
    return "".join(part.text for part in reference.path.parts if isinstance(part, Literal))


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise BadReference(f"A text grows beyond {MAX_TEXT:,} characters when its references are replaced.")
    return text


def _plain_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
