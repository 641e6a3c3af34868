"""The lineage graph, as people read it."""
