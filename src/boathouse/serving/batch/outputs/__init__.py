"""Where predictions go: a governed table, a file in a volume, a database."""
