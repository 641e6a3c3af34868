"""What monitors have measured, read for people: over time, beside the baseline, at the last window."""
