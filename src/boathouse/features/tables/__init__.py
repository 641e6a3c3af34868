"""Feature tables: what the catalog knows of them, how they are written, listed, opened and read."""
