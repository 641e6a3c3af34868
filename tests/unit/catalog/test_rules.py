"""The rules against a definition that is as dumb as possible."""

from hypothesis import given
from hypothesis import strategies as st

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.hierarchy import CONCERNS, CREATE_PRIVILEGES, GRANTABLE, chain_of
from boathouse.catalog.rules import Node, holds, knows_of, what_is_missing
from boathouse.foundation.principals import ADMINS, EVERYONE, Principal

NAMES = ["alice", "team", EVERYONE, "stranger"]
TABLE_CHAIN = list(reversed(chain_of((SecurableKind.TABLE, "c.s.t"))))
"""Metastore, catalog, schema, table."""

privilege_sets = st.frozensets(st.sampled_from(list(Privilege)), max_size=4)
grant_maps = st.dictionaries(st.sampled_from(NAMES), privilege_sets, max_size=3)
nodes = st.tuples(st.sampled_from(["nobody", *NAMES]), grant_maps)
chains = st.lists(nodes, min_size=2, max_size=4)
groups = st.sampled_from([frozenset[str](), frozenset({"team"}), frozenset({"team", ADMINS})])


def chain_from(drawn) -> list[Node]:
    keys = TABLE_CHAIN[: len(drawn)]
    made = [Node(name, kind, name, owner, grants) for (kind, name), (owner, grants) in zip(keys, drawn, strict=True)]
    return made[::-1]


def brute_force(principal: Principal, wanted: Privilege, chain: list[Node]) -> bool:
    """Read the sentence of the docs again, word by word."""
    names = {principal.name, *principal.groups, EVERYONE}

    def has(privilege: Privilege, depth: int) -> bool:
        for node in chain[depth:]:
            if node.owner in names:
                return True
            for name in names:
                held = node.grants.get(name, frozenset())
                if privilege in held:
                    return True
                if Privilege.ALL_PRIVILEGES in held and privilege != Privilege.MANAGE:
                    return True
                manage_stands_for = {
                    Privilege.BROWSE, Privilege.READ_EXPERIMENT, Privilege.WRITE_EXPERIMENT, Privilege.VIEW_JOB,
                    Privilege.RUN_JOB, Privilege.READ_SECRET, Privilege.WRITE_SECRET,
                }  # fmt: skip
                if Privilege.MANAGE in held and privilege in manage_stands_for:
                    return True
                if Privilege.WRITE_EXPERIMENT in held and privilege == Privilege.READ_EXPERIMENT:
                    return True
                if Privilege.RUN_JOB in held and privilege == Privilege.VIEW_JOB:
                    return True
                if Privilege.WRITE_SECRET in held and privilege == Privilege.READ_SECRET:
                    return True
        return False

    if ADMINS in principal.groups:
        return True
    if wanted != Privilege.BROWSE:
        for depth, node in enumerate(chain):
            if depth == 0 and wanted not in CREATE_PRIVILEGES.values():
                continue
            if node.kind is SecurableKind.CATALOG and not has(Privilege.USE_CATALOG, depth):
                return False
            if node.kind is SecurableKind.SCHEMA and not has(Privilege.USE_SCHEMA, depth):
                return False
    return has(wanted, 0)


@given(chains, groups, st.sampled_from(list(Privilege)))
def test_the_rules_say_what_the_sentence_says(drawn, groups, wanted):
    chain, alice = chain_from(drawn), Principal("alice", groups=groups)

    assert (what_is_missing(alice, wanted, chain) is None) == brute_force(alice, wanted, chain)


@given(chains, st.sampled_from(list(Privilege)), st.sampled_from(NAMES), privilege_sets)
def test_another_grant_never_takes_anything_away(drawn, wanted, grantee, more):
    chain, alice = chain_from(drawn), Principal("alice")
    top = chain[-1]
    richer = [
        *chain[:-1],
        Node(top.id, top.kind, top.full_name, top.owner,
             {**top.grants, grantee: top.grants.get(grantee, frozenset()) | more}),
    ]  # fmt: skip

    if what_is_missing(alice, wanted, chain) is None:
        assert what_is_missing(alice, wanted, richer) is None


@given(chains, groups)
def test_who_may_do_something_to_a_thing_knows_of_it(drawn, groups):
    chain, alice = chain_from(drawn), Principal("alice", groups=groups)

    for privilege in CONCERNS[chain[0].kind]:
        if holds(alice, privilege, chain):
            assert knows_of(alice, chain)


@given(chains)
def test_a_stranger_to_every_grant_knows_nothing(drawn):
    chain = chain_from([("nobody", {}) for _ in drawn])

    assert not knows_of(Principal("alice"), chain)
    assert what_is_missing(Principal("alice"), Privilege.SELECT, chain) is not None


def test_what_can_be_granted_above_can_be_granted_below_or_concerns_what_lies_there():
    for kind in SecurableKind:
        assert CONCERNS[kind] <= GRANTABLE[kind] <= GRANTABLE[SecurableKind.METASTORE]
