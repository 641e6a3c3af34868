"""Secrets: values that programs need and people should not read, encrypted at rest under a key outside the database."""

from boathouse.catalog.secrets.facts import InvalidSecret, KeyMissing, SecretNotFound, SecretUnreadable
from boathouse.catalog.secrets.keys import FileKeys, GivenKeys, Keys
from boathouse.catalog.secrets.nouns import AclItem, AclPermission, Secret
from boathouse.catalog.secrets.scopes import Scopes
from boathouse.catalog.secrets.vault import Vault

__all__ = [
    "AclItem",
    "AclPermission",
    "FileKeys",
    "GivenKeys",
    "InvalidSecret",
    "KeyMissing",
    "Keys",
    "Scopes",
    "Secret",
    "SecretNotFound",
    "SecretUnreadable",
    "Vault",
]
