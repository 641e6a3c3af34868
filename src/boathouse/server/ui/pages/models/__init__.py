"""Models: the list, one model, one version, and two versions side by side."""
