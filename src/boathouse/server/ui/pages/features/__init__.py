"""Feature tables: how fresh, where they are published, who takes what, and whether served values are the right ones."""
