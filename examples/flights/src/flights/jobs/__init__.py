"""What the tasks of the three jobs do: read governed tables, call the pure functions, write governed tables."""
