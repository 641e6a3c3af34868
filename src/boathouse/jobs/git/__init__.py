"""Code that comes from Git."""
