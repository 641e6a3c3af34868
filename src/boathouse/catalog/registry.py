"""The verbs that are the same for everything governed: look, list, change, tag, drop, register."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boathouse.catalog.audit import Audit
from boathouse.catalog.contract_rules import is_held, refuse_held
from boathouse.catalog.facts import PrincipalNotFound, SecurableNotFound, StillHolds
from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import (
    CREATE_PRIVILEGES,
    NAMED_BY_LEVELS,
    ROOT,
    SecurableKey,
    canonical_name,
    in_words,
    parent_of,
)
from boathouse.catalog.identity_names import identity_key
from boathouse.catalog.keys import is_declared, require_declaration, with_declared
from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import Connection, identities
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.securables import SYSTEM_CATALOG, Securable, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict, Denied, InvalidInput
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import normalise_part
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database

_OURS = frozenset(
    {SecurableKind.CATALOG, SecurableKind.SCHEMA, SecurableKind.TABLE, SecurableKind.VOLUME, SecurableKind.FUNCTION}
)
"""The kinds that the catalog itself makes and drops; the others belong to higher rooms."""

_LONGEST_TEXT = 10_000

Holder = Callable[[Connection, Sequence[Securable]], None]
"""Refuses, in the transaction that drops, what something outside of the catalog still rests on."""


class Registry:
    """What is governed, whatever its kind."""

    def __init__(
        self, database: Database, home: Home, clock: Clock, audit: Audit, grants: Grants, book: LawBook
    ) -> None:
        self._database = database
        self._home = home
        self._clock = clock
        self._audit = audit
        self._grants = grants
        self._book = book
        self._root: Securable | None = None
        self._holders: list[Holder] = []

    def keep_for(self, holder: Holder) -> None:
        """Ask a higher room before anything is dropped."""
        self._holders.append(holder)

    def names_of(self, ids: Sequence[str]) -> dict[str, str]:
        """What the things with these ids are called now, by id, for rooms that keep ids; dropped ones are left out."""
        with self._database.read() as connection:
            return {id: each.full_name for id, each in rows.by_ids(connection, ids).items()}

    def root(self) -> Securable:
        """The metastore. Everybody may know of it; its id never changes."""
        if self._root is None:
            with self._database.read() as connection:
                self._root = rows.find(connection, ROOT)
            if self._root is None:
                raise SecurableNotFound(*ROOT)
        return self._root

    def get(self, principal: Principal, kind: SecurableKind, full_name: str) -> Securable:
        """One thing.

        Raises:
            NotFound: It does not exist, or the principal may not know of it.
        """
        name = canonical_name(kind, full_name)
        with self._audit.verb(principal, "catalog", f"get{_camel(kind)}", kind, name):
            self._grants.require_visible(principal, kind, name)
            with self._database.read() as connection:
                found = rows.find(connection, (kind, name))
            if found is None:
                raise self._grants.not_found(principal, (kind, name))
            return found

    def list(self, principal: Principal, kind: SecurableKind, parent: str | None = None) -> Sequence[Securable]:
        """What of this kind lies in ``parent``, or anywhere, and is visible to the principal; by name."""
        key = self._parent_key(kind, parent)
        with self._audit.verb(principal, "catalog", f"list{_camel(kind)}s", key[0] if key else None, parent):
            if key is not None:
                self._grants.require_visible(principal, *key)
            with self._database.read() as connection:
                found = rows.children(connection, kind, key)
            visible = self._grants.visible(principal, kind, [each.full_name for each in found])
            return [each for each in found if each.full_name in visible]

    def update(
        self,
        principal: Principal,
        kind: SecurableKind,
        full_name: str,
        *,
        comment: str | None = None,
        owner: str | None = None,
        new_name: str | None = None,
        properties: Mapping[str, str] | None = None,
        title: str | None = None,
    ) -> Securable:
        """Change what is given: an empty ``comment`` clears it, ``properties`` replace those there were.

        Raises:
            Denied: The principal does not own the thing or anything above it, and has no MANAGE there.
            AlreadyExists: The new name is taken.
        """
        name = canonical_name(kind, full_name)
        given = {"comment": comment, "owner": owner, "new_name": new_name, "properties": properties, "title": title}
        with self._audit.verb(principal, "catalog", f"update{_camel(kind)}", kind, name, given) as event:
            self._require_manage(principal, kind, name)
            values = _changes(comment=comment, properties=properties, title=title)
            with self._database.write() as connection:
                found = self._held(connection, (kind, name), to_change=True)
                if properties is not None and kind is SecurableKind.TABLE:
                    held = {key: value for key, value in found.properties.items() if is_held(key)}
                    refuse_held({key: value for key, value in properties.items() if held.get(key) != value})
                    values["properties"] = with_declared(found.properties, valid_texts(properties), name) | held
                if owner is not None:
                    values["owner"] = _canonical_owner(connection, owner)
                    _require_safe_heir(connection, principal, found, values["owner"])
                if new_name is not None:
                    name = _renamed((kind, name), new_name)
                    rows.rename(connection, found, name)
                rows.change(connection, found.id, {**values, **self._stamp(principal)})
                generation = self._book.changed(connection) if owner is not None or new_name is not None else None
                event.commit_with(connection)
                changed = rows.find(connection, (kind, name))
            if generation is not None:
                self._book.renew(generation)
            assert changed is not None  # held since the beginning of the transaction
            return changed

    def set_tags(
        self,
        principal: Principal,
        kind: SecurableKind,
        full_name: str,
        tags: Mapping[str, str],
        *,
        remove: Sequence[str] = (),
    ) -> Securable:
        """Add or change tags, and take others away; those not named stay."""
        name = canonical_name(kind, full_name)
        params = {"tags": dict(tags), "remove": list(remove)}
        with self._audit.verb(principal, "catalog", "updateTags", kind, name, params) as event:
            self._require_tagging(principal, kind, name)
            with self._database.write() as connection:
                found = self._held(connection, (kind, name), to_change=True)
                kept = {key: value for key, value in found.tags.items() if key not in remove}
                rows.change(connection, found.id, {"tags": kept | valid_texts(tags), **self._stamp(principal)})
                event.commit_with(connection)
                changed = rows.find(connection, (kind, name))
            assert changed is not None
            return changed

    def set_properties(
        self, principal: Principal, kind: SecurableKind, full_name: str, properties: Mapping[str, str | None]
    ) -> Securable:
        """Add or change properties, and take away those that are None; those not named stay.

        Raises:
            Denied: The principal may not manage the thing; for a table MODIFY is enough.
        """
        refuse_held(properties)
        name = canonical_name(kind, full_name)
        given = {key: value for key, value in properties.items() if value is not None}
        params = {"properties": dict(properties)}
        with self._audit.verb(principal, "catalog", f"update{_camel(kind)}", kind, name, params) as event:
            if kind is SecurableKind.TABLE:
                self._grants.require(principal, Privilege.MODIFY, kind, name)
                _require_not_ours(principal, kind, name)
            else:
                self._require_manage(principal, kind, name)
            with self._database.write() as connection:
                found = self._held(connection, (kind, name), to_change=True)
                kept = {key: value for key, value in found.properties.items() if key not in properties}
                after = kept | valid_texts(given)
                if any(map(is_declared, given)) and (table := rows.find_table(connection, name)) is not None:
                    require_declaration(after, table.columns, name)
                rows.change(connection, found.id, {"properties": after, **self._stamp(principal)})
                event.commit_with(connection)
                changed = rows.find(connection, (kind, name))
            assert changed is not None
            return changed

    def drop(self, principal: Principal, kind: SecurableKind, full_name: str, *, cascade: bool = False) -> None:
        """Take a catalog, schema, table, view, function or volume away. The name is free at once; data files and the
        record stay.

        Raises:
            Conflict: A catalog or schema still holds something, and ``cascade`` is not set; or it holds registered
                models, which are never dropped along.
        """
        name = canonical_name(kind, full_name)
        with self._audit.verb(principal, "catalog", f"delete{_camel(kind)}", kind, name, {"cascade": cascade}) as event:
            if kind not in _OURS:
                raise InvalidInput(f"A {in_words(kind)} cannot be dropped here.")
            self._require_manage(principal, kind, name)
            with self._database.write() as connection:
                found = self._held(connection, (kind, name), to_change=True)
                inside = self._droppable(connection, found, cascade=cascade)
                for holder in self._holders:
                    holder(connection, [found, *inside])
                now = epoch_ms(self._clock.now())
                rows.mark_deleted(connection, [found.id, *(each.id for each in inside)], at=now, by=principal.name)
                generation = self._book.changed(connection)
                event.commit_with(connection)
            self._book.renew(generation)

    def register(
        self,
        principal: Principal,
        kind: SecurableKind,
        full_name: str,
        *,
        title: str | None = None,
        owner: str | None = None,
        comment: str | None = None,
        parent: str | None = None,
        properties: Mapping[str, str] | None = None,
        also: Callable[[Connection, Securable], None] = lambda _, __: None,
    ) -> Securable:
        """Put a thing of a higher room under the law: a registered model, an experiment, a job. The principal needs
        the privilege to create it; the owner is the principal unless somebody else is named. ``also`` writes what the
        room itself keeps of it, in the same transaction.

        Raises:
            AlreadyExists: The name is taken.
        """
        name = canonical_name(kind, full_name)
        with self._audit.verb(principal, "catalog", f"create{_camel(kind)}", kind, name) as event:
            if kind in _OURS:
                raise InvalidInput(f"A {in_words(kind)} is created by its own verb, not registered.")
            above = parent_of((kind, name)) or ROOT
            if parent is not None and canonical_name(above[0], parent) != above[1]:
                raise InvalidInput(f"{in_words(kind).capitalize()} {name} cannot lie in {parent}.")
            self._require_create(principal, kind, above)
            with self._database.write() as connection:
                heir = _canonical_owner(connection, owner) if owner is not None else None
                made = self._new(principal, kind, name, comment=comment, title=title, owner=heir, properties=properties)
                rows.insert(connection, made, self._held(connection, above).id)
                also(connection, made)
                event.commit_with(connection)
            return made

    def forget(
        self,
        principal: Principal,
        kind: SecurableKind,
        full_name: str,
        *,
        also: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """Take a thing of a higher room from under the law, because that room has deleted it, or does so by ``also`` in
        the same transaction."""
        name = canonical_name(kind, full_name)
        with self._audit.verb(principal, "catalog", f"delete{_camel(kind)}", kind, name) as event:
            self._require_manage(principal, kind, name)
            with self._database.write() as connection:
                found = self._held(connection, (kind, name), to_change=True)
                rows.mark_deleted(connection, [found.id], at=epoch_ms(self._clock.now()), by=principal.name)
                also(connection)
                generation = self._book.changed(connection)
                event.commit_with(connection)
            self._book.renew(generation)

    def rename(self, principal: Principal, kind: SecurableKind, full_name: str, new_name: str) -> Securable:
        """Give a thing another name in the same place; all below it follows."""
        return self.update(principal, kind, full_name, new_name=new_name)

    def _require_manage(self, principal: Principal, kind: SecurableKind, name: str) -> None:
        self._grants.require(principal, Privilege.MANAGE, kind, name)
        _require_not_ours(principal, kind, name)

    def _require_tagging(self, principal: Principal, kind: SecurableKind, name: str) -> None:
        if not self._grants.allows(principal, Privilege.APPLY_TAG, kind, name):
            self._require_manage(principal, kind, name)

    def _require_create(self, principal: Principal, kind: SecurableKind, parent: SecurableKey) -> None:
        self._grants.require(principal, CREATE_PRIVILEGES[kind], *parent)
        if parent[1].split(".")[0] == SYSTEM_CATALOG and principal.name != SYSTEM.name:
            raise Denied(f"Nothing can be created in {in_words(parent[0])} {parent[1]}: Boathouse keeps it.")

    def _require_owner(self, principal: Principal, found: Securable) -> None:
        """What acts with its owner's rights changes only by the owner's hand, else MANAGE would lend those rights."""
        if not principal.is_admin and found.owner not in principal.identities:
            raise Denied(
                f"{found.full_name} acts with the rights of its owner {found.owner}; only the owner can change it.",
                hint="Make it your own first: an administrator can change the owner, and so can you, to yourself.",
            )

    def _held(self, connection: Connection, key: SecurableKey, *, to_change: bool = False) -> Securable:
        """The thing, as it is in this transaction; somebody may have dropped it since the law was asked."""
        found = rows.find_and_hold(connection, key, to_change=to_change)
        if found is None:
            raise SecurableNotFound(*key)
        return found

    def _new(
        self,
        principal: Principal,
        kind: SecurableKind,
        name: str,
        *,
        id: str | None = None,
        comment: str | None = None,
        title: str | None = None,
        owner: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Securable:
        now = epoch_ms(self._clock.now())
        return Securable(
            id=id or new_id(),
            kind=kind,
            full_name=name,
            owner=owner or principal.name,
            comment=_valid_text("comment", comment) if comment else None,
            title=title,
            properties=valid_texts(properties or {}),
            created_at=now,
            created_by=principal.name,
            updated_at=now,
            updated_by=principal.name,
        )

    def _stamp(self, principal: Principal) -> dict[str, Any]:
        return {"updated_at": epoch_ms(self._clock.now()), "updated_by": principal.name}

    def _parent_key(self, kind: SecurableKind, parent: str | None) -> SecurableKey | None:
        if parent is None:
            return None
        if kind is SecurableKind.SCHEMA:
            above = SecurableKind.CATALOG
        elif kind in NAMED_BY_LEVELS and kind is not SecurableKind.CATALOG:
            above = SecurableKind.SCHEMA
        else:
            above = SecurableKind.METASTORE
        return above, canonical_name(above, parent)

    def _droppable(self, connection: Connection, found: Securable, *, cascade: bool) -> Sequence[Securable]:
        if found.kind not in (SecurableKind.CATALOG, SecurableKind.SCHEMA):
            return ()
        inside = rows.everything_in(connection, found)
        if others := [each for each in inside if each.kind not in _OURS]:
            shown = [f"{in_words(each.kind)} {each.full_name}" for each in others]
            raise StillHolds(found.kind, found.full_name, shown, hint="Delete these one by one first.")
        if inside and not cascade:
            shown = [f"{in_words(each.kind)} {each.full_name}" for each in inside]
            raise StillHolds(found.kind, found.full_name, shown, hint="Drop these first, or drop with CASCADE.")
        return inside


def _require_not_ours(principal: Principal, kind: SecurableKind, name: str) -> None:
    parts = name.split(".") if kind in NAMED_BY_LEVELS else []
    if parts[:1] == [SYSTEM_CATALOG] and principal.name != SYSTEM.name:
        raise Denied(f"{in_words(kind).capitalize()} {name} belongs to Boathouse and cannot be changed.")


def _renamed(key: SecurableKey, new_name: str) -> str:
    kind, old = key
    if kind is SecurableKind.METASTORE:
        raise Conflict("The metastore cannot be renamed.")
    if kind not in NAMED_BY_LEVELS:
        return canonical_name(kind, new_name)
    place, dot, _ = old.rpartition(".")
    if "." not in new_name:
        return f"{place}{dot}{normalise_part(new_name, what=f'{in_words(kind)} name')}"
    full = canonical_name(kind, new_name)
    if full.rpartition(".")[0] != place:
        raise InvalidInput(
            f"{old} cannot be renamed to {full}: it would lie in another {'schema' if '.' in place else 'catalog'}.",
            hint="A thing keeps its place when it is renamed.",
        )
    return full


def _canonical_owner(connection: Connection, name: str) -> str:
    found = identities.find(connection, identity_key(name))
    if found is None:
        raise PrincipalNotFound(name, known=[each.name for each in identities.every(connection)])
    return found.name


def _require_safe_heir(connection: Connection, principal: Principal, found: Securable, heir: Any) -> None:
    """A view or a function would act with the rights of the heir, who was not asked."""
    if principal.is_admin or heir in principal.identities or heir == found.owner:
        return
    table = rows.find_table(connection, found.full_name) if found.kind is SecurableKind.TABLE else None
    if found.kind is SecurableKind.FUNCTION or (table is not None and table.view is not None):
        raise Denied(
            f"{principal} cannot give {found.full_name} to {heir}, with whose rights it would act.",
            hint="Give it to yourself or to a group of yours; an administrator can give it to anybody.",
        )


def _changes(
    *, comment: str | None, properties: Mapping[str, str] | None, title: str | None
) -> dict[str, str | Mapping[str, str] | None]:
    values: dict[str, str | Mapping[str, str] | None] = {}
    if comment is not None:
        values["comment"] = _valid_text("comment", comment) or None
    if properties is not None:
        values["properties"] = valid_texts(properties)
    if title is not None:
        values["title"] = title
    return values


def _valid_text(what: str, text: str) -> str:
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InvalidInput(f"This {what} is not valid: at most {_LONGEST_TEXT} characters, none of them NUL.")
    return text


def valid_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Tags or properties that can be kept.

    Raises:
        InvalidInput: One of them cannot.
    """
    for key, value in texts.items():
        if not key.strip():
            raise InvalidInput("The key of a tag or property cannot be empty.")
        _valid_text(f"tag or property key {key[:40]!r}", key)
        _valid_text(f"value of {key!r}", value)
    return dict(texts)


def _camel(kind: SecurableKind) -> str:
    return "".join(word.capitalize() for word in kind.value.split("_"))
