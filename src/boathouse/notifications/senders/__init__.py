"""How a message reaches each kind of destination, one per file."""
