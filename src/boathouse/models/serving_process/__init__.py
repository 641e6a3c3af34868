"""A model in a process of its own, in the environment that it asks for: what both sides of that process share."""
