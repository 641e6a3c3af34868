"""Streaming: rows are scored as they come, from a table's changes or from a broker."""
