"""The system's own figures: what endpoints, jobs and parts did in each minute, kept for a while."""
