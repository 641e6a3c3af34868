"""Monitors: all of them, and one with what it has measured."""
