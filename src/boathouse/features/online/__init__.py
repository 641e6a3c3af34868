"""The online store: the latest known values by key, for answers in microseconds."""
