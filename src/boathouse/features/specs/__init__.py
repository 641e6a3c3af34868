"""Feature specs: how wishes become a recipe, what it is as text and in the catalog, and how it is applied to a frame."""
