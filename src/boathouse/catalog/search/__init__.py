"""Discovery: finding what there is by name, comment, tag, column, owner; ranked, and only what one may know of."""
