"""Feature specs: how wishes become a recipe, what it is as text and in the catalog, how a frame gets its features."""
