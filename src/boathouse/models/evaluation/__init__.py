"""Evaluating: the rows, what the candidate, the champion and the naive baseline say of them, and metrics over both."""
