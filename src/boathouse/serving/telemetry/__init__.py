"""What the workers count: per endpoint, entity and role, in memory that other processes read."""
