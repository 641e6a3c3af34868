"""Feature specs: the recipe that a model carries, how wishes become one, and how it is applied to a frame."""
