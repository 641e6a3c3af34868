"""Chooses the parts and joins them, once per kind of process."""
