"""The kinds of resources that a deployment can bring about, one file each."""

from boathouse.bundles.resources.kind import Change, Existing, Origin, Payload, ResourceKind, changes

__all__ = ["Change", "Existing", "Origin", "Payload", "ResourceKind", "changes"]
