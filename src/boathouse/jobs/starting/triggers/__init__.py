"""The ways to start runs, one per file."""
