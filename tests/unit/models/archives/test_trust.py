"""Administrators say whose archives are taken; this home's own always are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database
from boathouse.models.archives import UnknownSigner
from boathouse.models.archives.keys import HomeKey, fingerprint_of, key_text
from boathouse.models.archives.trust import Trust


@pytest.fixture
def trust(tmp_path: Path) -> Iterator[Trust]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    yield Trust(Catalog(database, home), database, SystemClock(), HomeKey(home.signing_key_file))
    database.dispose()


@pytest.fixture
def partner(tmp_path: Path) -> bytes:
    return HomeKey(tmp_path / "partner.key").public_key


def test_a_key_is_trusted_from_when_it_is_added_until_it_is_removed(trust: Trust, partner: bytes) -> None:
    with pytest.raises(UnknownSigner, match="does not trust"):
        trust.require(partner)
    added = trust.add(SYSTEM, key_text(partner, "partner"))
    assert (added.name, added.fingerprint) == ("partner", fingerprint_of(partner))
    assert trust.require(partner).name == "partner"
    trust.remove(SYSTEM, "partner")
    with pytest.raises(UnknownSigner):
        trust.require(partner)


def test_ones_own_key_is_trusted_and_stays(trust: Trust) -> None:
    own = trust.signers()[0]

    assert trust.require(own.public_key).is_own
    with pytest.raises(NotFound):
        trust.remove(SYSTEM, own.fingerprint)
    with pytest.raises(AlreadyExists):
        trust.add(SYSTEM, trust.own_key(), "me")


def test_who_is_no_administrator_decides_nothing(trust: Trust, partner: bytes) -> None:
    with pytest.raises(Denied, match="administrators"):
        trust.add(Principal("mallory"), key_text(partner, "partner"))
    with pytest.raises(Denied, match="administrators"):
        trust.remove(Principal("mallory"), "partner")


def test_a_key_or_a_name_is_there_once(trust: Trust, partner: bytes, tmp_path: Path) -> None:
    trust.add(SYSTEM, key_text(partner), "partner")
    for key, name in ((partner, "another"), (HomeKey(tmp_path / "third.key").public_key, "partner")):
        with pytest.raises(AlreadyExists):
            trust.add(SYSTEM, key_text(key), name)


@pytest.mark.parametrize("text", ["", "ssh-ed25519 AAAA", "boathouse-ed25519", "boathouse-ed25519 ????", "x" * 10_000])
def test_what_is_no_key_is_said_to_be_none(trust: Trust, text: str) -> None:
    with pytest.raises(InvalidInput, match="no public key"):
        trust.add(SYSTEM, text, "name")


def test_a_key_needs_a_name(trust: Trust, partner: bytes) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        trust.add(SYSTEM, key_text(partner))
