"""What feature tables there are, how fresh they are, where they are published, and who takes their features."""
