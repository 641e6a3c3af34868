"""Batch: a version of a model answers for all rows of a query, into a table, a file or a database."""
