"""Online tables in LMDB: in process, with many readers and one writer."""
