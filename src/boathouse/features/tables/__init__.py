"""Feature tables: what the catalog knows of them, how they are written, opened and read."""
