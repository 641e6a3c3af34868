"""Who is told about a run: planned when the run is asked for, written down in the transaction that it is about."""
