"""Monitors: which tables are watched, how, by whom, and what became of each refresh."""
