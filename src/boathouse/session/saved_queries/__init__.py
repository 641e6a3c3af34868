"""Queries that people keep, with the plot of their result, and share."""
