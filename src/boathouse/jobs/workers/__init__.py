"""Who works: workers, their names and leases, and what becomes of those that die."""
