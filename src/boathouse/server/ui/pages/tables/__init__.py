"""One table, section by section."""
