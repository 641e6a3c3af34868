"""The point-in-time join: each row of a frame with the values that were known at its instant."""
