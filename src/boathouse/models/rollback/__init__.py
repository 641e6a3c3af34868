"""Rollback: production goes back to the last champion that still answers, in one command; and the drill of it."""
