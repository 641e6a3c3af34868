"""Doing it again: repairs of runs that failed, and backfills over a range of instants."""
