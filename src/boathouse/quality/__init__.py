"""Checks of data: pure functions over a relation that say what is wrong with it, or different from before."""
