"""What was asked and answered: into a journal before the answer leaves, from there into inference tables."""
