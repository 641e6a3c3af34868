"""What a worker does with a run: its graph, its tasks, their processes."""
