"""Who answers instead: the rungs of the ladder, down to a constant."""
