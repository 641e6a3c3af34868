"""Home: what is in production now, and whether everything is all right."""
