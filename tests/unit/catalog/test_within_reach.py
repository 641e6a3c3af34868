"""What is within reach is what the rules allow, one by one, however grants and owners lie."""

import random

import pytest

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.catalog.hierarchy import GRANTABLE
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import EVERYONE, SYSTEM

K = SecurableKind
KINDS = (K.REGISTERED_MODEL, K.EXPERIMENT, K.SCHEMA)
ASKED = (
    Privilege.EXECUTE, Privilege.READ_EXPERIMENT, Privilege.BROWSE, Privilege.MANAGE, Privilege.USE_SCHEMA,
    Privilege.CREATE_MODEL, Privilege.CREATE_MODEL_VERSION,
)  # fmt: skip
GIVEN = (*ASKED, Privilege.USE_CATALOG, Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.ALL_PRIVILEGES)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_within_reach_is_what_is_allowed(law, seed):
    source = random.Random(seed)
    identities, securables = law.catalog.identities, law.catalog.securables
    identities.create_group(law.admin, "team")
    identities.add_member(law.admin, "team", "bob")
    things = {(K.METASTORE, METASTORE_NAME), (K.CATALOG, "dev"), (K.SCHEMA, "dev.trips")}
    for number in range(3):
        schema = SchemaName("dev", f"s{number}")
        securables.create_schema(law.admin, schema)
        things.add((K.SCHEMA, str(schema)))
        for place in range(3):
            name = f"{schema}.m{place}"
            owner = source.choice(["alice", "alice", "bob", "team"])
            securables.register(SYSTEM, K.REGISTERED_MODEL, name, parent=str(schema), owner=owner)
            securables.register(SYSTEM, K.EXPERIMENT, f"{number}{place}", owner=owner)
            things |= {(K.REGISTERED_MODEL, name), (K.EXPERIMENT, f"{number}{place}")}
    bob = identities.principal("bob")
    everything = sorted(things)
    names = {name for _, name in everything}  # first starts make schemas of their own

    for _ in range(12):
        kind, name = source.choice(everything)
        given = source.choice([each for each in GIVEN if each in GRANTABLE[kind]])
        law.catalog.grants.grant(SYSTEM, source.choice(["bob", "team", EVERYONE]), [given], kind, name)
        for asked in ASKED:
            for kind in KINDS:
                allowed = {name for each, name in everything
                           if each is kind and law.catalog.grants.allows(bob, asked, kind, name)}  # fmt: skip
                assert law.catalog.grants.within_reach(bob, asked, kind) & names == allowed, (asked, kind)


def test_what_was_dropped_is_within_nobodys_reach(law):
    law.make_table()
    law.let("bob", Privilege.USE_CATALOG, Privilege.USE_SCHEMA, Privilege.SELECT)
    assert law.catalog.grants.within_reach(law.bob, Privilege.SELECT, K.TABLE) == {"dev.trips.rides"}

    law.catalog.securables.drop(law.admin, K.TABLE, "dev.trips.rides")

    assert law.catalog.grants.within_reach(law.bob, Privilege.SELECT, K.TABLE) == set()
