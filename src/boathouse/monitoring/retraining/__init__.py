"""Retraining: what may start the training of a model again, what holds it back, and what was decided when, and why."""
