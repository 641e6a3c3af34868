"""Online tables in Redis: shared by several machines."""
