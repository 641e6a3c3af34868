"""A refresh: which windows have changed, what they look like now, and the commits that say so."""
