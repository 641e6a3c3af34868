"""Statements that run on behalf of a client elsewhere: in a query process, with results kept for a while."""
